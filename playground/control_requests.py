"""What a control request carries, and how a senseless one is answered."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from playground.errors import BadRequest, SlackError

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def error_middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Answer a senseless request with one sentence."""
    try:
        return await handler(request)
    except SlackError as refusal:
        return web.json_response({"error": f"Slack would say: {refusal}."}, status=400)
    except BadRequest as refusal:
        return web.json_response({"error": str(refusal)}, status=400)
    except ConnectionResetError:  # whoever asked has gone (a reload, a closed tab), and that is no news
        return web.Response()


async def json_body(request: web.Request, *needed: str) -> dict[str, Any]:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        raise BadRequest("The body must be JSON.") from None
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    missing = [name for name in needed if not body.get(name)]
    if missing:
        raise BadRequest(f"Missing: {', '.join(missing)}.")
    return body


def number(request: web.Request, name: str, default: float) -> float:
    try:
        return float(request.query.get(name, default))
    except ValueError:
        raise BadRequest(f"{name} must be a number.") from None
