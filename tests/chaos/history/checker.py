"""Checks whether a pad's history is what its clients were promised. Pure: recordings and a stream
go in, a verdict comes out.

It does not rely on the clients' own calculations: the checker rebases each submission itself, and
compares what came over the wire with the stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.chaos.history.findings import Finding, Kind, Verdict
from tests.chaos.history.recording import (
    Finished,
    GaveUp,
    Joined,
    Recording,
    ToldToReload,
    digest,
)
from tests.chaos.history.stay import Stay
from tests.chaos.history.story import Story
from tests.chaos.history.stream import Rollback, Stream

REFUSALS = frozenset({"badChangeset", "corruptPad"})
"""The reasons for which a client with valid changesets is never turned away."""


def check(
    recordings: Iterable[Recording], stream: Stream, rollbacks: Sequence[Rollback] = ()
) -> Verdict:
    """Checks the recordings of the stream's pad; those of other pads are ignored.

    Text that was not accepted may be lost to a client that is told to reload, and only then. A
    client may have been given something that is not in the stream in one case only: after a
    rollback that the caller knows of, to an earlier revision, if the client was told to reload.
    """
    mine = [recording for recording in recordings if recording.pad == stream.pad]
    verdict = Verdict(stream.pad, clients=len(mine), revisions=len(stream.revisions))
    story = Story(stream, _wanted(mine))
    _check_stream(story, verdict)
    for recording in mine:
        _check_client(recording, story, rollbacks, verdict)
    _check_agreement(mine, verdict)
    return verdict


def _wanted(recordings: list[Recording]) -> set[int]:
    return {
        event.rev
        for recording in recordings
        for event in recording.events()
        if isinstance(event, Joined | Finished)
    }


def _check_stream(story: Story, verdict: Verdict) -> None:
    for rev, text in story.faults:
        verdict.findings.append(Finding(Kind.BROKEN_STREAM, "", (rev,), text))
    for mark, revs in story.marks.items():
        if len(revs) > 1:
            verdict.findings.append(Finding(Kind.DOUBLED, "", tuple(revs), mark))
    for mark, rev in story.vanished():
        verdict.findings.append(Finding(Kind.VANISHED, "", (rev,), mark))


def _check_client(
    recording: Recording, story: Story, rollbacks: Sequence[Rollback], verdict: Verdict
) -> None:
    client = recording.client
    stay: Stay | None = None
    finished = False

    def note(kind: Kind, text: str, *revs: int) -> None:
        verdict.findings.append(Finding(kind, client, revs, text))

    for event in recording.events():
        if finished:
            note(Kind.BAD_RECORDING, f"{type(event).__name__} after the end")
            break
        match event:
            case Joined():
                if stay is not None:
                    note(Kind.BAD_RECORDING, "joined anew without being told to reload", event.rev)
                    stay.end(verdict, told=False, rollbacks=rollbacks)
                stay = Stay(client, event, story)
            case ToldToReload(reason):
                verdict.reloads[reason] += 1
                if reason in REFUSALS:
                    note(Kind.REFUSED, f"told {reason}", *([stay.rev] if stay else []))
                if stay is not None:
                    stay.end(verdict, told=True, rollbacks=rollbacks)
                stay = None
            case GaveUp(why):
                note(Kind.GAVE_UP, why, *([stay.rev] if stay else []))
            case Finished():
                finished = True
                _check_end(client, stay, event, story, verdict)
            case _ if stay is not None:
                stay.take(event)
    if not finished:
        note(Kind.AWAY, "its recording has no end")
    if stay is not None:
        stay.end(verdict, told=False, rollbacks=rollbacks)


def _check_end(
    client: str, stay: Stay | None, end: Finished, story: Story, verdict: Verdict
) -> None:
    def note(kind: Kind, text: str) -> None:
        verdict.findings.append(Finding(kind, client, (end.rev,), text))

    if stay is None or not end.connected:
        note(Kind.AWAY, "not on the pad")
    if stay is None:
        return
    stay.unsent = end.unsent
    if end.rev != stay.rev:
        note(Kind.BAD_RECORDING, f"it ends at {end.rev}, having been brought to {stay.rev}")
    expected = story.digest_at(end.rev)
    if expected != digest(end.text):
        length = f"{len(end.text)} characters"
        what = "there is no such revision" if expected is None else "the stream's text is another"
        note(Kind.DIVERGED, f"{length}; {what}")
    if end.rev < story.head:
        note(Kind.BEHIND, f"the head is {story.head}")


def _check_agreement(recordings: list[Recording], verdict: Verdict) -> None:
    first: dict[int, tuple[str, str]] = {}
    for recording in recordings:
        for event in recording.events():
            if isinstance(event, Finished):
                here = digest(event.text)
                client, there = first.setdefault(event.rev, (recording.client, here))
                if here != there:
                    text = f"not what {client} has"
                    verdict.findings.append(
                        Finding(Kind.DISAGREE, recording.client, (event.rev,), text)
                    )
