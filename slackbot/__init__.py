"""The Slack bot."""

__version__ = "0.1.0"
"""Of the whole project; pyproject.toml reads it here."""
