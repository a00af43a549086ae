"""This module deletes a pad that is in the cold store, without bringing it into Redis."""

from padfleet.shared.cold.errors import Overwritten
from padfleet.shared.cold.pads import ColdHead, ColdPads
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.several import read_heads
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.moving import forget_witness
from padfleet.shared.log.people import groups


async def remove_cold(
    redis: Redis, keyspace: Keyspace, cold: ColdPads, pad: str, over: ColdHead | None = None
) -> bool:
    """Deletes the pad. Returns False, with nothing done, if the pad is not in the cold store alone,
    or is not as `over` says; None accepts any state.

    A process that wants the pad at the same moment either gets it or finds that it does not exist:
    both change the store first, and one of them gets `Overwritten`.

    Raises what `UNREACHABLE` lists, or `CorruptPad`.
    """
    (here,) = await read_heads(redis, [keyspace.pad(pad)])
    if isinstance(here, Exception) or here.head >= 0:
        return False
    found = over if over is not None else await cold.look(pad)
    if found is None or found.mark != "frozen":
        return False
    # What is left behind would make the next pad of this name look like one that was lost.
    await forget_witness(redis, keyspace, pad)
    try:
        await cold.delete(pad, found)
    except Overwritten:
        return False
    if (group := groups.group_of(pad)) is not None:
        await groups.remove_pad(redis, group, pad)
    return True
