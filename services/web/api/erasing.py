"""Anonymizes an author, if the operator allows that."""

import logging
from typing import Any

from padfleet.services.web.api.context import Api, ApiError, Fields
from padfleet.shared.bounds import is_author_id
from padfleet.shared.cold.erasing import take_out_of
from padfleet.shared.cold.thawing import Thawing
from padfleet.shared.log.changes import erasure
from padfleet.shared.log.changes.erasure import ChatContended
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.people import contributions
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR

log = logging.getLogger(__name__)

OFF = (
    "anonymizeAuthor is disabled, since what it takes away cannot be brought back: "
    "PADFLEET_AUTHOR_ERASURE=true of the fan-out workers allows it"
)


async def anonymize_author(api: Api, fields: Fields) -> dict[str, Any]:
    """Removes from an author what identifies the person. Another call continues where an earlier
    one failed; for an author who is unknown or already erased, there is nothing to do."""
    if not api.settings.author_erasure:
        raise ApiError(OFF)
    author = fields.get("authorID")
    if not isinstance(author, str) or not author:
        raise ApiError("authorID is required")
    known = is_author_id(author) and author != SYSTEM_AUTHOR
    if not known or not await erasure.is_known(api.redis, author):
        return _counted(0, 0, 0, 0)
    async with api.noting("anonymize", author) as details:
        # Once the tokens are forgotten, the person cannot return as this author while the rest is
        # done.
        tokens, names = await erasure.forget_ways_to(api.redis, author)
        await erasure.take_name(api.redis, author)
        pads, messages, failed = await _pads(api, author)
        details.update(pads=pads, messages=messages)
        if failed:
            raise ApiError(
                "the author has no name any more, but is in the chats of pads that cannot be read: "
                f"{', '.join(failed[:10])}; call it again when they are repaired"
            )
        await erasure.settle(api.redis, author)
    log.info("author erased", extra={"author": author, "pads": pads, "messages": messages})
    return _counted(pads, tokens, names, messages)


async def _pads(api: Api, author: str) -> tuple[int, int, list[str]]:
    """Returns how many pads the author was on, how many of their messages there were, and what
    failed."""
    pads = dict.fromkeys(await contributions.pads_of(api.redis, api.keyspace, author))
    if isinstance(thawing := api.redis.elsewhere, Thawing):
        pads |= dict.fromkeys([pad async for pad in thawing.cold.pads_of_author(author)])
    messages, failed = 0, []
    for pad in pads:
        try:
            messages += await _out_of(api, pad, author)
        except (CorruptPad, ChatContended) as error:
            log.warning("author not erased on a pad", extra={"pad": pad, "error": str(error)})
            failed.append(pad)
    return len(pads), messages, failed


async def _out_of(api: Api, pad: str, author: str) -> int:
    """Removes the author from the chat wherever the pad is; returns how many messages were
    theirs."""
    here = await erasure.take_out_of_chat(api.redis, api.keyspace, pad, author)
    if not isinstance(thawing := api.redis.elsewhere, Thawing):
        return here
    await thawing.require_not_behind(pad)
    there, mark = await take_out_of(thawing.cold, pad, author)
    if mark == "live" and not here:
        # The pad may have been on its way into Redis, with what it had before.
        await thawing.bring(pad)
        here = await erasure.take_out_of_chat(api.redis, api.keyspace, pad, author)
    return max(here, there)


def _counted(pads: int, tokens: int, names: int, messages: int) -> dict[str, Any]:
    return {
        "affectedPads": pads,
        "removedTokenMappings": tokens,
        "removedExternalMappings": names,
        "clearedChatMessages": messages,
    }
