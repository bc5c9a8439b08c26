"""Socket Mode with the real Bolt and its builtin client."""

import threading
from typing import Any

import pytest
from slack_bolt import App


class Listener:
    """A Bolt app that remembers what it hears."""

    def __init__(self, workspace: Any) -> None:
        from slack_sdk import WebClient

        self.app = App(client=WebClient(workspace.bot_token, base_url=workspace.api_url), token=workspace.bot_token)
        self.heard: list[dict[str, Any]] = []
        self.app.event("app_mention")(self._hear)
        self.app.event("message")(self._hear)
        self.app.event({"type": "message", "subtype": "file_share"})(self._hear)
        self.app.event("file_shared")(self._hear)

    def _hear(self, body: dict[str, Any]) -> None:
        self.heard.append(body)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [body for body in self.heard if body["event"]["type"] == kind]


@pytest.fixture
def listener(workspace):
    return Listener(workspace)


def acknowledged(count):
    """A condition: so many deliveries were acknowledged."""
    return lambda w: len([d for d in w.deliveries() if d["acknowledged_at"]]) >= count


def test_mention_with_a_photo_is_heard_three_ways(workspace, bolt, listener, photo):
    bolt(listener.app)
    posted = workspace.post("#photos", "@enhancer sharpen <this> & that", files=[("Cat 1.jpg", photo)])
    workspace.wait_for(acknowledged(3))
    workspace.wait_for(lambda _: len(listener.heard) == 3, 5)

    (mention,), (message,), (shared,) = (listener.of(kind) for kind in ("app_mention", "message", "file_shared"))
    assert posted.text == f"<@{workspace.bot_user}> sharpen &lt;this&gt; &amp; that"
    assert mention["event"]["text"] == message["event"]["text"] == posted.text
    assert mention["event"]["ts"] == message["event"]["ts"] == posted.ts
    assert message["event"]["subtype"] == "file_share"
    assert message["event"]["channel_type"] == "channel"
    assert shared["event"]["file_id"] == posted.files[0]["id"]
    assert mention["authorizations"][0]["user_id"] == workspace.bot_user
    assert len({body["event_id"] for body in listener.heard}) == 3
    (file,) = mention["event"]["files"]
    assert (file["name"], file["mimetype"], file["size"]) == ("Cat 1.jpg", "image/jpeg", len(photo))
    assert (file["original_w"], file["original_h"]) == (96, 64)


@pytest.mark.parametrize(("how", "mentions", "with_files"), [("without", 1, False), ("no_event", 0, False)])
def test_mention_may_lack_its_files_or_not_come(workspace, bolt, listener, photo, how, mentions, with_files):
    workspace.set(mention_files=how)
    bolt(listener.app)
    workspace.post("#photos", f"<@{workspace.bot_user}>", files=[("a.jpg", photo)])
    workspace.wait_for(lambda w: acknowledged(2 + mentions)(w) and len(listener.heard) == 2 + mentions)
    assert len(listener.of("app_mention")) == mentions
    assert all(("files" in body["event"]) == with_files for body in listener.of("app_mention"))
    assert listener.of("message")[0]["event"]["files"]


def test_direct_message_is_no_mention(workspace, bolt, listener):
    bolt(listener.app)
    workspace.post("U0ADA00001", f"<@{workspace.bot_user}> hello")
    workspace.wait_for(lambda _: listener.heard)
    workspace.wait_for(acknowledged(1))
    assert [body["event"]["channel_type"] for body in listener.heard] == ["im"]


def test_app_outside_the_channel_hears_nothing(workspace, bolt, listener):
    workspace.add_channel("elsewhere", app_is_member=False)
    bolt(listener.app)
    workspace.post("#elsewhere", "@enhancer hello")
    workspace.post("#photos", "hello")
    workspace.wait_for(acknowledged(1))
    assert [event["event"]["text"] for event in workspace.events()] == ["hello"]


def test_unacknowledged_event_comes_again_with_the_same_id(workspace, bolt, listener):
    workspace.set(acknowledge_within=0.3, redeliver_after=[0, 0.1, 0.1])
    workspace.inject_fault("socket", "refuse_acknowledgement", times=2)
    bolt(listener.app)
    workspace.post("#photos", "hello")
    workspace.wait_for(acknowledged(1))
    deliveries = workspace.deliveries("message")
    assert [one["attempt"] for one in deliveries] == [0, 1, 2]
    assert [bool(one["acknowledged_at"]) for one in deliveries] == [False, False, True]
    assert len({one["event_id"] for one in deliveries}) == 1
    assert len({one["envelope_id"] for one in deliveries}) == 3


def test_event_that_no_listener_takes_is_given_up_after_the_last_attempt(workspace, bolt, listener):
    workspace.set(acknowledge_within=0.2, redeliver_after=[0, 0.1])
    bolt(App(client=listener.app.client, token=workspace.bot_token))
    workspace.post("#photos", "nobody listens")
    workspace.wait_for(lambda w: w.changes("given_up"), 10)
    assert len(workspace.deliveries()) == 3
    assert not any(one["acknowledged_at"] for one in workspace.deliveries())


