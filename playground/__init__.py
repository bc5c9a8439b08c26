"""A stand-in Slack workspace, for trying the bot without a Slack account."""
