"""Socket Mode: the app's WebSocket connections, envelopes, acknowledgements and redelivery.

docs.slack.dev/apis/events-api/using-socket-mode: an envelope that is not acknowledged in three seconds is delivered
again, over any of the app's connections (ten at most).
"""

import asyncio
import contextlib
import json
import random
import secrets
import time
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from playground.seed import APP_ID
from playground.workspace import Workspace

MAX_CONNECTIONS = 10
HOST = "applink-playground"
# Seconds between pings; an app that does not answer one is taken for gone.
HEARTBEAT = 20.0


@dataclass
class Delivery:
    """One envelope on its way, for the tests to look at. Times are seconds since 1970."""

    envelope_id: str
    type: str
    event_id: str
    event_type: str
    attempt: int
    connection: str
    sent_at: float
    acknowledged_at: float | None = None
    response: Any = None


@dataclass
class Connection:
    id: str
    socket: web.WebSocketResponse
    since: float = field(default_factory=time.time)


class SocketMode:
    """All connections of the app, and what is under way on them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._connections: dict[str, Connection] = {}
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._connected = asyncio.Event()
        self.deliveries: list[Delivery] = []

    # Connections

    def issue_url(self) -> str:
        """An address for one WebSocket connection, as `apps.connections.open` gives it."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"{self._workspace.base_url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={APP_ID}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """GET /link/: one connection from `hello` to its end."""
        if self._workspace.faults.take("socket", kinds=("refuse_connection",)):
            return web.Response(status=503, text="service unavailable")
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets or len(self._connections) >= MAX_CONNECTIONS:
            return web.Response(status=403, text="invalid ticket")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, compress=False)
        await socket.prepare(request)
        connection = Connection(uuid4().hex[:8], socket)
        self._connections[connection.id] = connection
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self._connections),
                "debug_info": {"host": HOST, "build_number": 1, "approximate_connection_time": 18060},
                "connection_info": {"app_id": APP_ID},
            }
        )
        self._workspace.record("connections", connections=len(self._connections))
        self._connected.set()
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._hear(frame.data)
        finally:
            self._forget(connection)
        return socket

    def _forget(self, connection: Connection) -> None:
        if self._connections.pop(connection.id, None) is not None:
            self._workspace.record("connections", connections=len(self._connections))
        if not self._connections:
            self._connected.clear()

    def _hear(self, text: str) -> None:
        """An acknowledgement, unless it is to be overheard."""
        try:
            envelope_id = json.loads(text)["envelope_id"]
        except (ValueError, KeyError, TypeError):
            return
        if self._workspace.faults.take("socket", kinds=("refuse_acknowledgement",)):
            return
        waiting = self._waiting.get(envelope_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(json.loads(text).get("payload"))

    async def disconnect(self, reason: str, connection: str | None = None, *, abruptly: bool = False) -> int:
        """Ask the app to reconnect ("warning", "refresh_requested"), or cut its connections. Returns how many."""
        chosen = [c for c in self._connections.values() if connection in (None, c.id)]
        for one in chosen:
            if abruptly:
                await self._cut(one)
                continue
            with contextlib.suppress(ConnectionError):
                await one.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": HOST}})
            if reason == "link_disabled":
                await one.socket.close()
        return len(chosen)

    async def _cut(self, connection: Connection) -> None:
        self._forget(connection)
        transport = connection.socket._req.transport if connection.socket._req else None  # noqa: SLF001, RUF100
        if transport is not None:
            transport.abort()

    # Envelopes

    def send(self, kind: str, payload: dict[str, Any], *, accepts_response: bool = False) -> asyncio.Task[Any]:
        """Deliver in the background until acknowledged or given up; the task's result is the app's response payload."""
        task = asyncio.create_task(self._deliver(kind, payload, accepts_response))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _deliver(self, kind: str, payload: dict[str, Any], accepts_response: bool) -> Any:
        settings = self._workspace.settings
        # Only events are delivered again: a click or a command that fails is the person's to repeat.
        pauses = (None, *(settings.redeliver_after if kind == "events_api" else ()))
        reason = ""
        for attempt, pause in enumerate(pauses):
            if pause:
                await asyncio.sleep(pause)
            if not self._connections and settings.hold_while_disconnected:
                await self._connected.wait()
            envelope: dict[str, Any] = {
                "envelope_id": str(uuid4()),
                "payload": payload,
                "type": kind,
                "accepts_response_payload": accepts_response,
            }
            if kind == "events_api":
                envelope |= {"retry_attempt": attempt, "retry_reason": reason}
            acknowledged, response = await self._attempt(envelope, attempt)
            if acknowledged:
                return response
            reason = "timeout"
        self._workspace.record("given_up", event_id=payload.get("event_id", ""))
        return None

    async def _attempt(self, envelope: dict[str, Any], attempt: int) -> tuple[bool, Any]:
        """Send an envelope over one connection and wait. Returns whether it was acknowledged, and the response."""
        if not self._connections:
            return False, None
        connection = random.choice(list(self._connections.values()))  # noqa: S311 - nothing secret
        faults = self._workspace.faults
        if faults.take("socket", kinds=("close",)):
            await self._cut(connection)
            return False, None
        payload, envelope_id = envelope["payload"], envelope["envelope_id"]
        delivery = Delivery(
            envelope_id,
            envelope["type"],
            payload.get("event_id", ""),
            payload.get("event", payload).get("type", envelope["type"]),
            attempt,
            connection.id,
            time.time(),
        )
        waiting = self._waiting[envelope_id] = asyncio.get_running_loop().create_future()
        self.deliveries.append(delivery)
        try:
            await connection.socket.send_json(envelope)
            if faults.take("socket", kinds=("close_after",)):
                await self._cut(connection)
            response = await asyncio.wait_for(waiting, self._workspace.settings.acknowledge_within)
        except (TimeoutError, ConnectionError):
            return False, None
        else:
            delivery.acknowledged_at, delivery.response = time.time(), response
            self._workspace.record("acknowledged", envelope_id=envelope_id, event_id=delivery.event_id)
            return True, response
        finally:
            del self._waiting[envelope_id]

    def described(self) -> dict[str, Any]:
        """Connections, how many envelopes are under way, and every delivery so far."""
        return {
            "connections": [{"id": c.id, "since": c.since} for c in self._connections.values()],
            "under_way": len(self._tasks),
            "deliveries": [asdict(delivery) for delivery in self.deliveries],
        }

    async def forget(self) -> None:
        """End every delivery, and the memory of those that were."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.deliveries.clear()

    async def close(self) -> None:
        """End every delivery and every connection."""
        await self.forget()
        for connection in list(self._connections.values()):
            await connection.socket.close(code=1001, message=b"the playground ends")
