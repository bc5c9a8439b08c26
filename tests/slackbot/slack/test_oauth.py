"""What the app asks for when a workspace installs it, and which events say that it is gone."""

import json
from pathlib import Path

import pytest

from slackbot.slack.oauth import SCOPES, authorization_url, is_bot_gone

MANIFEST = json.loads((Path(__file__).parents[3] / "manifest.json").read_text())


def test_the_scopes_are_the_manifests():
    assert list(SCOPES) == MANIFEST["oauth_config"]["scopes"]["bot"]


def test_people_allow_the_app_beside_the_web_api():
    assert authorization_url("https://slack.com/api/") == "https://slack.com/oauth/v2/authorize"


@pytest.mark.parametrize(
    ("event", "gone"),
    [
        ({"type": "app_uninstalled"}, True),
        ({"type": "tokens_revoked", "tokens": {"bot": ["U1"], "oauth": []}}, True),
        ({"type": "tokens_revoked", "tokens": {"bot": [], "oauth": ["U2"]}}, False),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U2"]}}, False),
    ],
)
def test_a_persons_own_token_is_not_the_bots(event, gone):
    assert is_bot_gone(event) is gone
