"""The playground as one aiohttp application: Web API, Socket Mode, files, control API and page on one port."""

from collections.abc import Collection
from pathlib import Path

from aiohttp import web

from playground.control import Control
from playground.control_requests import error_middleware
from playground.event_delivery import EventDelivery
from playground.file_endpoints import FileEndpoints, signed_out
from playground.installing import Installing
from playground.origin_check import own_page_only
from playground.services import ServiceOptions, Services
from playground.settings import Settings
from playground.socket_mode import SocketMode
from playground.user_actions import UserActions
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


def application(
    base_url: str,
    settings: Settings | None = None,
    options: ServiceOptions | None = None,
    hosts: Collection[str] = (),
) -> web.Application:
    """The whole playground. `base_url` is where it can be reached, without a slash at the end.

    `hosts` are the names that requests may address it by, without a port; none: any.
    """
    services = Services(options or ServiceOptions())
    workspace = Workspace(base_url, settings)
    socket_mode = SocketMode(workspace)
    delivery = EventDelivery(workspace, socket_mode)
    web_api = WebApi(workspace, delivery, socket_mode)
    file_endpoints = FileEndpoints(workspace, delivery)
    control = Control(workspace, delivery, socket_mode, UserActions(workspace, delivery, socket_mode))

    async def close_sockets(_: web.Application) -> None:
        await socket_mode.close()

    app = web.Application(client_max_size=_MAX_BODY, middlewares=[own_page_only(base_url, hosts), error_middleware])
    app.on_startup.append(services.open)
    app.on_shutdown.append(close_sockets)
    app.on_cleanup.append(services.close)
    app.add_routes(
        [
            web.get("/", _page),
            web.get("/archives/{channel}/{message}", _page),
            web.static("/static", STATIC),
            web.route("*", "/api/{method}", web_api.serve),
            web.get("/link/", socket_mode.serve),
            web.get("/files-pri/{file}/download/{name}", file_endpoints.download),
            web.get("/files-pri/{file}/{name}", file_endpoints.download),
            web.get(r"/files-tmb/{file}/{side:\d+}", file_endpoints.thumbnail),
            web.get("/page/files/{file}", file_endpoints.shown),
            web.get("/files/{user}/{file}/{name}", file_endpoints.shown),
            web.post("/upload/v1/{key}", file_endpoints.upload),
            web.post("/actions/{key}", file_endpoints.respond),
            *control.routes(),
            *Installing(workspace, delivery).routes(),
            *services.routes(),
        ]
    )
    return app
