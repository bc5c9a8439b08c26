"""The methods of the Web API, grouped as Slack groups them."""

from playground.methods import chat, conversations, files, identity, reactions, views
from playground.methods.call import METHODS

__all__ = ["METHODS", "chat", "conversations", "files", "identity", "reactions", "views"]
