"""Checks what a transaction tells the workers against what is stored (I1, I2, I5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from padfleet.shared.log.channel_messages import Committed, decode_message
from padfleet.shared.log.records import Revision
from tests.world.guards.answers import Told
from tests.world.guards.histories import Histories
from tests.world.guards.keys import pad_of, state_of
from tests.world.redis.call import Call
from tests.world.redis.server import Server


def look_at_announcements(
    found: Callable[[str], None],
    histories: Histories,
    server: Server,
    call: Call,
    new: Mapping[bytes, Sequence[Revision]],
) -> Told:
    """Returns what the workers were told. Revisions that they are told of have to be there, and
    `new` ones were made under the reign that they are told."""
    told = Told({}, set(), set())
    for channel, data in call.published:
        if data[:1] == b"D":
            told.gone.add(pad_of(channel))
        if data[:1] != b"R":
            continue
        message = decode_message(data)
        assert isinstance(message, Committed)
        told.origins.update(each.origin for each in message.revisions if each.origin is not None)
        told.origins.update(outcome.origin for outcome in message.outcomes)
        for revision in message.revisions if channel not in histories.damaged else ():
            if (revision.rev, revision.chain) not in histories.ever[channel]:
                found(f"I1 {pad_of(channel)}: told of {revision.rev}, which is not there")
        reign = state_of(server, channel).get(b"reign", b"").decode()
        if new.get(channel) and message.reign != reign:
            found(f"I5 {pad_of(channel)}: said to be of the reign {message.reign}, not {reign}")
        for outcome in message.outcomes:
            origin = outcome.origin
            rev = histories.revision_of(channel, origin)
            if outcome.kind in ("refused", "accepted") and rev is not None:
                found(
                    f"I2 {pad_of(channel)}: submission {origin.seq} of {origin.session} is "
                    f"revision {rev}, and was {outcome.kind}"
                )
            told.outcomes[origin] = outcome.kind
    return told
