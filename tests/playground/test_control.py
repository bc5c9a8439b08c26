"""The control API: its documentation, its doors, and what people's words become."""

import urllib.error
import urllib.request

import pytest

from playground import control
from playground.server import application
from playground.user_actions import as_slack_writes
from tests.processes import PATIENCE

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


@pytest.mark.parametrize("path", ["/control/state", "/control/messages", "/page/files/F1"])
def test_pages_of_other_sites_are_refused(workspace, path):
    request = urllib.request.Request(f"{workspace.base_url}{path}", headers={"Sec-Fetch-Site": "cross-site"})
    with pytest.raises(urllib.error.HTTPError, match="403") as caught:
        urllib.request.urlopen(request)
    caught.value.close()


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
