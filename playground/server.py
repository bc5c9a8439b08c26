"""The playground as one aiohttp application: Web API, Socket Mode, files, control API and page on one port."""

from pathlib import Path

from aiohttp import web

from playground.control import Control
from playground.happenings import Happenings
from playground.people import People
from playground.requests import sentences
from playground.settings import Settings
from playground.sockets import Sockets
from playground.transfers import Transfers, signed_out
from playground.web_api import WebApi
from playground.workspace import Workspace

STATIC = Path(__file__).parent / "static"
_MAX_BODY = 2 * 1024**3
_PAGE_POLICY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


async def _page(request: web.Request) -> web.StreamResponse:
    if "login" in request.query:
        return await signed_out(request)
    return web.FileResponse(STATIC / "index.html", headers=_PAGE_POLICY)


def application(base_url: str, settings: Settings | None = None) -> web.Application:
    """The whole playground. `base_url` is where it can be reached, without a slash at the end."""
    workspace = Workspace(base_url, settings)
    sockets = Sockets(workspace)
    happenings = Happenings(workspace, sockets)
    web_api = WebApi(workspace, happenings, sockets)
    transfers = Transfers(workspace, happenings)
    control = Control(workspace, happenings, sockets, People(workspace, happenings, sockets))

    async def close_sockets(_: web.Application) -> None:
        await sockets.close()

    app = web.Application(client_max_size=_MAX_BODY, middlewares=[sentences])
    app.on_shutdown.append(close_sockets)
    app.add_routes(
        [
            web.get("/", _page),
            web.get("/archives/{channel}/{message}", _page),
            web.static("/static", STATIC),
            web.route("*", "/api/{method}", web_api.serve),
            web.get("/link/", sockets.serve),
            web.get("/files-pri/{file}/download/{name}", transfers.download),
            web.get("/files-pri/{file}/{name}", transfers.download),
            web.get(r"/files-tmb/{file}/{side:\d+}", transfers.thumbnail),
            web.get("/page/files/{file}", transfers.shown),
            web.post("/upload/v1/{key}", transfers.upload),
            web.post("/actions/{key}", transfers.respond),
            *control.routes(),
        ]
    )
    return app
