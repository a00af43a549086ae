"""Loads the costs: measured figures, each with its unit and its source."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any, Final

FORMAT: Final = "padfleet-constants/1"


class BadConstants(ValueError):
    """The file cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Constants:
    """The costs of everything. CPU times are seconds of one core of the machine that was measured;
    memory is in bytes."""

    worker_submission_s: float  #: taking in one edit and handing it to the writer
    worker_turn_s: float  #: learning what was committed on a pad, and its turn to flush
    worker_own_s: float  #: telling an author that their edit is in, at its place among the others
    worker_write_s: float  #: one write to one socket, the kernel's part included
    worker_byte_s: float  #: each byte of it
    worker_deflate_s: float  #: one message for all who are sent it alike
    worker_deflate_byte_s: float  #: each byte of it
    worker_ping_s: float  #: a ping and its answer
    worker_join_s: float  #: one socket's arrival, until it is on its pad
    worker_join_person_s: float  #: the part of a join for each person who is there already
    worker_poll_s: float  #: one request of a client that polls
    worker_idle_cores: float  #: share of a core of a worker that nobody uses
    writer_idle_cores: float  #: share of a core of a writer that has nothing to commit
    writer_commit_s: float  #: one revision
    writer_stale_s: float  #: one revision whose author did not know those before it
    writer_pad_s: float  #: each pad in a call
    writer_call_s: float  #: each partition's call in a round
    writer_round_s: float  #: one round of reading the inboxes
    redis_idle_cores: float  #: share of a core if there are only health checks, leases and canaries
    redis_commit_s: float  #: one revision, from inbox to announcement
    redis_call_s: float  #: one call of the commit script
    redis_round_s: float  #: one read of the inboxes
    redis_publish_s: float  #: telling one worker
    worker_process_bytes: float
    worker_socket_bytes: float
    worker_room_bytes: float  #: an open pad, beside its revisions
    worker_revision_bytes: float  #: each revision that a worker holds of an open pad
    writer_process_bytes: float
    writer_pad_bytes: float
    redis_pad_bytes: float
    redis_revision_bytes: float  #: one of the newest revisions, which are kept one by one
    redis_packed_bytes: float  #: one of the older revisions, in chunks
    kernel_socket_bytes: float  #: memory of the node for each connection
    wire_revision_bytes: float  #: what is left of the bytes of revisions that are deflated
    wire_deflated_share: float  #: of the bytes of revisions, what is left where they are deflated
    wire_submission_bytes: float  #: a submission from a client
    wire_packet_bytes: float  #: headers of TCP and IP

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not math.isfinite(value) or value < 0:
                raise BadConstants(f"{field.name} is {value!r}; it has to be a number from 0 up")


NAMES: Final = tuple(field.name for field in fields(Constants))


def unit_of(name: str) -> str:
    """Returns the unit of a constant, in which its name ends."""
    return {"s": "s", "bytes": "bytes", "cores": "cores", "share": "share"}[name.rpartition("_")[2]]


@dataclass(frozen=True, slots=True)
class Provenance:
    """The origin of a set of constants."""

    machine: Mapping[str, Any]
    date: str
    commit: str
    sources: Mapping[str, str]  #: the benchmark behind each constant, or that it is assumed


def parse(text: str, where: str) -> tuple[Constants, Provenance]:
    """Parses constants. Raises `BadConstants`."""
    try:
        data = json.loads(text)
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise BadConstants(f"{where} is no {FORMAT}; padfleet plan --calibrate makes one")
        entries = data["constants"]
        missing = [name for name in NAMES if name not in entries]
        if missing:
            raise BadConstants(
                f"{where} lacks {', '.join(missing)}; make it again with padfleet plan --calibrate"
            )
        values = {name: float(entries[name]["value"]) for name in NAMES}
        sources = {name: str(entries[name]["from"]) for name in NAMES}
        provenance = Provenance(data["machine"], data["date"], data["commit"], sources)
    except BadConstants:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadConstants(f"{where} cannot be read: {error!r}") from error
    return Constants(**values), provenance


def dump(constants: Constants, provenance: Provenance) -> str:
    """Returns the constants as JSON, each with its unit and the measurement that it comes from."""
    entries = {
        name: {
            "value": float(f"{getattr(constants, name):.4g}"),
            "unit": unit_of(name),
            "from": provenance.sources[name],
        }
        for name in NAMES
    }
    data = {
        "format": FORMAT,
        "machine": dict(provenance.machine),
        "date": provenance.date,
        "commit": provenance.commit,
        "constants": entries,
    }
    return json.dumps(data, indent=1) + "\n"


def load(path: Path | None = None) -> tuple[Constants, Provenance]:
    """Loads constants from a file, or those that come with padfleet. Raises `BadConstants` or
    OSError."""
    if path is not None:
        return parse(path.read_text(), str(path))
    name = "constants.json"
    return parse(resources.files("padfleet.services.tools.plan").joinpath(name).read_text(), name)
