"""The model server: tiles of a photo go to Triton over gRPC and come back enlarged.

Without the server a photo is enlarged with bicubic interpolation.
It may import slackbot.imaging and what that may import; nothing of Slack.
"""
