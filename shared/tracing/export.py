"""Hands finished spans to OpenTelemetry's SDK, which sends them to a collector.

The SDK is an extra of the package, and is imported only where tracing is on: it takes 0.3 s and
15 MB. It sends from a thread of its own, and what a collector does not take in time is dropped
there, and costs nobody's edits.

Where to is set by OpenTelemetry's own variables: `OTEL_EXPORTER_OTLP_ENDPOINT` (default
http://localhost:4318, OTLP over HTTP), `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_RESOURCE_ATTRIBUTES`, …
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from threading import Thread
from typing import TYPE_CHECKING, Final

from padfleet.shared.tracing.identity import TraceIdentity

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Attribute = str | int | float | bool

PREFIX: Final = "padfleet."
"""Before the names of all attributes."""

CLOSE_DEADLINE: Final = 2.0
"""Seconds that a process which ends gives the collector to take what is left."""


class NotInstalled(Exception):
    """OpenTelemetry is not here."""

    def __init__(self) -> None:
        super().__init__(
            "tracing needs OpenTelemetry, which is not installed: pip install 'padfleet[tracing]', "
            "or leave --trace-share (PADFLEET_TRACE_SHARE) at 0"
        )


class _Ids:
    """The SDK asks for the IDs of a span that begins; ours are known before."""

    def __init__(self) -> None:
        self.trace = 0
        self.span = 0

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span or random.getrandbits(64) or 1

    def is_trace_id_random(self) -> bool:
        return True


class Exporter:
    def __init__(self, service: str) -> None:
        """`service` is the process' kind ("writer")."""
        try:
            from opentelemetry import trace
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise NotInstalled from error
        self._api = trace
        self._ids = _Ids()
        self._provider: TracerProvider = TracerProvider(
            resource=Resource.create({"service.namespace": "padfleet", "service.name": service}),
            id_generator=self._ids,  # type: ignore[arg-type]
            shutdown_on_exit=False,  # it would wait for a collector that is away
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("padfleet")

    def export(
        self,
        identity: TraceIdentity,
        name: str,
        began: int,
        ended: int,
        facts: Mapping[str, Attribute],
        *,
        root: bool,
        failed: str = "",
    ) -> None:
        """A span that is over. `failed` says how it failed, if it did."""
        api, ids = self._api, self._ids
        if root:
            ids.trace, ids.span = identity
            context = api.set_span_in_context(api.INVALID_SPAN)
        else:
            ids.span = 0
            parent = api.SpanContext(
                identity.trace, identity.root, is_remote=True, trace_flags=api.TraceFlags(1)
            )
            context = api.set_span_in_context(api.NonRecordingSpan(parent))
        span = self._tracer.start_span(
            name,
            context,
            kind=api.SpanKind.SERVER if root else api.SpanKind.INTERNAL,
            attributes={PREFIX + key: value for key, value in facts.items()},
            start_time=began,
        )
        if failed:
            span.set_status(api.StatusCode.ERROR, failed)
        # A machine whose clock is behind must not make a span that ends before it begins.
        span.end(max(began, ended))

    def close(self) -> None:
        # In a thread that may be left behind: the SDK tries again for a minute.
        closing = Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_DEADLINE)
