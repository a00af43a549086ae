"""The way of some submissions, as OpenTelemetry traces: from the worker that took it, through its
inbox and the writer, to the sockets of all workers. Off unless `PADFLEET_TRACE_SHARE` is set.

    if (trace := tracing.chosen(entry.origin)) is not None:
        trace.span("commit", began)

Nothing is added to what is stored or sent: a submission's trace is made of its origin, which every
process that it passes knows (see `identity`). So processes that trace and others, or older ones,
go together, and a submission that is not traced costs nothing but the question.

The switch is one for the process, as the metrics are: it would else have to be handed to everything
between the sockets and Redis.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import time_ns
from typing import Final, NamedTuple

from padfleet.shared.log.records import Origin
from padfleet.shared.tracing.export import Attribute, Exporter, NotInstalled
from padfleet.shared.tracing.identity import TraceIdentity, identify

__all__ = ["NotInstalled", "SubmissionTrace", "begin", "chosen", "end", "is_on", "whole"]

_exporter: Exporter | None = None
_share = 0.0


class SubmissionTrace(NamedTuple):
    """One submission whose way is traced. Times are ns since the epoch, of this machine's clock:
    between machines they are as good as their clocks are."""

    identity: TraceIdentity
    exporter: Exporter

    def span(self, name: str, began: int, ended: int | None = None, **facts: Attribute) -> None:
        """Something that was done for it, and has ended (now, unless said otherwise)."""
        self.exporter.export(self.identity, name, began, ended or time_ns(), facts, root=False)


def whole(origin: Origin, name: str, **facts: Attribute) -> AbstractContextManager[None]:
    """The span that the others of this submission are in, if it is traced: from taking it to having
    its answer, or giving up. From one process only, the one that took it."""
    return _NOTHING if _exporter is None else _whole(origin, name, facts)


_NOTHING: Final = nullcontext()
"""Every submission passes here: a context of its own, of which nothing comes, took it 1 µs."""


@contextmanager
def _whole(origin: Origin, name: str, facts: Mapping[str, Attribute]) -> Iterator[None]:
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
    """From now on so many of the submissions are traced (0 to 1). Raises `NotInstalled`."""
    global _exporter, _share
    if share > 0:
        _exporter, _share = Exporter(service), share


def end() -> None:
    """Sends what is left, as far as that goes quickly."""
    global _exporter, _share
    exporter, _exporter, _share = _exporter, None, 0.0
    if exporter is not None:
        exporter.close()


def is_on() -> bool:
    return _exporter is not None


def chosen(origin: Origin | None) -> SubmissionTrace | None:
    """None if tracing is off, or for most submissions, by chance; all processes with the same share
    choose the same."""
    if _exporter is None or origin is None:
        return None
    identity = identify(origin)
    return SubmissionTrace(identity, _exporter) if identity.is_within(_share) else None
