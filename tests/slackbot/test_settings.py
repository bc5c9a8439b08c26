"""The environment, read once and checked at once."""

from dataclasses import replace
from pathlib import Path

import pytest

from slackbot.errors import SettingsError
from slackbot.inference.endpoint import Endpoint
from slackbot.settings import from_environment
from slackbot.slack.allow_list import AllowList

ROOT = Path(__file__).parents[2]
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-secret-1", "SLACK_APP_TOKEN": "xapp-secret-2"}


def test_two_tokens_are_enough():
    settings = from_environment(TOKENS)

    assert settings.api_url == "https://slack.com/api/"
    assert settings.triton.target == "127.0.0.1:8001"
    assert settings.database_file == Path("slackbot.sqlite")
    assert settings.work_folder == Path("slackbot.sqlite-photos")


def test_secrets_never_show():
    settings = from_environment({**TOKENS, "DATABASE_URL": "postgresql://bot:secret-3@host/bot"})

    assert "secret" not in repr(settings)
    assert "secret" not in str(replace(settings, triton=Endpoint("triton:8001")))
    assert settings.database_file is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", ""),
        ("SLACK_BOT_TOKEN", "xapp-swapped"),
        ("SLACK_APP_TOKEN", " "),
        ("SLACK_APP_TOKEN", "xoxb-swapped"),
        ("SLACK_API_URL", "slack.com"),
        ("SLACK_API_URL", "https://slack.com/api"),
        ("TRITON_URL", "localhost"),
        ("TRITON_URL", "http://localhost:8001"),
        ("TRITON_URL", "localhost:99999"),
        ("DATABASE_URL", "bot.sqlite"),
    ],
)
def test_a_wrong_setting_is_named(name, value):
    with pytest.raises(SettingsError, match=name) as caught:
        from_environment({**TOKENS, name: value})
    assert "secret" not in str(caught.value)


def test_the_sample_names_every_setting_and_no_other():
    lines = (ROOT / ".env.sample").read_text().splitlines()
    named = {
        line.removeprefix("# ").split("=")[0] for line in lines if "=" in line and line.removeprefix("# ")[0].isupper()
    }

    assert named == {
        "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "EVENTS_HOST", "EVENTS_PORT", "SLACK_API_URL",
        "TRITON_URL", "TRITON_TLS_CA",
        "TRITON_TLS_CERT", "TRITON_TLS_KEY", "TRITON_TLS_NAME", "DATABASE_URL", "HEALTH_HOST",
        "HEALTH_PORT", "ALLOWED_TEAMS", "ALLOWED_CHANNELS", "ALLOWED_PEOPLE", "DEBUG",
        "COMPOSE_PROFILES", "TRITON_ADMIN_KEY",  # of docker-compose.yml
    }  # fmt: skip


@pytest.mark.parametrize("name", ["HEALTH_PORT", "EVENTS_PORT"])
@pytest.mark.parametrize("port", ["-1", "65536", "http", "9100.5"])
def test_a_wrong_port_is_named(name, port):
    with pytest.raises(SettingsError, match=name):
        from_environment({**TOKENS, name: port})


def test_a_signing_secret_stands_in_for_the_app_token():
    settings = from_environment({"SLACK_BOT_TOKEN": "xoxb-secret-1", "SLACK_SIGNING_SECRET": "secret-4" * 4})

    assert (settings.app_token, settings.events_host, settings.events_port) == ("", "127.0.0.1", 3000)
    assert "secret" not in repr(settings)
    with pytest.raises(SettingsError, match="SLACK_SIGNING_SECRET is too short"):
        from_environment({"SLACK_BOT_TOKEN": "xoxb-secret-1", "SLACK_SIGNING_SECRET": "short"})


def test_allow_lists_are_ids():
    settings = from_environment({**TOKENS, "ALLOWED_CHANNELS": "C1, C2,C3", "ALLOWED_PEOPLE": "U1"})

    assert settings.allow_list == AllowList(channels=frozenset({"C1", "C2", "C3"}), people=frozenset({"U1"}))
    with pytest.raises(SettingsError, match="ALLOWED_CHANNELS"):
        from_environment({**TOKENS, "ALLOWED_CHANNELS": "#photos"})
