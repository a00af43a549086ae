"""This module passes finished spans to OpenTelemetry's SDK, which sends them to a collector.

The SDK is an extra of the package and is imported only if tracing is on, because it takes 0.3 s and
15 MB. It sends from its own thread. Spans that a collector does not take in time are dropped there
and delay nobody's edits.

OpenTelemetry's own variables say where spans are sent: `OTEL_EXPORTER_OTLP_ENDPOINT` (by default
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
"""The prefix of all attribute names."""

CLOSE_DEADLINE: Final = 2.0
"""How many seconds a process that is ending gives the collector to take the remaining spans."""


class NotInstalled(Exception):
    """OpenTelemetry is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "tracing needs OpenTelemetry, which is not installed: pip install 'padfleet[tracing]', "
            "or leave --trace-share (PADFLEET_TRACE_SHARE) at 0"
        )


class _Ids:
    """Gives the SDK, which asks for the IDs of each new span, the IDs that are already known."""

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
        """Sets up the SDK. `service` is the kind of process ("writer").

        Raises `NotInstalled`.
        """
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
        """Exports a span that has ended.

        Arguments:
            began: when it began, in ns since the epoch.
            ended: when it ended, in ns since the epoch.
            root: whether this is the span of the whole submission.
            failed: how it failed; empty if it did not.
        """
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
        # If a clock was set back meanwhile, the span must still not end before it begins.
        span.end(max(began, ended))

    def close(self) -> None:
        # This runs in a thread that may be left behind, because the SDK retries for a minute.
        closing = Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_DEADLINE)
