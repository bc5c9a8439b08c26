"""The command: ready line, clean ends, clear sentences."""

import json
import signal
import socket
import subprocess
import sys

import pytest

from playground.testing.client import PlaygroundClient
from tests.processes import PATIENCE


def command(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "playground", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ready_line_and_clean_end(number):
    with command("--port", "0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(number)
        out, error = process.communicate(timeout=PATIENCE * 60)
    assert line.startswith("ready http://127.0.0.1:")
    assert (process.returncode, out, error) == (0, "", "")


def test_port_taken_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken, command("--port", str(taken.getsockname()[1])) as process:
        _, error = process.communicate(timeout=PATIENCE * 60)
    assert process.returncode == 1
    assert error.startswith("Cannot listen on 127.0.0.1:")
    assert error.count("\n") == 1


def test_manifest_sets_what_the_app_may_do(tmp_path):
    manifest = tmp_path / "manifest.json"
    manifest.write_text(
        json.dumps(
            {
                "features": {"shortcuts": [{"type": "message", "callback_id": "go", "name": "Go"}]},
                "oauth_config": {"scopes": {"bot": ["chat:write"]}},
                "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
            }
        )
    )
    with PlaygroundClient.start(manifest=manifest) as workspace:
        settings = workspace.state()["settings"]
    assert (settings["scopes"], settings["events"], settings["shortcuts"]) == (
        ["chat:write"],
        ["app_mention"],
        [["go", "Go"]],
    )


def test_manifest_that_is_none_is_one_sentence(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    for path in (tmp_path / "manifest.json", tmp_path / "missing.json"):
        with command("--manifest", str(path)) as process:
            _, error = process.communicate(timeout=PATIENCE * 60)
        assert process.returncode == 1
        assert error.count("\n") == 1
