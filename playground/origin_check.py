"""Who is answered: programs, and the playground's own page; no page of another site that somebody has open."""

from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_READING = ("GET", "HEAD", "OPTIONS")


def own_page_only(base_url: str, hosts: Collection[str]) -> Middleware:
    """A middleware for a playground at `base_url`.

    A request has to be addressed to one of these hosts, where any are given. A page elsewhere can let its own name
    stand for this machine (DNS rebinding): its requests look like those of our page then, but for that name.
    """
    own = urlsplit(base_url).netloc

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if hosts and _name(request.headers.get("Host", "")) not in hosts:
            sentence = f"The playground is at {base_url}: --public-url gives it another name."
            return web.json_response({"error": sentence}, status=403)
        if _is_elsewhere(request, own):
            return web.json_response({"error": "The playground answers its own page only."}, status=403)
        return await handler(request)

    return check


def _name(host: str) -> str:
    """The name or address in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_elsewhere(request: web.Request, own: str) -> bool:
    """Whether a browser sends it for a page of another site. Links to our page are followed from anywhere."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site == "cross-site":
        return request.path != "/"
    if request.method in _READING or origin is None or site == "same-origin":
        return False
    return origin.partition("://")[2] not in (own, request.host)
