"""Requests to the playground's control API, which stands for what people and the network do."""

import contextlib
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

# The playground is on this machine: no proxy of the environment stands between.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ControlError(Exception):
    """The playground refused; the text is its sentence."""


class ControlApi:
    """JSON over HTTP. Every request raises ControlError where the playground refuses it."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str], limit: float = 90) -> bytes:
        request = urllib.request.Request(f"{self.base_url}{path}", data=body, headers=headers, method=method)  # noqa: S310
        try:
            with _opener.open(request, timeout=limit) as response:
                return response.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                text = refusal.read().decode(errors="replace")
            with contextlib.suppress(ValueError):
                text = json.loads(text)["error"]
            raise ControlError(text) from None

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        return json.loads(self._send("GET", f"{path}?{urlencode(query)}", None, {}))

    def _json(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        kept = {key: value for key, value in body.items() if value is not None}
        return json.loads(self._send(method, path, json.dumps(kept).encode(), {"Content-Type": "application/json"}))
