"""The manifest against what the code uses: every right has its use, and every use its right."""

import json
import re
from pathlib import Path

from slackbot.slack.listeners import SHORTCUT

ROOT = Path(__file__).parents[3]
MANIFEST = json.loads((ROOT / "manifest.json").read_text())
SOURCES = {path.name: path.read_text() for path in (ROOT / "slackbot" / "slack").glob("*.py")}

# What works only where somebody declares the app an agent: docs/slack.md says how.
AGENT = {"agents_sessions_setStatus", "assistant_threads_setSuggestedPrompts"}
SCOPES = {
    "assistant_threads_setStatus": {"chat:write"},
    "auth_test": set(),
    "chat_delete": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations_replies": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "files_completeUploadExternal": {"files:write"},
    "files_delete": {"files:write"},
    "files_getUploadURLExternal": {"files:write"},
    "files_info": {"files:read"},
    "reactions_add": {"reactions:write"},
    "reactions_remove": {"reactions:write"},
    "views_publish": set(),
}
EVENTS = {
    "app_home_opened": ({"app_home_opened"}, set()),
    "app_mention": ({"app_mention"}, {"app_mentions:read"}),
    # The `message` of requests.py: in every sort of conversation. Their scopes are those of reading a thread.
    "message": ({"message.channels", "message.groups", "message.im", "message.mpim"}, set()),
}


def test_the_scopes_are_those_that_the_calls_events_and_shortcuts_need():
    calls = set(re.findall(r"self\._client\.(\w+)", SOURCES["client.py"]))
    assert calls == {*SCOPES, *AGENT}
    needed = set().union(*SCOPES.values(), *(scopes for _, scopes in EVENTS.values()), {"commands"})

    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed


def test_slack_is_called_in_one_file_only():
    for path in (ROOT / "slackbot").rglob("*.py"):
        calls = re.search(r"client\.(chat|files|views|reactions|conversations)_", path.read_text())
        assert path.name == "client.py" or not calls, path


def test_the_events_are_those_that_the_code_looks_for():
    looked_for = set(
        re.findall(r'"(app_mention|app_home_opened|message)"', SOURCES["requests.py"] + SOURCES["listeners.py"])
    )
    assert looked_for == set(EVENTS)

    subscribed = set().union(*(names for names, _ in EVENTS.values()))
    assert set(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) == subscribed


def test_the_shortcut_the_home_and_the_buttons_are_switched_on():
    (shortcut,) = MANIFEST["features"]["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"], shortcut["name"]) == ("message", SHORTCUT, "Enhance photos")
    assert MANIFEST["settings"]["interactivity"] == {"is_enabled": True}
    assert MANIFEST["features"]["app_home"]["home_tab_enabled"] is True
    assert MANIFEST["features"]["app_home"]["messages_tab_enabled"] is True


def test_socket_mode_and_the_name_to_mention():
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert MANIFEST["features"]["bot_user"]["display_name"] == "enhancer"
