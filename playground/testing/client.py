"""The tests' way into the playground: starts it as a process of its own, and speaks its control API.

with PlaygroundClient.start() as workspace:
    message = workspace.post("#photos", "<@UBOT> please", files=[("cat.jpg", content)])
    thread = workspace.wait_for_replies(message, 1)
    workspace.inject_fault("chat.postMessage", "rate_limited", retry_after=2)
"""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from playground.child_process import NotStartedError, child
from playground.multipart import Upload, form
from playground.seed import APP_TOKEN, BOT_TOKEN, BOT_USER
from playground.testing.control_api import ControlApi, ControlError
from playground.testing.message import Message


class PlaygroundClient(ControlApi):
    """A running playground. `bot_user` is what to mention; `api_url` and the tokens are for the bot."""

    bot_user = BOT_USER
    bot_token = BOT_TOKEN
    app_token = APP_TOKEN
    patience = 1.0
    """Whoever waits gives up after so many times the seconds that are named; more on a machine that may be busy."""

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api/"

    @property
    def environment(self) -> dict[str, str]:
        """What the bot reads to connect here."""
        return {"SLACK_API_URL": self.api_url, "SLACK_BOT_TOKEN": self.bot_token, "SLACK_APP_TOKEN": self.app_token}

    @classmethod
    @contextlib.contextmanager
    def start(
        cls,
        port: int = 0,
        *,
        manifest: Path | None = None,
        options: tuple[str, ...] = (),
        seconds: float = 30,
        stderr: IO[str] | int = subprocess.PIPE,
    ) -> Iterator["PlaygroundClient"]:
        """`python -m playground` for the length of a `with`. Raises ControlError when it does not come up."""
        arguments = ["--port", str(port), *(["--manifest", str(manifest)] if manifest else []), *options]
        try:
            with child("playground", arguments, stderr=stderr, seconds=seconds * cls.patience) as (_, line):
                yield cls(line.split()[1])
        except NotStartedError as error:
            raise ControlError(f"The playground did not start: {error}") from None

    # What there is

    def state(self) -> dict[str, Any]:
        """Everything: see `GET /control/state`."""
        return self._get("/control/state")

    def messages(self, channel: str = "#photos") -> list[Message]:
        """All messages of a channel, replies too, oldest first."""
        for found in self.state()["channels"]:
            if channel.removeprefix("#") in (found["id"], found.get("name"), found.get("user")):
                return [Message(found["id"], one["ts"], one) for one in found["messages"]]
        raise ControlError(f"No channel {channel}.")

    def message(self, message: Message) -> Message | None:
        """The message as it is now; None when it is gone."""
        return next((one for one in self._thread(message) if one.ts == message.ts), None)

    def replies(self, message: Message) -> list[Message]:
        """The thread under a message, without the message."""
        return [one for one in self._thread(message) if one.ts != message.ts]

    def _thread(self, message: Message) -> list[Message]:
        found = self._get("/control/thread", channel=message.channel, ts=message.ts)["messages"]
        return [Message(message.channel, one["ts"], one) for one in found]

    def ephemerals(self) -> list[dict[str, Any]]:
        return self.state()["ephemerals"]

    def calls(self, method: str | None = None) -> list[dict[str, Any]]:
        """Web API calls (and "download", "upload"), oldest first: method, at, args, status, error."""
        return [one for one in self._get("/control/calls")["calls"] if method in (None, one["method"])]

    def deliveries(self, event_type: str | None = None) -> list[dict[str, Any]]:
        """Envelopes sent: event_id, event_type, attempt, connection, sent_at, acknowledged_at."""
        return [
            one for one in self._get("/control/deliveries")["deliveries"] if event_type in (None, one["event_type"])
        ]

    def connections(self) -> list[dict[str, Any]]:
        """The app's open WebSocket connections."""
        return self._get("/control/deliveries")["connections"]

    def events(self, event_type: str | None = None) -> list[dict[str, Any]]:
        """Events sent, in their outer shape."""
        return [one for one in self._get("/control/events")["events"] if event_type in (None, one["event"]["type"])]

    def changes(self, kind: str, since: int = 0) -> list[dict[str, Any]]:
        """What was recorded of one kind ("message", "acknowledged", "given_up", "called"...) after number `since`."""
        return [
            one
            for one in self._get("/control/changes", since=since, timeout=0, limit=10**9)["changes"]
            if one["kind"] == kind
        ]

    def download(self, file: dict[str, Any]) -> bytes:
        """The bytes of a file, past all failures on order."""
        return self._send("GET", f"/page/files/{file['id']}", None, {})

    # Waiting

    def wait_for(
        self, condition: Callable[["PlaygroundClient"], Any], seconds: float = 30, what: str = "what was awaited"
    ) -> Any:
        """The first truthy result of `condition(workspace)`, asked again after every change. Raises TimeoutError."""
        seconds *= self.patience
        deadline = time.monotonic() + seconds
        while True:
            since = self._get("/control/changes", since=0, timeout=0, limit=0)["sequence"]
            result = condition(self)
            if result:
                return result
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{what} did not come within {seconds:g} s")
            self._get("/control/changes", since=since, timeout=min(left, 30), limit=0)

    def wait_for_replies(self, message: Message, count: int = 1, seconds: float = 30) -> list[Message]:
        """The replies under a message, once there are `count`. Raises TimeoutError."""
        return self.wait_for(
            lambda w: (found := w.replies(message)) and len(found) >= count and found, seconds, f"reply {count}"
        )

    def wait_for_reaction(self, message: Message, name: str, seconds: float = 30) -> Message:
        """The message, once it carries this reaction. Raises TimeoutError."""
        return self.wait_for(
            lambda w: (now := w.message(message)) and name in now.reactions and now, seconds, f"reaction :{name}:"
        )

    def wait_for_connection(self, count: int = 1, seconds: float = 30) -> None:
        """Wait until the app has `count` WebSocket connections. Raises TimeoutError."""
        self.wait_for(lambda w: len(w.connections()) >= count, seconds, "a connection of the app")

    # What people do

    def post(
        self,
        channel: str,
        text: str = "",
        files: Iterable[Upload] = (),
        *,
        thread: Message | None = None,
        user: str = "ada",
        file_mode: str = "hosted",
    ) -> Message:
        """A person posts. `channel` is "#name", an id, or a user's id for their direct message with the bot."""
        fields = {"channel": channel, "text": text, "user": user, "file_mode": file_mode}
        if thread is not None:
            fields["thread_ts"] = thread.data.get("thread_ts", thread.ts)
        body, content_type = form(fields, files)
        answer = json.loads(self._send("POST", "/control/messages", body, {"Content-Type": content_type}))
        return Message(answer["channel"], answer["message"]["ts"], answer["message"])

    def edit(self, message: Message, text: str) -> None:
        self._json("PATCH", "/control/messages", channel=message.channel, ts=message.ts, text=text)

    def forward(self, message: Message, to: str, text: str = "", *, user: str = "ada") -> Message:
        """Forward a message into another channel, with words of one's own. Returns the new message."""
        fields = {"channel": message.channel, "ts": message.ts, "to": to, "text": text, "user": user}
        answer = self._json("POST", "/control/forward", **fields)
        return Message(answer["channel"], answer["message"]["ts"], answer["message"])

    def delete(self, message: Message) -> None:
        self._json("DELETE", "/control/messages", channel=message.channel, ts=message.ts)

    def react(self, message: Message, name: str, *, user: str | None = None, remove: bool = False) -> None:
        self._json(
            "POST", "/control/reactions", channel=message.channel, ts=message.ts, name=name, user=user, remove=remove
        )

    def click(self, message: Message, action_id: str, *, user: str = "ada", **changes: str) -> bool:
        """Click a button of a message (an ephemeral one too). True when the app acknowledged.

        `changes` are put into the action, such as the `value` of one of two feedback buttons.
        """
        place = {"channel": message.channel, "ts": message.ts}
        return self._json("POST", "/control/click", **place, action_id=action_id, user=user, changes=changes)[
            "acknowledged"
        ]

    def click_home(self, action_id: str, *, user: str = "ada") -> bool:
        """Click a button of the App Home."""
        state = self.state()
        user_id = next(one["id"] for one in state["users"] if user in (one["id"], one["name"]))
        if user_id not in state["homes"]:
            raise ControlError("The app has not published a Home.")
        view_id = state["homes"][user_id]["id"]
        return self._json("POST", "/control/click", view_id=view_id, action_id=action_id, user=user)["acknowledged"]

    def shortcut(self, message: Message, callback_id: str, *, user: str = "ada") -> bool:
        return self._json(
            "POST", "/control/shortcut", channel=message.channel, ts=message.ts, callback_id=callback_id, user=user
        )["acknowledged"]

    def command(self, channel: str, command: str, text: str = "", *, user: str = "ada") -> bool:
        return self._json("POST", "/control/command", channel=channel, command=command, text=text, user=user)[
            "acknowledged"
        ]

    def open_home(self, user: str | None = None) -> dict[str, Any] | None:
        """Open the App Home; the view that was there already, or None."""
        return self._json("POST", "/control/home", user=user)["view"]

    def stop_session(self, message: Message, *, user: str = "ada") -> None:
        """Press the stop button in a message's thread. Raises ControlError where no agent is at work there."""
        self._json("POST", "/control/stop", channel=message.channel, ts=message.ts, user=user)

    def add_channel(self, name: str, *, private: bool = False, app_is_member: bool = True) -> str:
        """A new channel; returns its id."""
        return self._json("POST", "/control/channels", name=name, private=private, app_is_member=app_is_member)[
            "channel"
        ]["id"]

    def add_person(self, name: str, team: str = "") -> str:
        """Somebody new, in all public channels; with the `team` of another workspace, a guest. Returns their id."""
        return self._json("POST", "/control/users", name=name, team=team)["user"]["id"]

    def set_member(self, channel: str, user: str, *, member: bool = True) -> None:
        self._json("POST", "/control/members", channel=channel, user=user, member=member)

    # Other workspaces

    def add_team(self, name: str, enterprise: str = "") -> dict[str, Any]:
        """A workspace with the channel `#NAME-photos`: its `id`, `bot_user` and `channel`."""
        return self._json("POST", "/control/teams", name=name, enterprise=enterprise)

    def uninstall(self, team: str, *, org: bool = False) -> list[str]:
        """Remove the app from a workspace, or its organisation; the ids of the events that tell of it."""
        return self._json("POST", "/control/uninstall", team=team, org=org)["event_ids"]

    def set_access(self, team: str, *, given: bool) -> None:
        """Its organisation, which installed the app, gives it to a workspace or takes it."""
        self._json("POST", "/control/access", team=team, given=given)

    # What the network does

    def redeliver(self, event_id: str, times: int = 1) -> None:
        """Send an event again, `times` times at once."""
        self._json("POST", "/control/redeliver", event_id=event_id, times=times)

    def deliver(self, event: dict[str, Any], *, event_id: str | None = None, times: int = 1) -> str:
        """Send any inner event; returns its `event_id`."""
        return self._json("POST", "/control/deliver", event=event, event_id=event_id, times=times)["event_id"]

    def inject_fault(self, on: str, kind: str, *, times: int | None = 1, **more: Any) -> int:
        """Order a failure (see `faults.KINDS`); `times=None` is until `clear_faults`. Returns its id."""
        body = json.dumps({"on": on, "kind": kind, "times": times, **more}).encode()
        return json.loads(self._send("POST", "/control/faults", body, {}))["id"]

    def clear_faults(self, fault_id: int | None = None) -> None:
        """Drop one ordered failure, or all."""
        self._json("DELETE", "/control/faults", id=fault_id)

    def disconnect(self, reason: str = "refresh_requested", *, abruptly: bool = False) -> int:
        """Ask every connection to reconnect, or cut them. Returns how many there were."""
        return self._json("POST", "/control/disconnect", reason=reason, abruptly=abruptly)["connections"]

    def set(self, **settings: Any) -> dict[str, Any]:
        """Change settings (see `settings.Settings`); returns all of them."""
        return self._json("PATCH", "/control/settings", **settings)

    def reset(self) -> None:
        """A fresh workspace with the first settings; connections stay."""
        self._json("POST", "/control/reset")
