"""Keeps the texts that the typing clients of one process have on their screens.

A hundred clients of a pad receive the same revisions. A text is therefore a `Page`, and the page
that follows it upon a revision is worked out once for all clients that are on it. This takes
nothing for granted: clients are on one page only if they have the same text at the same revision,
and each got there by what it was given itself. A client that is given something else, or in another
order, is on another page. The alternative, a `Collaborator` for each client, costs a hundred times
as much, and a core for thirty clients.
"""

from __future__ import annotations

from weakref import WeakValueDictionary

from padfleet.shared.easysync import AttributePool, apply_to_text, move_ops_to_new_pool
from padfleet.shared.wire.jsontext import loads
from tests.chaos.history.recording import Received, digest


class Page:
    """A text at a revision. Following pages can be reached from here, earlier ones cannot: a page
    that no client has on its screen any more disappears."""

    __slots__ = ("__weakref__", "following", "rev", "text")

    def __init__(self, rev: int, text: str) -> None:
        self.rev = rev
        self.text = text
        self.following: dict[str, Page] = {}  #: by changeset, in the numbers of the book's pool


class Book:
    """All pages of one pad, and one pool for the changesets of all its clients."""

    def __init__(self) -> None:
        self.pool = AttributePool()
        self._pages: WeakValueDictionary[tuple[int, str], Page] = WeakValueDictionary()
        self._moved: dict[Received, str] = {}

    def page(self, rev: int, text: str) -> Page:
        key = (rev, digest(text))
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = Page(rev, text)
        return page

    def moved(self, revision: Received) -> str:
        """Returns the revision's changeset in the numbers of the book's pool. Raises
        `EasysyncError`."""
        changeset = self._moved.get(revision)
        if changeset is None:
            if len(self._moved) > 4096:
                self._moved.clear()  # it is for clients that are served at about the same time
            pool = AttributePool.from_jsonable(loads(revision.pool))
            changeset = move_ops_to_new_pool(revision.changeset, pool, self.pool)
            self._moved[revision] = changeset
        return changeset

    def after(self, page: Page, changeset: str, rev: int) -> Page:
        """Returns the page that a changeset, in the numbers of the book's pool, leads to. Raises
        `EasysyncError` if it does not fit."""
        following = page.following.get(changeset)
        if following is None or following.rev != rev:
            following = self.page(rev, apply_to_text(changeset, page.text))
            page.following[changeset] = following
        return following
