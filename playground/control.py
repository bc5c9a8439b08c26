"""The control API: what people and tests do to the workspace, as JSON over HTTP under `/control/`.

Everything answers JSON; a request that makes no sense gets 400 and `{"error": sentence}`. Bodies are JSON unless said.

State
    GET    /control/state         everything that can be seen, and the latest change's number
    GET    /control/changes       ?since=N&timeout=S&limit=M: the changes after N, once there is one
    GET    /control/stream        ?since=N: the same as server-sent events (the page listens here)
    GET    /control/thread        ?channel=&ts=&at_least=N&timeout=S: parent and replies, once there are N
    GET    /control/calls         every Web API call, download and upload: method, at, args, status, error
    GET    /control/deliveries    connections, every delivery with attempt and acknowledgement
    GET    /control/events        every event sent so far, outer shape

UserActions
    POST   /control/messages      form: channel, text, user?, thread_ts?, file_mode?, any number of `file`
    PATCH  /control/messages      {channel, ts, text}
    DELETE /control/messages      {channel, ts}
    POST   /control/forward       {channel, ts, to, text?, user?}: a message, into the channel `to`
    POST   /control/reactions     {channel, ts, name, user?, remove?}
    POST   /control/home          {user?, tab?}: open the App Home, or its tab "messages"
    POST   /control/stop          {channel, ts, user?}: press an agent's stop button in the thread of `ts`
    POST   /control/click         {action_id, channel+ts or view_id, block_id?, user?, changes?}: acknowledged?
    POST   /control/shortcut      {callback_id, channel, ts, user?}: acknowledged?
    POST   /control/command       {command, text, channel, user?}: acknowledged?
    POST   /control/channels      {name, private?, app_is_member?}
    POST   /control/users         {name, team?}: somebody new, in all public channels; of another workspace, a guest
    POST   /control/members       {channel, user, member?}
    POST   /control/teams         {name, enterprise?}: one with the channel `NAME-photos`
    POST   /control/uninstall     {team, org?}: the app is removed there, or from its whole organisation
    POST   /control/access        {team, given?}: its organisation gives it the app, or takes it

The network
    POST   /control/redeliver     {event_id, times?}: an event once more, or n times at once
    POST   /control/deliver       {event, event_id?, times?}: any inner event, as if Slack sent it
    POST   /control/disconnect    {reason?, connection?, abruptly?}: warning, refresh_requested, link_disabled
    POST   /control/faults        {on, kind, times?, and what else faults.py takes}
    DELETE /control/faults        {id?}: one, or all
    PATCH  /control/settings      any fields of `settings.Settings`
    POST   /control/reset         a fresh workspace with the first settings; connections stay

The processes behind the page (`services.py`)
    GET    /control/services      the model server's state, the model, the bot's queue and the newest job's steps
    POST   /control/server        {running}: start or stop the model server
"""

import asyncio
import json
from dataclasses import asdict

from aiohttp import web

from playground import payloads
from playground.control_requests import json_body, number
from playground.errors import BadRequest
from playground.event_delivery import EventDelivery
from playground.seed import BOT_USER, PERSON, Channel, User, new_id
from playground.socket_mode import SocketMode
from playground.user_actions import UserActions
from playground.workspace import Workspace

_MOST_CHANGES = 500


