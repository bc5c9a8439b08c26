"""The Web API as the real SDK sees it: answers, errors, rights and limits."""

import json
import time
import urllib.request

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

PHOTOS, PERSON = "C0PHOTOS01", "U0ADA00001"


def refused(call, *args, **kwargs):
    """The body of the error that a call gets."""
    with pytest.raises(SlackApiError) as caught:
        call(*args, **kwargs)
    return caught.value.response


def test_auth_test(app, workspace):
    answer = app.auth_test()
    assert answer["user_id"] == workspace.bot_user
    assert answer["bot_id"] == "B0ENHANCER"
    assert "chat:write" in answer.headers["X-OAuth-Scopes"].split(",")


@pytest.mark.parametrize(
    ("token", "method", "error"),
    [
        (None, "auth.test", "not_authed"),
        ("xoxb-wrong", "auth.test", "invalid_auth"),
        ("xapp-playground", "auth.test", "not_allowed_token_type"),
        ("xoxb-playground", "apps.connections.open", "not_allowed_token_type"),
        ("xoxb-playground", "chat.shout", "unknown_method"),
    ],
)
def test_tokens(workspace, token, method, error):
    assert refused(WebClient(token, base_url=workspace.api_url).api_call, method)["error"] == error


def test_missing_scope_names_what_is_needed(app, workspace):
    workspace.set(scopes=["files:write"])
    answer = refused(app.chat_postMessage, channel=PHOTOS, text="hi")
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "chat:write", "files:write")
    assert refused(app.conversations_history, channel=PHOTOS)["needed"] == "channels:history"


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C404", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": PHOTOS}, "no_text"),
        ("chat.postMessage", {"channel": PHOTOS, "text": "x" * 40_001}, "msg_too_long"),
        ("chat.postMessage", {"channel": PHOTOS, "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ("chat.postMessage", {"channel": PHOTOS, "text": "x", "thread_ts": "soon"}, "invalid_thread_ts"),
        ("chat.postMessage", {"channel": PHOTOS, "blocks": [{"type": "shout"}]}, "invalid_blocks"),
        ("chat.postMessage", {"channel": PHOTOS, "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ("chat.delete", {"channel": PHOTOS, "ts": "1.000001"}, "message_not_found"),
        ("chat.postEphemeral", {"channel": PHOTOS, "user": "U404", "text": "x"}, "user_not_in_channel"),
        ("reactions.add", {"channel": PHOTOS, "timestamp": "1.000001", "name": "eyes"}, "message_not_found"),
        ("reactions.add", {"channel": PHOTOS, "name": "eyes"}, "no_item_specified"),
        ("reactions.add", {"channel": PHOTOS, "timestamp": "1.000001", "name": "Not a name"}, "invalid_name"),
        ("conversations.replies", {"channel": PHOTOS, "ts": "1.000001"}, "thread_not_found"),
        ("conversations.history", {"channel": "#photos"}, "channel_not_found"),
        ("files.info", {"file": "F404"}, "file_not_found"),
        ("files.delete", {"file": "F404"}, "file_not_found"),
        ("views.publish", {"user_id": PERSON, "view": {"type": "modal"}}, "invalid_arguments"),
    ],
)
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_errors_are_slacks(app, method, args, error, encoding):
    if encoding == "form":
        args = {key: json.dumps(value) if isinstance(value, dict | list) else value for key, value in args.items()}
    assert refused(app.api_call, method, **{"json" if encoding == "json" else "params": args})["error"] == error


def test_app_outside_a_channel(app, workspace):
    public = workspace.add_channel("elsewhere", app_is_member=False)
    private = workspace.add_channel("secret", private=True, app_is_member=False)
    assert refused(app.chat_postMessage, channel=public, text="x")["error"] == "not_in_channel"
    assert refused(app.chat_postMessage, channel=private, text="x")["error"] == "channel_not_found"
    workspace.set_member(private, workspace.bot_user)
    assert app.chat_postMessage(channel=private, text="x")["ok"]


def test_a_thread_from_post_to_replies(app, workspace):
    parent = workspace.post("#photos", "look")
    reply = app.chat_postMessage(channel=PHOTOS, text="nice", thread_ts=parent.ts)
    assert reply["message"]["thread_ts"] == parent.ts
    assert reply["message"]["bot_id"] == "B0ENHANCER"
    messages = app.conversations_replies(channel=PHOTOS, ts=parent.ts)["messages"]
    assert [one["text"] for one in messages] == ["look", "nice"]
    assert (messages[0]["reply_count"], messages[0]["reply_users"]) == (1, [workspace.bot_user])
    (top,) = app.conversations_history(channel=PHOTOS)["messages"]
    assert (top["ts"], top["latest_reply"]) == (parent.ts, reply["ts"])
    workspace.delete(parent)
    assert [one.text for one in workspace.messages()] == ["This message was deleted.", "nice"]
    app.chat_delete(channel=PHOTOS, ts=reply["ts"])
    assert refused(app.chat_delete, channel=PHOTOS, ts=reply["ts"])["error"] == "message_not_found"


def test_the_app_changes_its_own_messages_alone(app, workspace):
    theirs = workspace.post("#photos", "mine")
    assert refused(app.chat_delete, channel=PHOTOS, ts=theirs.ts)["error"] == "cant_delete_message"


def test_reactions(app, workspace):
    message = workspace.post("#photos", "look")
    target = {"channel": PHOTOS, "timestamp": message.ts}
    app.reactions_add(name="eyes", **target)
    assert refused(app.reactions_add, name="eyes", **target)["error"] == "already_reacted"
    workspace.react(message, "eyes")
    assert workspace.messages()[-1].data["reactions"] == [
        {"name": "eyes", "users": [workspace.bot_user, PERSON], "count": 2}
    ]
    app.reactions_remove(name="eyes", **target)
    assert refused(app.reactions_remove, name="eyes", **target)["error"] == "no_reaction"


def test_history_comes_in_pages(app, workspace):
    for number in range(5):
        workspace.post("#photos", f"{number}")
    pages = [[one["text"] for one in page["messages"]] for page in app.conversations_history(channel=PHOTOS, limit=2)]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]


def test_status_ends_with_the_reply(app, workspace):
    parent = workspace.post("#photos", "look")
    app.assistant_threads_setStatus(channel_id=PHOTOS, thread_ts=parent.ts, status="is enhancing")
    assert workspace.state()["statuses"][0]["status"] == "is enhancing"
    app.chat_postMessage(channel=PHOTOS, text="done", thread_ts=parent.ts)
    assert workspace.state()["statuses"] == []


def test_json_that_is_none(workspace):
    request = urllib.request.Request(f"{workspace.api_url}chat.postMessage", b"{", {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        assert json.load(response) == {"ok": False, "error": "invalid_json"}


def test_rate_limits_are_enforced_when_asked(app, workspace):
    workspace.set(enforce_rate_limits=True)
    for _ in range(3):
        app.chat_postMessage(channel=PHOTOS, text="quick")
    answer = refused(app.chat_postMessage, channel=PHOTOS, text="too quick")
    assert (answer.status_code, answer["error"], answer.headers["Retry-After"]) == (429, "ratelimited", "1")
    app.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    assert app.chat_postMessage(channel=PHOTOS, text="patient")["ok"]
    assert [one["status"] for one in workspace.calls("chat.postMessage")] == [200, 200, 200, 429, 429, 200]


def test_failures_on_order(app, workspace):
    workspace.inject_fault("chat.postMessage", "rate_limited", retry_after=7)
    answer = refused(app.chat_postMessage, channel=PHOTOS, text="x")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    workspace.inject_fault("*", "server_error", times=2)
    for _ in range(2):
        assert refused(app.auth_test).status_code == 500
    workspace.inject_fault("chat.postMessage", "error", error="internal_error")
    assert refused(app.chat_postMessage, channel=PHOTOS, text="x")["error"] == "internal_error"
    workspace.inject_fault("chat.postMessage", "slow", seconds=0.3)
    before = time.monotonic()
    assert app.chat_postMessage(channel=PHOTOS, text="only this came")["ok"]
    assert time.monotonic() - before >= 0.3
    assert [one.text for one in workspace.messages()] == ["only this came"]


def test_a_lost_answer_is_work_done(app, workspace):
    app.retry_handlers.clear()
    workspace.inject_fault("chat.postMessage", "lost_answer")
    with pytest.raises((ConnectionError, OSError)):
        app.chat_postMessage(channel=PHOTOS, text="did it come?")
    assert [one.text for one in workspace.messages()] == ["did it come?"]
