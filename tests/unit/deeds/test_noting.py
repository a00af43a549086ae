"""Entries of the audit log, and what an error says of a deed."""

from __future__ import annotations

import getpass
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.tools.audit.__main__ import AuditFilter
from padfleet.services.web.api.context import ApiError
from padfleet.shared.cold.paging import LONGEST_PLACE, PadSearch, PagePlace
from padfleet.shared.deeds import noting
from padfleet.shared.deeds.noting import outcome_of
from padfleet.shared.log.changes.edits import EditRefusal, Missing, Overtaken, Unanswered
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.fleet import audit
from padfleet.shared.log.fleet.audit import LONGEST, MOST_DETAILS, Doer
from padfleet.shared.log.fleet.inventory import ScanPlace
from padfleet.shared.log.inboxes.entry_lane import NotTaken
from padfleet.shared.log.pad.staging import PadExists

DOER = Doer("page", "Ada", "fleet token", "10.0.0.1")


@given(
    subject=st.text(),
    why=st.text(),
    details=st.dictionaries(st.text(max_size=20), st.text() | st.integers() | st.booleans()),
)
def test_an_entry_is_bounded_and_comes_back(
    subject: str, why: str, details: dict[str, str | int | bool]
) -> None:
    made = audit.entry(DOER._replace(who=subject), "delete", subject, "failed", why, details)
    assert len(made.subject) <= LONGEST
    assert len(made.details) <= MOST_DETAILS
    assert audit.decode(audit.encode(made)) == made


def test_half_a_character_is_no_reason_to_leave_it_out() -> None:
    made = audit.entry(DOER, "delete", "a\ud83d", "done", "", {"to": "\udc00"})
    assert audit.decode(audit.encode(made)).subject == "a?"


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"id": 1}', b"null"])
def test_what_is_no_entry_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - that it is one is all there is to say
        _ = audit.decode(data)


def test_an_entry_can_be_read_without_us() -> None:
    made = audit.entry(DOER, "move", "a", "done", "", {"to": "b"})
    found = json.loads(audit.encode(made))
    assert (found["deed"], found["subject"], found["details"]) == ("move", "a", {"to": "b"})
    assert found["time"].endswith("Z")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Missing("a"), "refused"),
        (PadExists(), "refused"),
        (EditRefusal("x"), "refused"),
        (Overtaken("x"), "refused"),
        (CorruptPad("x"), "refused"),
        (ApiError("x"), "refused"),
        (Unanswered("x"), "unknown"),
        (NotTaken("x"), "unknown"),
        (TimeoutError(), "unknown"),
        (OSError("x"), "failed"),
        (KeyError("x"), "failed"),
    ],
)
def test_what_an_error_says_of_a_deed(error: Exception, outcome: str) -> None:
    assert outcome_of(error, (ApiError,)) == outcome


def test_a_pad_that_is_not_there_is_not_named_as_the_reason() -> None:
    """Its name is recorded anyway."""
    assert (str(Missing("a")), Missing("a").pad_id) == ("there is no such pad", "a")


def test_the_user_who_runs_a_command_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ada")
    monkeypatch.setattr(getpass, "getuser", lambda: "root")
    assert noting.this_command().who == "root (ada)"
    monkeypatch.delenv("SUDO_USER")
    assert noting.this_command().who == "root"

    def nameless() -> str:
        raise KeyError

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert noting.this_command().who.isdigit()


def test_entries_are_chosen_by_what_they_were_done_to() -> None:
    made = audit.entry(DOER, "move", "team-a", "done", "", {"to": "b"})
    assert AuditFilter().takes(made)
    assert AuditFilter("team-*").takes(made)
    assert AuditFilter("b").takes(made), "under its new name"
    assert not AuditFilter("c").takes(made)
    assert not AuditFilter(deed="delete").takes(made)
    assert not AuditFilter(since=made.at / 1000 + 1).takes(made)


@given(
    st.builds(
        PagePlace,
        st.none() | st.builds(ScanPlace, st.text(max_size=60), st.integers(0, 2**64 - 1)),
        st.just(""),
    )
    | st.builds(PagePlace, st.none(), st.text(max_size=50))
)
def test_a_place_in_the_list_comes_back(place: PagePlace) -> None:
    text = place.to_text()
    assert PagePlace.from_text(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "é",
        "W10=",
        "WzFd",
        "WyIiLC0xXQ==",
        "WyIiLHRydWVd",
        "A" * (LONGEST_PLACE + 1),
        "bnVsbA==",
    ],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="place"):
        _ = PagePlace.from_text(text)


def test_names_are_found_in_capitals_or_not() -> None:
    search = PadSearch("tEaM")
    assert search.takes_name("my-Team-pad")
    assert not search.takes_name("tea")
    assert PadSearch("").takes_name("")
