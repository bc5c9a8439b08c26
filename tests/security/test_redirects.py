"""Slack's own server is not believed either: what leads elsewhere is not followed, with the token or without."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from prometheus_client import REGISTRY

from slackbot.limits import SlackLimits
from slackbot.slack.client import Slack, web_client
from slackbot.slack.errors import DownloadError, SlackRefused, SlackUnavailable

TOKEN = "xoxb-1-secret"
TEMPORARY, PERMANENT = (301, 302, 303), (307, 308)


@dataclass
class Web:
    """An HTTP server that writes down what it was asked, and answers by `answers`: path -> status, headers, body."""

    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def start(self) -> ThreadingHTTPServer:
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                web.asked.append((self.command, self.path, self.headers.get("Authorization") or ""))
                status, headers, body = web.answers.get(self.path, (200, {}, b'{"ok": true}'))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002, ARG002
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.address = f"http://127.0.0.1:{server.server_port}"
        return server


@pytest.fixture
def webs() -> Iterator[tuple[Web, Web]]:
    """Slack, and a host that is none of its."""
    two = Web(), Web()
    servers = [web.start() for web in two]
    yield two
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def slack(webs) -> Slack:
    api = f"{webs[0].address}/api/"
    limits = SlackLimits()
    return Slack(web_client(TOKEN, api, limits), api, limits)


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("enhancer_refused_total", {"reason": reason}) or 0.0


@pytest.mark.parametrize("status", TEMPORARY + PERMANENT)
def test_no_call_of_the_web_api_takes_the_token_elsewhere(webs, slack, status):
    ours, other = webs
    for method in ("auth.test", "files.info", "chat.postMessage"):
        ours.answers[f"/api/{method}"] = (status, {"Location": f"{other.address}/steal"}, b"")
    for call in (slack.who_am_i, lambda: slack.file("F1"), lambda: slack.post_message("C1", "1.1", "hello")):
        with pytest.raises((SlackUnavailable, SlackRefused)):
            call()
    assert other.asked == []
    assert {token for _, _, token in ours.asked} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("status", TEMPORARY + PERMANENT)
def test_an_upload_goes_nowhere_else_and_is_not_taken_for_done(webs, slack, tmp_path, status):
    ours, other = webs
    place = {"ok": True, "upload_url": f"{ours.address}/upload", "file_id": "F1"}
    ours.answers["/api/files.getUploadURLExternal"] = (200, {}, json.dumps(place).encode())
    ours.answers["/upload"] = (status, {"Location": f"{other.address}/steal"}, b"")
    (tmp_path / "photo").write_bytes(b"a photo of somebody")
    before = refused("redirect")

    with pytest.raises(SlackRefused) as refusal:
        slack.upload(tmp_path / "photo", "cat.png", "a cat")

    assert str(refusal.value) == "Slack led me elsewhere with the result, and I do not go there."
    assert other.asked == []
    assert refused("redirect") == before + 1


def test_an_upload_to_another_host_is_not_even_tried(webs, slack, tmp_path):
    ours, other = webs
    place = {"ok": True, "upload_url": f"{other.address}/upload", "file_id": "F1"}
    ours.answers["/api/files.getUploadURLExternal"] = (200, {}, json.dumps(place).encode())
    (tmp_path / "photo").write_bytes(b"a photo of somebody")
    before = refused("address")
    with pytest.raises(SlackRefused):
        slack.upload(tmp_path / "photo", "cat.png", "a cat")
    assert other.asked == []
    assert refused("address") == before + 1


@pytest.mark.parametrize("status", TEMPORARY + PERMANENT)
def test_an_answer_to_a_click_is_not_led_elsewhere(webs, slack, status):
    ours, other = webs
    ours.answers["/answer"] = (status, {"Location": f"{other.address}/steal"}, b"")
    with pytest.raises((SlackUnavailable, SlackRefused)):
        slack.respond(f"{ours.address}/answer", "hello")
    assert other.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "{other}/answer",
        "http://169.254.169.254/latest/meta-data/",
        "http://hooks.slack.com/actions/T1/1/x",
        "https://hooks.slack.com.evil.example/actions/T1/1/x",
        "https://hooks.slack.com@evil.example/actions/T1/1/x",
        "https://files.slack.com/actions/T1/1/x",
        "file:///etc/passwd",
    ],
)
def test_an_answer_to_a_click_goes_to_slack_alone(webs, slack, url):
    other = webs[1]
    before = refused("address")
    with pytest.raises(SlackRefused):
        slack.respond(url.format(other=other.address), "hello")
    assert other.asked == []
    assert refused("address") == before + 1


def test_a_download_that_leaves_slack_is_counted(webs, slack, tmp_path):
    ours, other = webs
    ours.answers["/file"] = (302, {"Location": f"{other.address}/steal"}, b"")
    before = refused("address")
    with pytest.raises(DownloadError):
        slack.download(f"{ours.address}/file", tmp_path / "photo", 1000)
    assert other.asked == []
    assert refused("address") == before + 1
