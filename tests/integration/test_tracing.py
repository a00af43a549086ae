"""Tests the trace of a revision as an OpenTelemetry collector receives it from a real fleet."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from padfleet.shared.client import connect
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.processes import free_ports

SECRET = "a text that nobody else may read"

WAY = {
    "fanout": {"submission", "put into the inbox", "hold", "send"},
    "writer": {"wait for the writer", "rebase", "commit"},
}


class Collector:
    """Takes what is sent to it, as OTLP over HTTP has it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.raw = b""
        self._port = port
        self._spans: list[tuple[str, Span]] = []
        self._runner: web.AppRunner

    async def __aenter__(self) -> "Collector":
        app = web.Application()
        app.router.add_post("/v1/traces", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {a.key: a.value.string_value for a in resource.resource.attributes}
            for scope in resource.scope_spans:
                self._spans += [(names["service.name"], span) for span in scope.spans]
        return web.Response(content_type="application/x-protobuf")

    def traces(self) -> dict[bytes, list[tuple[str, Span]]]:
        """Returns the traces that begin with a submission, whether complete or not."""
        found: dict[bytes, list[tuple[str, Span]]] = {}
        for service, span in self._spans:
            found.setdefault(span.trace_id, []).append((service, span))
        return {
            trace: spans
            for trace, spans in found.items()
            if any(span.name == "submission" for _, span in spans)
        }


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with Collector(free_ports(1)[0]) as running:
        yield running


def traced(share: str, url: str) -> dict[str, str]:
    return {
        "PADFLEET_TRACE_SHARE": share,
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }


async def test_the_way_of_a_revision_is_one_trace(
    redis_url: str, tmp_path: Path, collector: Collector
) -> None:
    with Fleet(redis_url, tmp_path, traced("1", collector.url)) as fleet:
        fleet.start()
        one, other = (f"{url}/p/traced" for url in fleet.urls)
        async with connect(one) as writes, connect(other) as reads:
            await writes.append(SECRET)
            await writes.flush()
            await reads.until(lambda: SECRET in reads.text)

            def complete() -> bool:
                return any(len(spans) >= 9 for spans in collector.traces().values())

            await eventually(complete, "all spans of the submission have come")
    (spans,) = [spans for spans in collector.traces().values() if len(spans) >= 9]
    names: dict[str, set[str]] = {"fanout": set(), "writer": set()}
    for service, span in spans:
        names[service].add(span.name)
    assert names == WAY
    # Both workers have sent it on, each to its sessions.
    assert [span.name for _, span in spans].count("send") == 2
    (root,) = [span for _, span in spans if span.name == "submission"]
    assert not root.parent_span_id
    others = [span for _, span in spans if span is not root]
    assert {span.parent_span_id for span in others} == {root.span_id}
    assert len({span.span_id for _, span in spans}) == len(spans)
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for _, span in spans)
    facts = {attribute.key: attribute.value for attribute in root.attributes}
    assert facts["padfleet.pad"].string_value == "traced"
    assert root.status.code == Status.STATUS_CODE_UNSET
    assert SECRET.encode() not in collector.raw


async def test_nothing_is_traced_unless_asked_for(
    redis_url: str, tmp_path: Path, collector: Collector
) -> None:
    with Fleet(redis_url, tmp_path, traced("0", collector.url)) as fleet:
        fleet.start(workers=1)
        async with connect(f"{fleet.urls[0]}/p/untraced") as pad:
            await pad.append("text")
            await pad.flush()
    assert not collector.raw


async def test_a_submission_that_nobody_took_is_shown_as_failed(
    redis_url: str, tmp_path: Path, collector: Collector
) -> None:
    settings = traced("1", collector.url) | {"PADFLEET_COMMIT_TIMEOUT_MS": "500"}
    with Fleet(redis_url, tmp_path, settings) as fleet:
        fleet.start(workers=1)
        async with connect(f"{fleet.urls[0]}/p/refused") as pad:
            await pad.append("text\n")
            await pad.flush()
            with redis.Redis.from_url(redis_url) as client:
                client.config_set("maxmemory", 1)
                try:
                    writing = asyncio.create_task(pad.append("not now"))

                    def failed() -> bool:
                        spans = [span for found in collector.traces().values() for _, span in found]
                        return any(span.status.message == "NotTaken" for span in spans)

                    await eventually(failed, "the failure is shown")
                finally:
                    client.config_set("maxmemory", 0)
            await writing


async def test_a_collector_that_is_away_costs_no_edit(redis_url: str, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    with Fleet(redis_url, tmp_path, traced("1", nowhere)) as fleet:
        fleet.start(workers=1)
        async with connect(f"{fleet.urls[0]}/p/alone") as pad:
            for number in range(20):
                await pad.append(f"{number}\n")
            await pad.flush()
    # And nobody waits for it at the end: `Fleet` kills who does, and they end with another code.
    assert [member.process.returncode for member in (*fleet.workers, *fleet.writers)] == [0, 0]
