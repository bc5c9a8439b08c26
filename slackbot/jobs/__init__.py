"""Durable jobs: queues in a database, the steps of a job, and what is remembered beside them.

Here a message becomes a photo and a photo becomes a reply.
It may import slackbot.slack, slackbot.inference, slackbot.imaging and slackbot.ops.
"""
