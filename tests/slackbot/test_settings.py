"""The environment and `.env`, read once and checked at once."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from slackbot.errors import SettingsError
from slackbot.limits import Limits
from slackbot.load_settings import Configuration, load, load_for_files
from slackbot.settings import variables
from slackbot.slack.allow_list import AllowList

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("no_settings")
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-secret-1", "SLACK_APP_TOKEN": "xapp-secret-2"}


@pytest.fixture
def loaded(monkeypatch, tmp_path):
    """The configuration of these variables, and of these lines in the file."""

    def configuration(environment: dict[str, str], lines: str = "") -> Configuration:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        (tmp_path / ".env").write_text(lines)
        return load(tmp_path / ".env")

    return configuration


def secret(value: Any) -> str:
    return value.get_secret_value()


def test_two_tokens_are_enough(loaded):
    configuration = loaded(TOKENS)
    settings = configuration.settings

    assert settings.slack_api_url == "https://slack.com/api/"
    assert configuration.endpoint.target == "127.0.0.1:8001"
    assert settings.photos_folder == Path("slackbot.sqlite-photos")
    assert configuration.limits == Limits()


def test_each_database_has_a_folder_for_photos(loaded):
    def folder(url: str) -> Path:
        return loaded({**TOKENS, "DATABASE_URL": url, "WORK_FOLDER": "/data"}).settings.photos_folder

    urls = ["sqlite:///a.sqlite", "sqlite:///b.sqlite", *(f"postgresql://{host}/bot" for host in ("one", "two"))]
    folders = {folder(url) for url in urls}
    assert len(folders) == len(urls)
    assert {one.parent for one in folders} == {Path("/data")}
    assert folder("postgresql+psycopg://bot:secret-3@one/bot") == folder("postgresql://one/bot")


def test_secrets_never_show(loaded):
    configuration = loaded({**TOKENS, "DATABASE_URL": "postgresql://bot:secret-3@host/bot"})

    assert secret(configuration.settings.database_url) == "postgresql://bot:secret-3@host/bot"
    assert "secret-" not in f"{configuration} {configuration!r} {configuration.settings.model_dump()}"


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
        ("DATABASE_URL", "mysql://bot@host/bot"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("ALLOWED_CHANNELS", "#photos"),
        ("LIMIT_FRAMES", "0"),
        ("LIMIT_FRAMES", "1.5"),
        ("LIMIT_TILE", "513"),
        ("LIMIT_TILE_SECONDS", "nan"),
        ("LIMIT_TILE_SECONDS", "inf"),
        ("LIMIT_OVERLAP", "248"),
        *[(name, port) for name in ("HEALTH_PORT", "EVENTS_PORT") for port in ("-1", "65536", "http", "9100.5")],
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(loaded, name, value):
    with pytest.raises(SettingsError, match=rf"^{name}\b[^\n]*\.\)?$") as caught:
        loaded({**TOKENS, name: value})
    assert "secret" not in str(caught.value)


def test_all_mistakes_are_told_at_once(loaded):
    wrong = {
        "SLACK_BOT_TOKEN": "secret-1", "EVENTS_PORT": "x", "ALLOWED_TEAMS": "?", "TRITON_URL": "here",
        "TRITON_TLS_NAME": "there", "LIMIT_FRAMES": "many", "LIMIT_JOBS_AT_ONCE": "0",
    }  # fmt: skip
    with pytest.raises(SettingsError) as caught:
        loaded(wrong, "ALOWED_CHANNELS=C1")

    sentences = str(caught.value).splitlines()
    named = [re.sub(r"\W.*", "", sentence) for sentence in sentences]
    assert named == [
        "ALOWED_CHANNELS", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "EVENTS_PORT", "ALLOWED_TEAMS", "TRITON_URL",
        "TRITON_TLS_", "LIMIT_FRAMES", "LIMIT_JOBS_AT_ONCE",
    ]  # fmt: skip
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ALOWED_CHANNELS", "ALLOWED_CHANNELS"),
        ("ALLOWED_CHANNEL", "ALLOWED_CHANNELS"),
        ("allowed_poeple", "ALLOWED_PEOPLE"),
        ("DENIED_TEAM", "DENIED_TEAMS"),
        ("DATABASE_ULR", "DATABASE_URL"),
        ("EVENT_PORT", "EVENTS_PORT"),
        ("LIMIT_JOBS_WAITNG", "LIMIT_JOBS_WAITING"),
    ],
)
def test_a_misspelt_name_in_the_environment_is_no_setting(loaded, name, meant):
    with pytest.raises(SettingsError) as caught:
        loaded({**TOKENS, name: "secret"})
    assert str(caught.value) == f"{name} in the environment is no setting. Do you mean {meant}?"


def test_what_is_misspelt_beside_its_setting_or_empty_is_left_alone(loaded):
    settings = loaded({**TOKENS, "ALOWED_CHANNELS": "C1", "ALLOWED_CHANNELS": "C2", "DENIED_TEAM": ""}).settings
    assert settings.allow_list == AllowList(channels=frozenset({"C2"}))


OF_OTHERS = """
    ADMIN_PASSWORD ALLOWED_HOSTS ALLOWED_ORIGINS ALLOWED_USERS API_TOKEN BOT_TOKEN COMPOSE_FILE COMPOSE_PROJECT_NAME
    CPU_LIMIT DATABASE_HOST DATABASE_NAME DATABASE_PASSWORD DATABASE_PUBLIC_URL DATABASE_USER GPG_KEY HEALTH_PATH
    HOSTNAME HTTPS_PROXY LOGLEVEL LOGNAME LOG_DIR LOG_FILE MEMORY_LIMIT MEM_LIMIT OTEL_EXPORTER_OTLP_ENDPOINT
    OTEL_LOG_LEVEL POSTGRES_URL REDIS_URL SLACK_API_TOKEN SLACK_APP_ID SLACK_BOT_ID SLACK_BOT_USER_TOKEN SLACK_CHANNEL
    SLACK_CLIENT_KEY SLACK_SIGNING_KEY SLACK_TEAM_ID SLACK_TOKEN SLACK_USER_TOKEN SLACK_WEBHOOK_URL SSL_CERT_FILE
    TOKEN TRITON_ADMIN_KEY TRITON_CACHE_DIR TRITON_SERVER_VERSION WORKDIR WORK_DIR
