"""The methods of the Web API, grouped as Slack groups them."""

from playground.methods import agents, chat, conversations, files, identity, reactions, views
from playground.methods.call import METHODS

__all__ = ["METHODS", "agents", "chat", "conversations", "files", "identity", "reactions", "views"]
