"""For tests and scripts: a client of the playground's control API, and a headless browser for its page."""
