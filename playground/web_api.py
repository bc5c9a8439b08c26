"""The Web API's front: tokens, scopes, rate limits, argument encodings and failures on order, around the methods."""

import asyncio
import json
import math
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import BasicAuth, web

from playground.errors import SlackError
from playground.event_delivery import EventDelivery
from playground.faults import Fault
from playground.methods.call import METHODS, Call, Method
from playground.rate_limits import RateLimits
from playground.seed import APP_TOKEN, BOT_TOKEN, CLIENT_ID, CLIENT_SECRET, Grant
from playground.socket_mode import SocketMode
from playground.workspace import Workspace

LOGIN_PAGE = (
    "<!DOCTYPE html><html><head><title>Sign in to Playground | Slack</title></head>"
    "<body><h1>Sign in to your workspace</h1><form action='/signin'><input name='email'></form></body></html>"
)


def login_page() -> web.Response:
    """What Slack shows to whoever is not signed in: HTML with status 200."""
    return web.Response(text=LOGIN_PAGE, content_type="text/html", charset="utf-8")


async def interrupt(request: web.Request, fault: Fault | None) -> web.Response | None:
    """Let a failure happen that comes before the work; None where the work goes on."""
    if fault is None:
        return None
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        return None
    if fault.kind == "rate_limited":
        body = {"ok": False, "error": "ratelimited"}
        return web.json_response(body, status=429, headers={"Retry-After": str(fault.retry_after)})
    if fault.kind == "server_error":
        return web.Response(status=500, text="server error")
    if fault.kind == "error":
        return web.json_response({"ok": False, "error": fault.error})
    if fault.kind == "login_page":
        return login_page()
    if fault.kind == "reset":
        cut(request)
    return None


def cut(request: web.Request) -> None:
    """Cut the connection under a request, as a broken network does."""
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError


def bearer(request: web.Request) -> str:
    """The token in the Authorization header, or ""."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


async def arguments(request: web.Request) -> dict[str, Any]:
    """All arguments: of the query, and of the body as a form or as JSON."""
    args: dict[str, Any] = dict(request.query)
    if request.method != "POST":
        return args
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read() or b"{}")
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        return args | body
    return args | {key: value for key, value in (await request.post()).items() if isinstance(value, str)}


def _client(request: web.Request) -> tuple[str, str]:
    """An app's client id and secret, as methods take them that go before a token; else empty."""
    try:
        found = BasicAuth.decode(request.headers.get("Authorization", ""))
    except ValueError:
        return "", ""
    return found.login, found.password


def _authorise(method: Method, token: str, client: tuple[str, str], grants: Mapping[str, Grant]) -> Grant:
    """Whose call it is."""
    if method.token == "client":  # noqa: S105 - a kind, no secret
        if client != (CLIENT_ID, CLIENT_SECRET):
            raise SlackError("bad_client_secret" if client[0] == CLIENT_ID else "invalid_client_id")
        return grants[BOT_TOKEN]
    if method.token == "any":  # noqa: S105 - a kind, no secret
        return grants.get(token, grants[BOT_TOKEN])
    if not token:
        raise SlackError("not_authed")
    if token not in (*grants, APP_TOKEN):
        raise SlackError("invalid_auth")
    if (token == APP_TOKEN) != (method.token == "app"):  # noqa: S105
        raise SlackError("not_allowed_token_type")
    return grants.get(token, grants[BOT_TOKEN])


class WebApi:
    """`/api/<method>`."""

    def __init__(self, workspace: Workspace, delivery: EventDelivery, socket_mode: SocketMode) -> None:
        self._workspace, self._delivery, self._socket_mode = workspace, delivery, socket_mode
        self._limits = RateLimits()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One call. Every call is written down with its time, its answer's status and its error."""
        name = request.match_info["method"]
        record: dict[str, Any] = {"method": name, "at": time.time(), "args": {}, "status": None, "error": None}
        self._workspace.calls.append(record)
        response = await self._answer(request, name, record)
        record["status"] = response.status
        self._workspace.record("called", method=name, status=response.status, error=record["error"])
        return response

    async def _answer(self, request: web.Request, name: str, record: dict[str, Any]) -> web.Response:
        known = self._workspace.grants.get(bearer(request))
        fault = self._workspace.faults.take(name, "*", team=known.team if known else "")
        interrupted = await interrupt(request, fault)
        if interrupted is not None:
            record["error"] = fault.kind if fault else None
            return interrupted
        method = METHODS.get(name)
        headers: dict[str, str] = {}
        try:
            args = await arguments(request)
            token = bearer(request) or str(args.pop("token", ""))
            args.pop("token", None)
            record["args"] = args
            if method is None:
                raise SlackError("unknown_method", req_method=name)
            grant = _authorise(method, token, _client(request), self._workspace.grants)
            if token in self._workspace.grants:
                headers = {
                    "X-OAuth-Scopes": ",".join(self._workspace.settings.scopes),
                    "X-Accepted-OAuth-Scopes": ",".join(method.scopes),
                }
            limited = self._limited(name, method, args)
            if limited is not None:
                record["error"] = "ratelimited"
                return limited
            call = Call(self._workspace, self._delivery, self._socket_mode, args, grant)
            call.need(*method.scopes)
            body = {"ok": True, **method.run(call)}
        except SlackError as refusal:
            record["error"] = str(refusal)
            body = refusal.body
        if fault is not None and fault.kind == "lost_answer":
            record["error"] = "lost_answer"
            cut(request)
        return web.json_response(body, headers=headers)

    def _limited(self, name: str, method: Method, args: dict[str, Any]) -> web.Response | None:
        settings = self._workspace.settings
        if not settings.enforce_rate_limits:
            return None
        if name == "chat.postMessage":
            wait = self._limits.wait_for_post(str(args.get("channel")), settings.rate_limit_scale)
        else:
            wait = self._limits.wait_for_call(name, method.tier, settings.rate_limit_scale)
        if not wait:
            return None
        return web.json_response(
            {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(max(1, math.ceil(wait)))}
        )
