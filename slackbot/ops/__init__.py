"""For whoever runs the bot: health, metrics, signals, and logs without secrets.

It knows nothing of photos or of Slack.
It may import slackbot.errors alone.
"""
