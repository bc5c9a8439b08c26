"""The processes behind the page: `/control/services` tells how they are, `/control/server` turns the model server."""

import asyncio
import shlex
from dataclasses import dataclass

from aiohttp import web

from playground.bot_status import BotStatus
from playground.model_server import ModelServer


@dataclass(frozen=True)
class ServiceOptions:
    """What there is besides the workspace; empty where there is nothing.

    model_server: a command line that serves the model until SIGTERM (see ModelServer).
    triton_metrics: Triton's own metrics, which name the model: `http://HOST:PORT/metrics`.
    bot_url: where the bot's `/metrics` are: `http://HOST:PORT`.
    """

    model_server: str = ""
    triton_metrics: str = ""
    bot_url: str = ""

    def __bool__(self) -> bool:
        return bool(self.model_server or self.triton_metrics or self.bot_url)


class Services:
    """The handlers of `/control/services` and `/control/server`."""

    def __init__(self, options: ServiceOptions) -> None:
        self._any = bool(options)
        command = shlex.split(options.model_server)
        self._server = ModelServer(command) if command else None
        self._status = BotStatus(options.bot_url, options.triton_metrics)
        self._stopping: asyncio.Task[None] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/control/services", self.look), web.post("/control/server", self.turn)]

    async def open(self, _: web.Application) -> None:
        """Start the model server, and do not wait for it."""
        if self._server is not None:
            self._server.start()

    async def close(self, _: web.Application) -> None:
        """End the model server."""
        if self._server is not None:
            await self._server.stop()

    async def look(self, request: web.Request) -> web.Response:
        """GET: `any` says whether there is anything to tell; `server`, `bot` and `model` are None where unknown."""
        del request
        server = {"state": self._server.state} if self._server is not None else None
        return web.json_response({"any": self._any, "server": server, **await self._status.look()})

    async def turn(self, request: web.Request) -> web.Response:
        """POST {running}: start or stop the model server; the answer does not wait until it is so."""
        running = bool((await request.json()).get("running"))
        if self._server is not None and running:
            self._server.start()
        elif self._server is not None:
            self._stopping = asyncio.create_task(self._server.stop())
        return await self.look(request)
