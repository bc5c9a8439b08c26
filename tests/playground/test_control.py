"""The control API: its documentation, its doors, and what people's words become."""

import urllib.error
import urllib.request

import pytest

from playground import control
from playground.server import application
from playground.testing.client import PlaygroundClient
from playground.user_actions import as_slack_writes
from tests.processes import PATIENCE, free_port

NAMES = {"enhancer": "UBOT", "ada": "UADA"}


def test_every_route_is_documented_and_every_documented_route_is_there():
    routes = {
        (route.method, route.resource.canonical)
        for route in application("http://127.0.0.1:1").router.routes()
        if route.resource and route.resource.canonical.startswith("/control/") and route.method != "HEAD"
    }
    lines = [
        line.split() for line in (control.__doc__ or "").splitlines() if "/control/" in line and line.startswith("  ")
    ]
    assert {(method, path) for method, path, *_ in lines} == routes


def status(url: str, headers: dict[str, str], method: str = "GET") -> int:
    request = urllib.request.Request(url, b"{}" if method == "POST" else None, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


@pytest.mark.parametrize("path", ["/control/state", "/control/messages", "/page/files/F1", "/api/auth.test"])
def test_pages_of_other_sites_are_refused(workspace, path):
    assert status(f"{workspace.base_url}{path}", {"Sec-Fetch-Site": "cross-site"}) == 403


def test_a_link_to_the_page_is_followed_from_anywhere(workspace):
    assert status(f"{workspace.base_url}/", {"Sec-Fetch-Site": "cross-site"}) == 200


@pytest.mark.parametrize("path", ["/", "/control/state", "/api/auth.test"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:3900", "127.0.0.1.evil.example", "[::2]:3900", "[::1"])
def test_a_name_that_a_page_lets_stand_for_this_machine_is_refused(workspace, path, host):
    assert status(f"{workspace.base_url}{path}", {"Host": host, "Sec-Fetch-Site": "same-origin"}) == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost:1", "127.0.0.1:1", "[::1]:3900"])
def test_this_machine_has_several_names(workspace, host):
    assert status(f"{workspace.base_url}/control/state", {"Host": host}) == 200


def test_a_public_address_is_a_name_as_well():
    port = free_port()
    with PlaygroundClient.start(port, options=("--public-url", "https://slack.example:444")):
        page = f"http://127.0.0.1:{port}/control/state"
        assert [status(page, {"Host": host}) for host in ("slack.example", "evil.example")] == [200, 403]
        at_home = {"Host": "127.0.0.1:1", "Origin": "https://slack.example:444"}
        assert status(f"http://127.0.0.1:{port}/control/reset", at_home, "POST") == 200, "behind a proxy"


@pytest.mark.parametrize("path", ["/control/reset", "/api/auth.test"])
def test_pages_of_other_origins_change_nothing(workspace, path):
    url, here = f"{workspace.base_url}{path}", workspace.base_url
    for origin in ("https://evil.example", "http://127.0.0.1:1", "null"):
        assert status(url, {"Origin": origin}, "POST") == 403
    for own in ({}, {"Origin": here}, {"Origin": "http://localhost:1", "Host": "localhost:1"}):
        assert status(url, own, "POST") == 200


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("@enhancer please", "<@UBOT> please"),
        ("thanks, @Enhancer.", "thanks, <@UBOT>."),
        ("<@UBOT> 2x", "<@UBOT> 2x"),
        ("me@ada.example and @nobody", "me@ada.example and @nobody"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("<!channel> <b>", "<!channel> &lt;b&gt;"),
    ],
)
def test_typed_text_as_slack_stores_it(typed, stored):
    assert as_slack_writes(typed, NAMES) == stored


def test_waiting_ends_with_the_reply_or_a_sentence(workspace, app):
    parent = workspace.post("#photos", "look")
    with pytest.raises(TimeoutError, match=rf"reply 1 did not come within {0.2 * PATIENCE:g} s"):
        workspace.wait_for_replies(parent, 1, seconds=0.2)
    app.chat_postMessage(channel=parent.channel, thread_ts=parent.ts, text="here")
    assert workspace.wait_for_replies(parent)[0].text == "here"
    app.reactions_add(channel=parent.channel, timestamp=parent.ts, name="eyes")
    assert workspace.wait_for_reaction(parent, "eyes").reactions == {"eyes"}


def test_calls_are_written_down_with_their_times(workspace, app):
    app.chat_postMessage(channel="C0PHOTOS01", text="one")
    app.chat_postMessage(channel="C0PHOTOS01", text="two")
    first, second = workspace.calls("chat.postMessage")
    assert first["args"] == {"channel": "C0PHOTOS01", "text": "one"}
    assert first["at"] <= second["at"]
    assert "xoxb" not in str(workspace.calls())


def test_somebody_new_writes_in_public_channels(workspace):
    person = workspace.add_person("Mary")
    message = workspace.post("#photos", "hello", user="mary")
    assert message.data["user"] == person
    assert person in next(one for one in workspace.state()["channels"] if one.get("name") == "photos")["members"]