def test_event_delivered_again_five_times_at_once(workspace, bolt, listener):
    bolt(listener.app)
    workspace.post("#photos", "hello")
    workspace.wait_for(acknowledged(1))
    workspace.redeliver(workspace.events("message")[0]["event_id"], times=5)
    workspace.wait_for(acknowledged(6))
    workspace.wait_for(lambda _: len(listener.heard) == 6, 5)
    assert len({body["event_id"] for body in listener.heard}) == 1


def test_events_spread_over_connections(workspace, bolt, listener):
    bolt(listener.app)
    bolt(listener.app)
    for number in range(30):
        workspace.post("#photos", f"message {number}")
    workspace.wait_for(acknowledged(30))
    assert len({one["connection"] for one in workspace.deliveries()}) == 2


@pytest.mark.parametrize("abruptly", [False, True])
def test_app_reconnects(workspace, bolt, listener, abruptly):
    bolt(listener.app)
    (before,) = workspace.connections()
    assert workspace.disconnect("refresh_requested", abruptly=abruptly) == 1
    workspace.wait_for(lambda w: w.connections() and all(c["id"] != before["id"] for c in w.connections()), 20)
    workspace.post("#photos", "still there?")
    workspace.wait_for(acknowledged(1))


def test_event_survives_a_socket_that_closes_under_it(workspace, bolt, listener):
    workspace.set(redeliver_after=[0.1, 0.1])
    bolt(listener.app)
    workspace.inject_fault("socket", "close")
    workspace.post("#photos", "hello")
    workspace.wait_for(acknowledged(1))
    workspace.wait_for(lambda _: len(listener.heard) == 1, 5)


# The SDK leaves the socket of a refused handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_app_comes_back_after_refused_handshakes(workspace, bolt, listener):
    bolt(listener.app)
    (before,) = workspace.connections()
    workspace.inject_fault("socket", "refuse_connection")
    workspace.disconnect(abruptly=True)
    workspace.wait_for(lambda w: [c for c in w.connections() if c["id"] != before["id"]], 20)
    assert len(workspace.calls("apps.connections.open")) >= 2


def test_event_waits_for_the_app(workspace, bolt, listener):
    workspace.post("#photos", "before the app came")
    bolt(listener.app)
    workspace.wait_for(acknowledged(1))


def test_button_click_and_response_url(workspace, bolt, listener):
    clicked = threading.Event()

    @listener.app.action("again")
    def again(ack, body, respond):
        ack()
        respond(
            text=f"{body['user']['username']} chose {body['actions'][0]['value']}",
            response_type="ephemeral",
            replace_original=False,
        )
        clicked.set()

    bolt(listener.app)
    button = {
        "type": "button",
        "action_id": "again",
        "value": "2x",
        "text": {"type": "plain_text", "text": "2x instead"},
    }
    listener.app.client.chat_postMessage(
        channel="C0PHOTOS01", text="done", blocks=[{"type": "actions", "elements": [button]}]
    )
    (message,) = workspace.messages()
    assert workspace.click(message, "again")
    assert clicked.wait(5)
    assert workspace.ephemerals()[0]["text"] == "ada chose 2x"
    assert workspace.ephemerals()[0]["to"] == "U0ADA00001"


def test_a_message_shortcut_reaches_the_app(workspace, bolt, listener):
    used = threading.Event()

    @listener.app.shortcut("enhance_photos")
    def shortcut(ack, body):
        ack()
        assert body["message"]["text"] == "hello"
        used.set()

    bolt(listener.app)
    assert workspace.shortcut(workspace.post("#photos", "hello"), "enhance_photos")
    assert used.wait(5)


def test_app_home_is_published_when_it_is_opened(workspace, bolt, listener):
    @listener.app.event("app_home_opened")
    def opened(event, client):
        text = {"type": "mrkdwn", "text": "*Welcome*"}
        button = {"type": "button", "action_id": "refresh", "text": {"type": "plain_text", "text": "Refresh"}}
        client.views_publish(
            user_id=event["user"],
            view={"type": "home", "blocks": [{"type": "section", "text": text, "accessory": button}]},
        )

    @listener.app.action("refresh")
    def refresh(ack):
        ack()

    bolt(listener.app)
    assert workspace.open_home() is None
    home = workspace.wait_for(lambda w: w.state()["homes"].get("U0ADA00001"), 5)
    assert home["blocks"][0]["text"]["text"] == "*Welcome*"
    assert workspace.click_home("refresh")


def test_slash_command(workspace, bolt, listener):
    listener.app.command("/enhance")(lambda ack, body: ack(f"got {body['text']}"))
    bolt(listener.app)
    assert workspace.command("#photos", "/enhance", "2x")
    assert workspace.deliveries("slash_commands")[0]["response"] == {"text": "got 2x"}


def test_deleting_and_editing_are_events(workspace, bolt, listener):
    listener.app.event({"type": "message", "subtype": "message_deleted"})(listener._hear)
    listener.app.event({"type": "message", "subtype": "message_changed"})(listener._hear)
    bolt(listener.app)
    message = workspace.post("#photos", "frist")
    workspace.edit(message, "first")
    workspace.delete(message)
    workspace.wait_for(acknowledged(3))
    _, changed, deleted = sorted((event["event"] for event in workspace.events("message")), key=lambda e: e["ts"])
    assert (changed["subtype"], changed["message"]["text"], changed["previous_message"]["text"]) == (
        "message_changed",
        "first",
        "frist",
    )
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", message.ts)
    assert workspace.message(message) is None
