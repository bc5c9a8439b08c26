"""Slack: its Web API, events in, messages out, files down and up.

It knows nothing of the model server, and nothing of how jobs run.
It may import slackbot.imaging, slackbot.ops and what those may import.
"""
