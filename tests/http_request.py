"""One HTTP request, as a stranger makes it."""

import contextlib
import http.client
from collections.abc import Iterator, Mapping
from email.message import Message
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.processes import PATIENCE


class Answer(NamedTuple):
    """What came back; `headers` are found in upper and lower case."""

    status: int
    headers: Message
    body: bytes


def request(
    address: str,
    method: str = "GET",
    body: bytes | Iterator[bytes] = b"",
    headers: Mapping[str, str | bytes] | None = None,
    timeout: float = PATIENCE * 20,
) -> Answer:
    """The answer to one request; redirects are not followed.

    A server may refuse a request and close the connection before all of it was sent (RFC 9112, 9.5). Then the rest
    cannot be sent, and the answer is there to be read.
    """
    at = urlsplit(address)
    path = at._replace(scheme="", netloc="").geturl() or "/"
    with contextlib.closing(http.client.HTTPConnection(at.netloc, timeout=timeout)) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
