"""Makes CLIENT_VARS: everything that a page is told when it joins.

The fields are those of Etherpad 3.3.1. Fields that a stock client reads have values; those that
only concern a function that the worker does not have are present in their "off" form, since pages
read some fields without asking whether they exist.
"""

import time
from collections.abc import Mapping
from typing import Any

from padfleet.services.fanout.delivery.session import SessionIdentity
from padfleet.services.fanout.transport.packets import PIECE, Frame, Parcel
from padfleet.shared.budget import Reservation
from padfleet.shared.documents import offered
from padfleet.shared.easysync import prepare_for_wire, to_units
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.palette import PALETTE
from padfleet.shared.wire.jsontext import dumps, dumps_in_pieces

_SHORTCUTS = [
    "altF9",
    "altC",
    "cmdShift2",
    "delete",
    "return",
    "esc",
    "cmdS",
    "tab",
    "cmdZ",
    "cmdY",
    "cmdI",
    "cmdB",
    "cmdU",
    "cmd5",
    "cmdShiftL",
    "cmdShiftN",
    "cmdShift1",
    "cmdShiftC",
    "cmdH",
    "ctrlHome",
    "pageUp",
    "pageDown",
    "cmdShiftD",
    "cmdShiftK",
]

_STATIC: dict[str, Any] = {
    "skinName": "colibris",
    "skinVariants": "super-light-toolbar super-light-editor light-background",
    "randomVersionString": "padfleet",
    "accountPrivs": {"maxRevisions": 100},
    "enableDarkMode": True,
    "privacyBanner": {
        "enabled": False,
        "title": "",
        "body": "",
        "learnMoreUrl": None,
        "dismissal": "dismissible",
    },
    "automaticReconnectionTimeout": 0,
    "initialRevisionList": [],
    "colorPalette": PALETTE,
    "padOptions": {
        "noColors": False,
        "showControls": True,
        "showChat": True,
        "showLineNumbers": True,
        "useMonospaceFont": False,
        "userName": None,
        "userColor": None,
        "rtl": False,
        "alwaysShowChat": False,
        "chatAndUsers": False,
        "lang": None,
        "fadeInactiveAuthorColors": True,
        "enforceReadableAuthorColors": True,
    },
    "padShortcutEnabled": dict.fromkeys(_SHORTCUTS, True),
    "opts": {},
    "sessionRefreshInterval": 86_400_000,
    # Not Etherpad's own soffice: this says what the worker's exports have.
    "sofficeAvailable": offered.for_stock_pages(),
    "exportAvailable": offered.for_stock_pages(),
    "docxExport": "docx" in offered.written(),
    "plugins": {"plugins": {}, "parts": []},
    "indentationOnNewLine": True,
    "scrollWhenFocusLineIsOutOfViewport": {
        "percentage": {"editionAboveViewport": 0, "editionBelowViewport": 0},
        "duration": 0,
        "scrollWhenCaretIsInTheLastLineOfViewport": False,
        "percentageToScrollWhenUserPressesArrowUp": 0,
    },
    "initialChangesets": [],
    "mode": "production",
}


class Greeting:
    """The part of CLIENT_VARS that is the same for all who join: the pad at one revision.

    On a pad with 2,000 authors it takes 10 ms to make, and a second on one with as many attributes
    as a pad may have, so it is kept for those who join together. Large parts are sent out of here,
    so that they are in memory once, however many sessions take them. A session is sent later
    revisions like any other that is behind.
    """

    def __init__(self, document: Document, authors: dict[str, Author]) -> None:
        """Takes the pad and its authors. Input from strangers may be long, and is encoded piece by
        piece, so that other threads have their turns in between: a JSON encoder in one piece never
        releases the interpreter."""
        attribs, pool = prepare_for_wire(document.atext.attribs, document.pool)
        self.rev = document.head
        self.epoch = document.epoch
        text = dumps_in_pieces(document.atext.text)
        known = {
            author.id: {"name": author.name, "colorId": author.color} for author in authors.values()
        }
        attributes = dumps_in_pieces(pool.to_jsonable()["numToAttrib"])
        self._members = (
            f'"initialAttributedText":{{"text":{text},"attribs":{dumps(attribs)}}},'
            f'"historicalAuthorData":{dumps_in_pieces(known)},'
            f'"apool":{{"numToAttrib":{attributes},"nextNum":{len(pool)}}},'
            f'"rev":{document.head},"time":{document.time}}}'
        ).encode()
        self.room: Reservation | None = (
            None  #: of what may be on its way out, as long as this lives
        )

    @property
    def size(self) -> int:
        """Returns how many bytes all sessions that are sent it share."""
        return len(self._members)

    def to(
        self,
        identity: SessionIdentity,
        me: Author,
        *,
        users: int,
        cookie_prefix: str,
        beside: bytes,
        rights: Mapping[str, Any],
        more: Mapping[str, Any],
    ) -> Frame | Parcel:
        """Returns CLIENT_VARS for one session. The pad's real id is in it only if the client named
        it itself.

        Arguments:
            beside: what `PadMetadata.variables` returns.
            rights: what this user may do to the pad.
            more: what hooks add; they may change any variable.
        """
        requested = to_units(identity.requested_id)
        variables = {
            "userColor": me.color,
            "padId": requested,
            "initialTitle": f"Pad: {requested}",
            "numConnectedUsers": users,
            "readOnlyId": identity.read_only_id,
            "readonly": identity.read_only,
            "serverTimestamp": int(time.time() * 1000),
            "userId": me.id,
            "cookiePrefix": cookie_prefix,
            **rights,
        }
        if me.name is not None:
            variables["userName"] = me.name
        own, pad_id = dumps(variables).encode(), dumps(requested).encode()
        # If a name occurs twice, the last one counts.
        extra = b"," + dumps(dict(more)).encode()[1:-1] if more else b""
        before = b'%b,%b,%b,"collab_client_vars":{"padId":%b,' % (
            _BEGINNING,
            beside,
            own[1:-1],
            pad_id,
        )
        parts = (before, self._members, extra + b"}}]")
        # A short message is quicker to copy than to send in parts.
        return Frame(b"".join(parts)) if self.size < PIECE else Parcel(parts, held=self)


_BEGINNING = b'42["message",{"type":"CLIENT_VARS","data":%b' % dumps(_STATIC).encode()[:-1]
