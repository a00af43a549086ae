"""This package traces some submissions with OpenTelemetry: from the worker that received one,
through its inbox and the writer, to the sockets of all workers. It is off unless
`PADFLEET_TRACE_SHARE` is set.

    if (trace := tracing.chosen(entry.origin)) is not None:
        trace.span("commit", began)

Nothing is added to what is stored or sent: the IDs of a trace are derived from the submission's
origin, which every process on its way knows (see `identity`). So processes with and without
tracing, and older ones, work together, and a submission that is not traced costs only this check.

Tracing is switched on for the whole process, as metrics are. Otherwise a tracer would have to be
passed to everything between the sockets and Redis.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import time_ns
from typing import Final, NamedTuple

from padfleet.shared.tracing.export import Attribute, Exporter, NotInstalled
from padfleet.shared.tracing.identity import SubmissionName, TraceIdentity, identify

__all__ = ["NotInstalled", "SubmissionTrace", "begin", "chosen", "end", "is_on", "whole"]

_exporter: Exporter | None = None
_share = 0.0


class SubmissionTrace(NamedTuple):
    """A submission that is traced. Times are in ns since the epoch by this machine's clock, so
    those of different machines are only comparable as far as their clocks agree."""

    identity: TraceIdentity
    exporter: Exporter

    def span(self, name: str, began: int, ended: int | None = None, **facts: Attribute) -> None:
        """Records something that was done for the submission, with its beginning and end.

        Arguments:
            ended: the time when it ended; by default, now.
        """
        self.exporter.export(self.identity, name, began, ended or time_ns(), facts, root=False)


def whole(origin: SubmissionName, name: str, **facts: Attribute) -> AbstractContextManager[None]:
    """Returns a context for the time from receiving a submission to having its answer, or giving
    up. If the submission is traced, this becomes the span around its other spans. Only the process
    that received the submission may use it."""
    return _NOTHING if _exporter is None else _whole(origin, name, facts)


_NOTHING: Final = nullcontext()
"""A context that does nothing. All submissions share it, because making one for each took 1 µs."""


@contextmanager
def _whole(origin: SubmissionName, name: str, facts: Mapping[str, Attribute]) -> Iterator[None]:
    began, failed = time_ns(), ""
    try:
        yield
    except BaseException as error:
        failed = type(error).__name__
        raise
    finally:
        if (trace := chosen(origin)) is not None:
            trace.exporter.export(
                trace.identity, name, began, time_ns(), facts, root=True, failed=failed
            )


def begin(service: str, share: float) -> None:
    """Begins to trace a `share` of the submissions, from 0 to 1. Raises `NotInstalled`."""
    global _exporter, _share
    if share > 0:
        _exporter, _share = Exporter(service), share


def end() -> None:
    """Ends tracing, and sends the remaining spans as far as that can be done quickly."""
    global _exporter, _share
    exporter, _exporter, _share = _exporter, None, 0.0
    if exporter is not None:
        exporter.close()


def is_on() -> bool:
    return _exporter is not None


def chosen(origin: SubmissionName | None) -> SubmissionTrace | None:
    """Returns the submission's trace, or None if the submission is not traced. Which ones are
    traced is random, but all processes with the same share choose the same ones."""
    if _exporter is None or origin is None:
        return None
    identity = identify(origin)
    return SubmissionTrace(identity, _exporter) if identity.is_within(_share) else None
