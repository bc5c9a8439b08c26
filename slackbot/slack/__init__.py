"""Slack: its Web API, events in, messages out, files down and up.

It knows nothing of the model server, and nothing of how jobs run.
It may import slackbot.imaging and what that may import.
"""
