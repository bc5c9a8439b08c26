"""docker-compose.yml keeps to the Compose schema and to what an operator may trust. No engine runs here."""

import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import yaml

from export.activation import LOAD_SECONDS
from serving import wheel
from serving.server import Options, environment
from slackbot.settings import OF_COMPOSE, variables
from tests.processes import ROOT

COMPOSE = ROOT / "docker-compose.yml"
ADMIN = (ROOT / "docs" / "admin.md").read_text()
DEFAULTS = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / "deploy" / "compose.env").read_text(), re.MULTILINE))
SERVICES = sorted(yaml.safe_load(COMPOSE.read_text())["services"])
TRITON = ["triton-cpu", "triton-gpu"]
RESTRICTED = {"model-repository", "shared-memory", "trace", "logging"}


def options(service: dict) -> list[str]:
    """The long options of a service's command, by name."""
    return [word for word in service["command"] if word.startswith("--") and word != "--"]


def test_the_file_keeps_to_the_compose_schema():
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened(compose, name: str):
    service = compose["services"][name]
    user, _, _ = service["user"].partition(":")
    assert int(user) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")
    limits = service["deploy"]["resources"]["limits"]
    assert limits["memory"]
    assert limits["pids"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"
    assert not any("docker.sock" in volume for volume in service["volumes"])
    for volume in service["volumes"]:
        source, _, mode = volume.partition(":")
        assert mode.endswith(":ro") or source in compose["volumes"], f"{volume} may be written"


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_built_is_built_from_this_folder(compose, name: str):
    service = compose["services"][name]
    if "build" in service:
        assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_are_folders(compose, name: str):
    """A container that has a single file mounted goes on seeing the old one where `git pull` replaces it."""
    for volume in compose["services"][name]["volumes"]:
        source = volume.split(":")[0]
        assert source in compose["volumes"] or (ROOT / source).is_dir(), source


def test_what_is_published_answers_on_loopback_alone(compose):
    published = {name: service["ports"] for name, service in compose["services"].items() if service.get("ports")}
    assert published == {
        "triton-cpu": ["127.0.0.1:8001:8001"],
        "triton-gpu": ["127.0.0.1:8001:8001"],
        "bot": ["127.0.0.1:9100:9100", "127.0.0.1:3000:3000"],
        "grafana": ["127.0.0.1:3030:3000"],
    }
    said = COMPOSE.read_text().split("name:")[0]
    for name, ports in published.items():
        for port in ports:
            host, _, _ = port.rpartition(":")
            assert f"\n| {host} | " in ADMIN, f"the admin guide does not say what {host} of {name} is"
            assert f"#   {host} " in said, f"the file's head does not say what {host} of {name} is"


def test_the_versions_that_it_needs_are_said():
    needed = re.search(r"Docker Engine \d+ and Compose [\d.]+", COMPOSE.read_text())
    assert needed
    assert needed[0] in ADMIN


def test_what_is_published_listens_there(compose):
    given = compose["services"]["bot"]["environment"]
    assert set(given) - set(OF_COMPOSE) <= set(variables())
    assert (given["HEALTH_HOST"], given["HEALTH_PORT"]) == ("0.0.0.0", "9100")
    assert (given["EVENTS_HOST"], given["EVENTS_PORT"]) == ("0.0.0.0", "3000")
    assert "outside" in compose["services"]["bot"]["networks"], "nothing is published from an internal network alone"


@pytest.mark.parametrize("name", TRITON)
def test_triton_is_reached_by_its_neighbours_and_this_machine_alone(compose, name: str):
    networks = compose["services"][name]["networks"]
    assert networks == {"inference": {"aliases": ["triton"]}, "control": {}}
    assert compose["networks"]["inference"]["internal"] is True
    assert compose["networks"]["control"]["driver_opts"] == {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    assert [each for each, service in compose["services"].items() if "control" in service["networks"]] == TRITON
    assert "inference" in compose["services"]["bot"]["networks"]
    assert DEFAULTS["TRITON_URL"] == "triton:8001"
    assert {"--http-address=127.0.0.1", "--metrics-address=0.0.0.0"} <= set(options(compose["services"][name]))


@pytest.mark.parametrize("name", TRITON)
def test_control_of_triton_needs_the_key(compose, name: str):
    given = dict(option.removeprefix("--").split("=", 1) for option in options(compose["services"][name]))
    for option in ("http-restricted-api", "grpc-restricted-protocol"):
        interfaces, _, key = given[option].partition(":")
        assert set(interfaces.split(",")) == RESTRICTED
        assert key.startswith("admin-key=${TRITON_ADMIN_KEY:?"), "no key, no start"


def test_where_users_of_the_machine_can_read_the_key_it_is_said(compose):
    """A command line is for everybody's eyes. `python -m serving` wipes the key there; nothing in the image does."""
    shown = any("TRITON_ADMIN_KEY" in word for name in TRITON for word in compose["services"][name]["command"])
    for document in ("SECURITY.md", "docs/serving.md"):
        said = re.search(r"In\s+the\s+containers\s+(that|the)\s+key\s+stands\s+in", (ROOT / document).read_text())
        assert bool(said) == shown, document


def test_both_serve_with_the_same_options_under_explicit_control(compose):
    cpu, gpu = (compose["services"][name] for name in TRITON)
    assert cpu["command"] == gpu["command"]
    assert {"--model-control-mode=explicit", "--load-model=enhancer"} < set(options(gpu))


@pytest.mark.parametrize("name", TRITON)
def test_clients_find_a_new_server_within_half_a_minute_and_a_model_is_let_load(compose, name: str):
    given = dict(option.removeprefix("--").split("=", 1) for option in options(compose["services"][name]))
    assert int(given["grpc-max-connection-age"]) <= 30_000
    assert int(given["grpc-max-connection-age-grace"]) >= 1000 * LOAD_SECONDS


def test_the_gpu_has_what_nvidia_asks_for(compose):
    service = compose["services"]["triton-gpu"]
    (device,) = service["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert service["shm_size"]
    assert {"memlock", "stack"} <= set(service["ulimits"])
    cache = re.findall(r'"trt_engine_cache_path" value: "(.*?)"', config())
    assert [volume.split(":")[1] for volume in service["volumes"] if volume.startswith("engines:")] == cache


def config() -> str:
    return (ROOT / "model_repository" / "enhancer" / "config.pbtxt").read_text()


@pytest.mark.parametrize("name", TRITON)
def test_the_genuine_tritonserver_knows_every_option(compose, name: str):
    """The wheel's server is older than the container's, and options are added, not taken away."""
    found = wheel.find()
    known = subprocess.run(
        [found.tritonserver, "--help"],
        env=environment(found, Options(ROOT)),
        capture_output=True,
        text=True,
        check=False,
    )
    for option in options(compose["services"][name]):
        assert f"{option.split('=')[0]} <" in known.stdout + known.stderr


def test_profiles_run_one_triton_or_the_other(compose):
    profiles = {name: service.get("profiles") for name, service in compose["services"].items()}
    assert profiles == {
        "bot": None,
        "triton-gpu": ["gpu"],
        "triton-cpu": ["cpu"],
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
    }


def test_the_sample_of_the_settings_has_what_compose_asks_for():
    """Empty in the sample, the key stops `docker compose up` with its own sentence until it is chosen."""
    asked = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()))
    sample = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / ".env.sample").read_text(), re.MULTILINE))
    assert asked == {"TRITON_ADMIN_KEY"}
    assert sample["TRITON_ADMIN_KEY"] == ""
    assert sample["COMPOSE_PROFILES"] == "cpu", "what runs everywhere is the default"


