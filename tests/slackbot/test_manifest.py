"""The manifest against what the code uses."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MANIFEST = json.loads((ROOT / "manifest.json").read_text())

SCOPES = {
    "chat_postMessage": {"chat:write"},
    "conversations_replies": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "files_info": {"files:read"},
    "files_getUploadURLExternal": {"files:write"},
    "files_completeUploadExternal": {"files:write"},
    "reactions_add": {"reactions:write"},
    "reactions_remove": {"reactions:write"},
    "auth_test": set(),
}


def test_the_scopes_are_those_that_the_calls_and_events_need():
    calls = set(re.findall(r"self\._client\.(\w+)", (ROOT / "slackbot" / "slack.py").read_text()))
    assert calls == set(SCOPES)
    needed = {"app_mentions:read"}.union(*(SCOPES[call] for call in calls))

    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed


def test_socket_mode_and_the_events_of_both_ways_in():
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert set(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) == {
        "app_mention",
        "message.channels",
        "message.groups",
        "message.im",
        "message.mpim",
    }
    assert MANIFEST["features"]["bot_user"]["display_name"] == "enhancer"