"""


def test_names_of_other_programs_are_no_misspellings(loaded):
    loaded({**MANY, **dict.fromkeys(OF_OTHERS.split(), "1")})


@pytest.mark.parametrize("service", ["database", "event", "healthz", "kubernetes", "slack-api", "token", "triton"])
def test_names_that_kubernetes_gives_to_services_are_no_misspellings(loaded, service):
    name, address = service.upper().replace("-", "_"), "tcp://10.0.0.1:8001"
    one = f"{name}_PORT_8001_TCP"
    links = {
        f"{name}_SERVICE_HOST": "10.0.0.1", f"{name}_SERVICE_PORT": "8001", f"{name}_SERVICE_PORT_GRPC": "8001",
        f"{name}_PORT": address, one: address, f"{one}_PROTO": "tcp", f"{one}_PORT": "8001", f"{one}_ADDR": "10.0.0.1",
    }  # fmt: skip
    loaded({**TOKENS, **links})


@pytest.mark.parametrize("rest", ["", "...", "…", "xxx-xxxx-xxx", "your-bot-token", "<token>"])
@pytest.mark.parametrize(("name", "prefix"), [("SLACK_BOT_TOKEN", "xoxb-"), ("SLACK_APP_TOKEN", "xapp-")])
def test_a_placeholder_is_called_what_it_is(loaded, name, prefix, rest):
    with pytest.raises(SettingsError, match=f"{name} is a placeholder") as caught:
        loaded({**TOKENS, name: f"{prefix}{rest}"})
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("DATABASE_URL=postgresql://bot:p@host/bot?a=1&b=2", "database_url", "postgresql://bot:p@host/bot?a=1&b=2"),
        ("DATABASE_URL='postgresql://bot:p$a#b@host/bot'", "database_url", "postgresql://bot:p$a#b@host/bot"),
        ('DATABASE_URL="sqlite:///a b.sqlite" # where', "database_url", "sqlite:///a b.sqlite"),
        ("ALLOWED_CHANNELS=C1, C2", "allowed_channels", {"C1", "C2"}),
        ("ALLOWED_CHANNELS='C1 C2'  # two", "allowed_channels", {"C1", "C2"}),
        ("export EVENTS_PORT=8080", "events_port", 8080),
        ("LOG_LEVEL=debug", "log_level", "debug"),
        ("LOG_LEVEL=", "log_level", "info"),
    ],
)
def test_lines_of_the_file_mean_what_they_mean_to_compose(loaded, line, name, value):
    found = getattr(loaded(TOKENS, f"# a comment\n\n{line}\n").settings, name)
    assert (secret(found) if name == "database_url" else found) == value


def test_the_environment_goes_before_the_file(loaded):
    lines = "SLACK_BOT_TOKEN=xoxb-of-the-file\nHEALTH_PORT=1\nLIMIT_FRAMES=7"
    configuration = loaded({"SLACK_APP_TOKEN": "xapp-secret-2", "HEALTH_PORT": "2"}, lines)

    assert secret(configuration.settings.slack_bot_token) == "xoxb-of-the-file"
    assert configuration.settings.health_port == 2
    assert configuration.limits.photo.frames == 7


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "env").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "env")


def test_every_limit_has_a_variable_that_reaches_its_part(loaded):
    names = [name for name in variables() if name.startswith("LIMIT_")]
    wanted = {name: str(500 - index) for index, name in enumerate(names)}
    limits = loaded({**TOKENS, **wanted}).limits

    for name, value in wanted.items():
        field = name.removeprefix("LIMIT_").lower()
        (part,) = [part for part in vars(limits).values() if hasattr(part, field)]
        assert getattr(part, field) == float(value), name


def test_a_signing_secret_stands_in_for_the_app_token(loaded):
    settings = loaded({"SLACK_BOT_TOKEN": "xoxb-secret-1", "SLACK_SIGNING_SECRET": "secret-4" * 4}).settings

    assert (secret(settings.slack_app_token), settings.events_host, settings.events_port) == ("", "127.0.0.1", 3000)
    with pytest.raises(SettingsError, match="SLACK_SIGNING_SECRET is too short"):
        loaded({"SLACK_BOT_TOKEN": "xoxb-secret-1", "SLACK_SIGNING_SECRET": "short"})


MANY = {
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "secret-5",
    "SLACK_SIGNING_SECRET": "secret-4" * 4,
    "TOKEN_KEY": Fernet.generate_key().decode(),
}


def test_a_client_id_stands_in_for_both_tokens(loaded):
    settings = loaded({**MANY, "DENIED_TEAMS": "T1,E1"}).settings

    assert settings.allow_list == AllowList(denied=frozenset({"T1", "E1"}))
    assert "secret-" not in repr(settings)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SLACK_CLIENT_SECRET": ""}, "SLACK_CLIENT_SECRET is missing"),
        ({"SLACK_SIGNING_SECRET": ""}, "SLACK_SIGNING_SECRET is missing"),
        ({"TOKEN_KEY": ""}, "TOKEN_KEY is missing"),
        ({"TOKEN_KEY": "short"}, "TOKEN_KEY must be a key"),
        ({"SLACK_BOT_TOKEN": "xoxb-secret-1"}, "SLACK_BOT_TOKEN and SLACK_CLIENT_ID exclude each other"),
        ({"SLACK_APP_TOKEN": "xapp-secret-2"}, "SLACK_APP_TOKEN and SLACK_CLIENT_ID exclude each other"),
    ],
)
def test_what_is_wrong_with_a_client_id(loaded, change, sentence):
    with pytest.raises(SettingsError, match=sentence) as raised:
        loaded({**MANY, **change})
    assert len(str(raised.value).splitlines()) == 1


def test_allow_lists_are_ids(loaded):
    settings = loaded({**TOKENS, "ALLOWED_CHANNELS": "C1, C2,C3", "ALLOWED_PEOPLE": "U1"}).settings

    assert settings.allow_list == AllowList(channels=frozenset({"C1", "C2", "C3"}), people=frozenset({"U1"}))


def test_the_command_lines_address_goes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("TRITON_URL", "one:1")
    monkeypatch.setenv("MEMORY_LIMIT_MB", "700")

    endpoint, limits, megabytes = load_for_files(tmp_path / ".env", "two:2")
    assert (endpoint.target, limits, megabytes) == ("two:2", Limits(), 700)
    assert load_for_files(tmp_path / ".env")[0].target == "one:1"


def test_the_bot_says_each_mistake_on_a_line_and_ends(tmp_path):
    (tmp_path / "env").write_text("SLACK_BOT_TOKEN=xoxb-...\nHEALTH_PORT=secret\n")
    ended = subprocess.run(
        [sys.executable, "-m", "slackbot", "--env-file", tmp_path / "env"],
        check=False, cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip

    lines = ended.stderr.splitlines()
    assert (ended.returncode, ended.stdout, len(lines)) == (1, "", 3)
    assert all(line.startswith("slackbot: ") for line in lines)
    assert "secret" not in ended.stderr
