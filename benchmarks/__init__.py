"""Measurements of the server, the graph and the bot's pixel code: each script writes a page and a CSV file here."""
