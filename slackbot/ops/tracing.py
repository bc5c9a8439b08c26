"""Traces by OpenTelemetry, from an event to its reply: on where a standard variable names their receiver.

Elsewhere nothing of OpenTelemetry is loaded, and a span costs a comparison. DBOS makes a span of each workflow and step
(`enable_otlp`) and keeps the context in the database, so that a trace goes on in whichever bot takes a job up.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from slackbot.errors import SettingsError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
_SERVICE = "enhancer-bot"

_tracer: Any = None
_provider: Any = None


def begin() -> None:
    """Send spans from now on, if the environment says where to. Raises SettingsError."""
    global _tracer, _provider  # noqa: PLW0603 - a process has one, as OpenTelemetry has
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or not any(map(os.environ.get, ENDPOINTS)):
        return
    for name in _PROTOCOLS:
        if os.environ.get(name, "http/protobuf") != "http/protobuf":
            raise SettingsError(f"{name} must be http/protobuf: the bot speaks nothing else to its receiver.")
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    logging.getLogger("opentelemetry").setLevel(logging.ERROR)  # each try of a receiver that is away would be told
    service = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": _SERVICE}
    _provider = TracerProvider(resource=Resource.create(service))
    _provider.add_span_processor(BatchSpanProcessor(_discreet(OTLPSpanExporter())))
    trace.set_tracer_provider(_provider)
    _tracer = trace.get_tracer("slackbot")


def is_on() -> bool:
    """Whether spans are sent."""
    return _tracer is not None


@contextmanager
def span(name: str, **attributes: float) -> Iterator[None]:
    """What is done in here is a span: a child of the one around it. Attributes are figures and nothing else."""
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(name, attributes=attributes, record_exception=False):
        yield


def headers() -> dict[str, str] | None:
    """What a call to a server brings along, so that the server's spans are children of the one around the call."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier or None


def end() -> None:
    """Send what there is left."""
    if _provider is not None:
        _provider.shutdown()


def _discreet(exporter: Any) -> Any:
    """An exporter that leaves out the texts of errors: those may quote anything."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from opentelemetry.trace import Status

    def without_texts(span: ReadableSpan) -> ReadableSpan:
        return ReadableSpan(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes=span.attributes,
            links=span.links,
            kind=span.kind,
            status=Status(span.status.status_code),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    class Discreet(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return exporter.export([without_texts(one) for one in spans])

        def shutdown(self) -> None:
            exporter.shutdown()

    return Discreet()
