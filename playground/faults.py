"""Failures on order: what should go wrong, where, and how often."""

import itertools
from dataclasses import asdict, dataclass
from typing import Any

from playground.errors import BadRequest

KINDS = {
    "rate_limited": "429 with Retry-After: `retry_after` seconds",
    "server_error": "500 with a plain body",
    "error": "HTTP 200 with the Slack error in `error` (methods only)",
    "slow": "the answer comes `seconds` later",
    "reset": "the connection is cut: before the answer, or in the middle of a download",
    "lost_answer": "the work is done, and then the connection is cut instead of the answer",
    "login_page": "HTTP 200 and Slack's HTML sign-in page",
    "redirect": "302 to the sign-in page (downloads only)",
    "content_type": "the right bytes as `content_type` (downloads only)",
    "truncated": "a download that ends after half of its announced bytes",
    "drip": "a download that sends its bytes over `seconds`",
    "close": "the socket closes when the next envelope should go out, before it is sent (socket only)",
    "close_after": "the socket closes right after the next envelope was sent (socket only)",
    "refuse_acknowledgement": "the acknowledgement is not heard, so the event is delivered again (socket only)",
    "refuse_connection": "the next WebSocket handshakes answer 503 (socket only)",
}


@dataclass
class Fault:
    """One failure. `on`: a Web API method, "*" for all of them, "download", "upload", "response_url" or "socket".

    times: how many more times it happens; None is always. team: only with the token of this workspace (methods only).
    """

    id: int
    on: str
    kind: str
    times: int | None = 1
    retry_after: int = 1
    seconds: float = 1.0
    error: str = "internal_error"
    content_type: str = "application/octet-stream"
    team: str = ""


class Faults:
    """The orders, oldest first."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._numbers = itertools.count(1)

    def order(self, **wanted: Any) -> Fault:
        """Add one. Raises BadRequest for a kind or a field that does not exist."""
        if wanted.get("kind") not in KINDS:
            raise BadRequest(f"kind must be one of {', '.join(KINDS)}, not {wanted.get('kind')!r}.")
        try:
            fault = Fault(id=next(self._numbers), **wanted)
        except TypeError:
            fields = ", ".join(list(Fault.__dataclass_fields__)[1:])
            raise BadRequest(f"A fault has the fields {fields}; `on` and `kind` are needed.") from None
        self._orders.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Drop one order, or all."""
        self._orders = [] if fault_id is None else [fault for fault in self._orders if fault.id != fault_id]

    def take(self, *places: str, kinds: tuple[str, ...] = tuple(KINDS), team: str = "") -> Fault | None:
        """The next failure due at one of these places, counted as used; None when all goes well."""
        for fault in self._orders:
            if fault.on in places and fault.kind in kinds and fault.team in ("", team):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._orders.remove(fault)
                return fault
        return None

    def described(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._orders]
