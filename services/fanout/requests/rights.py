"""This module finds out what users may do to a pad besides writing on it: delete it, and set how
it looks for everybody."""

from contextlib import suppress
from typing import Any

from padfleet.services.fanout.delivery.session import SessionIdentity
from padfleet.services.fanout.hub.room import Room
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.pad.chat import NoPad
from padfleet.shared.log.pad.deletion import make_deletion_token
from padfleet.shared.log.pad.options import OptionsContended, change_options
from padfleet.shared.settings import FanoutSettings


async def rights_of(
    redis: Redis, room: Room, identity: SessionIdentity, settings: FanoutSettings
) -> dict[str, Any]:
    """Returns the variables of CLIENT_VARS that tell a page about these rights.

    A pad's creator receives its deletion token on the first visit, and never again. Creators who
    may delete the pad anyway need no token: either because everybody may, or because they are known
    by more than a browser's cookie, and keep their identity when it is lost.

    Raises what `UNREACHABLE` lists.
    """
    made_it = not identity.read_only and identity.author == room.metadata.creator
    without = _needs_no_token(identity, settings)
    token = None
    if made_it and not without:
        token = await make_deletion_token(redis, room.keys, room.epoch)
    return _told(settings, sets=made_it, token=token, without=without)


def rights_of_onlookers(identity: SessionIdentity, settings: FanoutSettings) -> dict[str, Any]:
    """Returns the same variables for somebody who looks at a pad and is not on it."""
    without = _needs_no_token(identity, settings)
    return _told(settings, sets=False, token=None, without=without)


def _needs_no_token(identity: SessionIdentity, settings: FanoutSettings) -> bool:
    return settings.pad_deletion_by_all or identity.expires is not None


def _told(
    settings: FanoutSettings, *, sets: bool, token: str | None, without: bool
) -> dict[str, Any]:
    return {
        "enablePadWideSettings": settings.pad_wide_settings,
        "enablePluginPadOptions": settings.pad_wide_settings,
        "canEditPadSettings": sets and settings.pad_wide_settings,
        "padDeletionToken": token,
        "canDeleteWithoutToken": without,
    }


async def begin_with(
    redis: Redis, room: Room, author: str, defaults: Any, settings: FanoutSettings
) -> None:
    """Makes a new pad look the way its creator's own page does.

    Raises what `UNREACHABLE` lists.
    """
    if not settings.pad_wide_settings or not isinstance(defaults, dict):
        return
    await room.metadata.settled()
    if room.metadata.creator == author:
        with suppress(NoPad, OptionsContended):  # then it looks like any other pad
            room.metadata.are_set(await change_options(redis, room.keys, defaults, fresh=True))
