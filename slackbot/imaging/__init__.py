"""Pictures: formats, decoding in a sandbox, encoding, animations, comparisons.

Pure pixels: it knows neither Slack nor the model server.
It may import slackbot.errors, slackbot.job and slackbot.limits.
"""
