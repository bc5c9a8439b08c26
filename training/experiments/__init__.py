"""Comparisons that decided what the generator is, with their tables."""