def test_what_is_set_for_the_bot_asks_the_settings_first_and_never_the_operators_shell(compose):
    """Of the files the last counts. `environment` goes before them: a value there would silently undo what an operator
    wrote in .env, and `${NAME:-…}` takes what the shell has for `make bot` before either."""
    bot = compose["services"]["bot"]
    assert bot["env_file"] == ["deploy/compose.env", ".env"]
    assert set(bot["environment"]) - set(OF_COMPOSE) == {"HEALTH_HOST", "HEALTH_PORT", "EVENTS_HOST", "EVENTS_PORT"}
    assert "$" not in str(bot["environment"])
    volumes = [volume.split(":")[1] for volume in bot["volumes"]]
    assert DEFAULTS["DATABASE_URL"] == f"sqlite:///{volumes[0]}/bot.sqlite"
    assert set(DEFAULTS) <= set(variables())


def test_secrets_reach_those_alone_who_use_them(compose):
    """The password in DATABASE_URL and the key of Triton; INFERENCE is none.

    Slack's come by `env_file`, which the bot alone has."""
    told = {
        name: {*re.findall(r"\$\{(\w+)", str(service)), *(["every setting"] if "env_file" in service else [])}
        for name, service in compose["services"].items()
    }
    assert told == {
        "triton-cpu": {"TRITON_ADMIN_KEY", "INFERENCE"},
        "triton-gpu": {"TRITON_ADMIN_KEY"},
        "bot": {"every setting"},
        "prometheus": set(),
        "grafana": set(),
    }


@pytest.fixture(scope="module")
def healthy() -> Iterator[str]:
    """HOST:PORT of a server that answers 200 to everything, and 503 for /ill."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if self.path == "/ill" else 200)
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None: ...  # pyright: ignore[reportIncompatibleMethodOverride]

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("name", SERVICES)
def test_a_health_check_asks_past_a_proxy(compose, healthy: str, name: str):
    _, program, *arguments = compose["services"][name]["healthcheck"]["test"]
    found = sys.executable if program == "python" else shutil.which(program)
    if not found:
        pytest.skip(f"{program} is not installed")
    proxy = {**os.environ, "http_proxy": "http://127.0.0.1:9", "no_proxy": ""}

    def ask(page: str) -> int:
        told = [re.sub(r"http://127\.0\.0\.1:\d+/[\w/-]+", f"http://{healthy}{page}", each) for each in arguments]
        assert told != arguments
        return subprocess.run([found, *told], env=proxy, capture_output=True, check=False).returncode

    assert ask("/well") == 0
    assert ask("/ill") != 0
