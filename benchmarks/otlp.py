"""A receiver of OpenTelemetry's traces: OTLP over HTTP, as a collector takes them."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

messages: Any = trace_service_pb2


@dataclass(frozen=True)
class Span:
    """One span; ids as hexadecimal digits, `parent` empty at the root."""

    name: str
    trace: str
    id: str
    parent: str
    service: str
    begin: float
    """seconds since 1970"""
    end: float
    attributes: dict[str, str]
    text: str
    """all that was sent of it"""


class Receiver:
    """Keeps what it gets. `address` is a value for OTEL_EXPORTER_OTLP_ENDPOINT."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                as_json = "json" in self.headers["Content-Type"]
                receiver.spans += _spans(
                    _from_json(body) if as_json else messages.ExportTraceServiceRequest.FromString(body)
                )
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator["Receiver"]:
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def of(self, name: str) -> list[Span]:
        """The spans of a name."""
        return [span for span in self.spans if span.name == name]


def _from_json(body: bytes) -> Any:
    """Triton's way. Its ids are hexadecimal, where protobuf's own JSON has base64."""

    def with_ids(value: Any) -> Any:
        if isinstance(value, list):
            return [with_ids(one) for one in value]
        if not isinstance(value, dict):
            return value
        ids = ("traceId", "spanId", "parentSpanId")
        return {
            name: base64.b64encode(bytes.fromhex(one)).decode() if name in ids else with_ids(one)
            for name, one in value.items()
        }

    return json_format.ParseDict(with_ids(json.loads(body)), messages.ExportTraceServiceRequest(), True)


def _spans(request: Any) -> Iterator[Span]:
    for resource in request.resource_spans:
        (service,) = [one.value.string_value for one in resource.resource.attributes if one.key == "service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                attributes = {one.key: str(one.value).strip() for one in span.attributes}
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                yield Span(
                    span.name,
                    *ids,
                    service,
                    span.start_time_unix_nano / 1e9,
                    span.end_time_unix_nano / 1e9,
                    attributes,
                    f"{resource.resource}{span}",
                )