class Control:
    """The handlers of `/control/`."""

    def __init__(
        self, workspace: Workspace, delivery: EventDelivery, socket_mode: SocketMode, users: UserActions
    ) -> None:
        self._workspace, self._delivery, self._socket_mode, self._users = workspace, delivery, socket_mode, users

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/state", self.state),
            web.get("/control/changes", self.changes),
            web.get("/control/stream", self.stream),
            web.get("/control/thread", self.thread),
            web.get("/control/calls", self.calls),
            web.get("/control/deliveries", self.deliveries),
            web.get("/control/events", self.events),
            web.post("/control/messages", self.post),
            web.patch("/control/messages", self.edit),
            web.delete("/control/messages", self.delete),
            web.post("/control/forward", self.forward),
            web.post("/control/reactions", self.react),
            web.post("/control/home", self.home),
            web.post("/control/stop", self.stop),
            web.post("/control/click", self.click),
            web.post("/control/shortcut", self.shortcut),
            web.post("/control/command", self.command),
            web.post("/control/channels", self.add_channel),
            web.post("/control/users", self.add_user),
            web.post("/control/members", self.members),
            web.post("/control/redeliver", self.redeliver),
            web.post("/control/deliver", self.deliver),
            web.post("/control/disconnect", self.disconnect),
            web.post("/control/faults", self.order_fault),
            web.delete("/control/faults", self.clear_faults),
            web.patch("/control/settings", self.settings),
            web.post("/control/reset", self.reset),
        ]

    # State

    async def state(self, request: web.Request) -> web.Response:
        del request
        connections = self._socket_mode.described()["connections"]
        return web.json_response({**self._workspace.state(), "connections": connections})

    async def changes(self, request: web.Request) -> web.Response:
        since = int(number(request, "since", 0))
        await self._workspace.wait_for_change(since, min(60.0, number(request, "timeout", 30)))
        limit = int(number(request, "limit", _MOST_CHANGES))
        return web.json_response(
            {"sequence": self._workspace.sequence, "changes": self._workspace.changes[since : since + limit]}
        )

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events; after a restart of the playground, or too long a sleep, one `reload`."""
        since = int(request.headers.get("Last-Event-ID") or number(request, "since", 0))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        if not 0 <= self._workspace.sequence - since <= _MOST_CHANGES:
            await response.write(b"event: reload\ndata: {}\n\n")
            since = self._workspace.sequence
        while True:
            if not await self._workspace.wait_for_change(since, 15):
                await response.write(b": still here\n\n")
                continue
            fresh = self._workspace.changes[since:]
            since += len(fresh)
            for change in fresh:
                await response.write(f"id: {change['sequence']}\ndata: {json.dumps(change)}\n\n".encode())

    async def thread(self, request: web.Request) -> web.Response:
        channel, ts = self._workspace.channel(request.query.get("channel")), request.query.get("ts", "")
        at_least, deadline = (
            number(request, "at_least", 0),
            asyncio.get_running_loop().time() + min(60.0, number(request, "timeout", 30)),
        )
        while True:
            since = self._workspace.sequence
            parent = [channel.messages[ts]] if ts in channel.messages else []
            messages = [*parent, *channel.replies(ts)]
            left = deadline - asyncio.get_running_loop().time()
            if len(messages) >= at_least or left <= 0:
                return web.json_response({"messages": [self._workspace.rendered(channel, m) for m in messages]})
            await self._workspace.wait_for_change(since, left)

    async def calls(self, request: web.Request) -> web.Response:
        del request
        return web.json_response({"calls": self._workspace.calls})

    async def deliveries(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(self._socket_mode.described())

    async def events(self, request: web.Request) -> web.Response:
        del request
        return web.json_response({"events": list(self._delivery.sent.values())})

    # People

    async def post(self, request: web.Request) -> web.Response:
        if request.content_type != "multipart/form-data":
            body, uploads = await json_body(request), []
        else:
            form = await request.post()
            body = {key: value for key, value in form.items() if isinstance(value, str)}
            parts = [part for part in form.getall("file", []) if isinstance(part, web.FileField)]
            uploads = [(part.filename, part.file.read()) for part in parts]
        message = self._users.post(
            str(body.get("channel", "")),
            str(body.get("text", "")),
            uploads,
            user=str(body.get("user") or PERSON),
            thread_ts=body.get("thread_ts") or None,
            file_mode=str(body.get("file_mode") or "hosted"),
        )
        return web.json_response({"channel": self._workspace.channel(body["channel"]).id, "message": message})

    async def edit(self, request: web.Request) -> web.Response:
        body = await json_body(request, "channel", "ts", "text")
        return web.json_response({"message": self._users.edit(body["channel"], body["ts"], body["text"])})

    async def delete(self, request: web.Request) -> web.Response:
        body = await json_body(request, "channel", "ts")
        self._users.delete(body["channel"], body["ts"])
        return web.json_response({})

    async def forward(self, request: web.Request) -> web.Response:
        body = await json_body(request, "channel", "ts", "to")
        message = self._users.forward(
            body["channel"], body["ts"], body["to"], body.get("text", ""), user=body.get("user", PERSON)
        )
        return web.json_response({"channel": self._workspace.channel(body["to"]).id, "message": message})

    async def react(self, request: web.Request) -> web.Response:
        body = await json_body(request, "channel", "ts", "name")
        self._users.react(
            body["channel"], body["ts"], body["name"], body.get("user", PERSON), remove=bool(body.get("remove"))
        )
        return web.json_response({})

    async def home(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        return web.json_response({"view": self._users.open_home(body.get("user", PERSON), body.get("tab", "home"))})

    async def stop(self, request: web.Request) -> web.Response:
        body = await json_body(request, "channel", "ts")
        self._users.stop_session(body["channel"], body["ts"], body.get("user", PERSON))
        return web.json_response({})

    async def click(self, request: web.Request) -> web.Response:
        body = await json_body(request, "action_id")
        known = ("action_id", "channel", "ts", "view_id", "block_id", "user", "changes")
        return web.json_response(
            {"acknowledged": await self._users.click(**{k: v for k, v in body.items() if k in known})}
        )

    async def shortcut(self, request: web.Request) -> web.Response:
        body = await json_body(request, "callback_id", "channel", "ts")
        done = await self._users.shortcut(body["callback_id"], body["channel"], body["ts"], body.get("user", PERSON))
        return web.json_response({"acknowledged": done})

    async def command(self, request: web.Request) -> web.Response:
        body = await json_body(request, "command", "channel")
        command, text = body["command"], body.get("text", "")
        done = await self._users.command(command, text, body["channel"], body.get("user", PERSON))
        return web.json_response({"acknowledged": done})

    async def add_channel(self, request: web.Request) -> web.Response:
        body = await json_body(request, "name")
        members = [user for user in self._workspace.users if user != BOT_USER or body.get("app_is_member", True)]
        private = bool(body.get("private"))
        channel = Channel(new_id("G" if private else "C"), body["name"], "group" if private else "channel", members)
        self._workspace.channels[channel.id] = channel
        self._workspace.record("channel", channel=channel.id)
        return web.json_response({"channel": channel.described()})

    async def add_user(self, request: web.Request) -> web.Response:
        body = await json_body(request, "name")
        user = User(new_id("U"), body["name"].lower(), body["name"], team=str(body.get("team", "")))
        self._workspace.users[user.id] = user
        for channel in self._workspace.channels.values():
            if channel.kind == "channel":
                channel.members.append(user.id)
        return web.json_response({"user": user.described()})

    async def members(self, request: web.Request) -> web.Response:
        body = await json_body(request, "channel", "user")
        self._users.join(body["channel"], body["user"], member=body.get("member", True))
        return web.json_response({})

    # The network

    async def redeliver(self, request: web.Request) -> web.Response:
        body = await json_body(request, "event_id")
        callback = self._delivery.sent.get(body["event_id"])
        if callback is None:
            raise BadRequest(f"No event {body['event_id']} was sent.")
        for _ in range(int(body.get("times", 1))):
            self._delivery.deliver(callback)
        return web.json_response({})

    async def deliver(self, request: web.Request) -> web.Response:
        body = await json_body(request, "event")
        callback = payloads.event_callback(body["event"])
        callback["event_id"] = body.get("event_id", callback["event_id"])
        for _ in range(int(body.get("times", 1))):
            self._delivery.deliver(callback)
        return web.json_response({"event_id": callback["event_id"]})

    async def disconnect(self, request: web.Request) -> web.Response:
        body = await json_body(request)
        count = await self._socket_mode.disconnect(
            body.get("reason", "refresh_requested"), body.get("connection"), abruptly=bool(body.get("abruptly"))
        )
        return web.json_response({"connections": count})

    async def order_fault(self, request: web.Request) -> web.Response:
        return web.json_response(asdict(self._workspace.faults.order(**await json_body(request))))

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._workspace.faults.clear((await json_body(request)).get("id"))
        return web.json_response({})

    async def settings(self, request: web.Request) -> web.Response:
        try:
            self._workspace.settings = self._workspace.settings.changed(await json_body(request))
        except TypeError as wrong:
            raise BadRequest(f"A setting has the wrong kind of value: {wrong}.") from None
        return web.json_response(asdict(self._workspace.settings))

    async def reset(self, request: web.Request) -> web.Response:
        del request
        self._workspace.reset()
        self._delivery.sent.clear()
        await self._socket_mode.forget()
        return web.json_response({})
