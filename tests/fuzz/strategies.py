"""Defines Hypothesis strategies for what comes over a socket. Cases that fail are reduced to small
ones.

The generators of `messages` and `values` draw from a `random.Random`, which Hypothesis can control,
and so shrink what they make. Pure structure is written as a strategy here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

from padfleet.shared.wire.jsontext import dumps
from tests.fuzz import corpus, messages, values
from tests.fuzz.mutate import PIECES
from tests.unit.easysync.strategies import texts as unit_texts

T = TypeVar("T")


def _among(options: Sequence[T]) -> st.SearchStrategy[T]:
    """Does what `sampled_from` does, whose repr contains all of the options, which are long."""
    return st.integers(0, len(options) - 1).map(lambda place: options[place])


sources = st.randoms(use_true_random=False)

texts = st.one_of(st.text(max_size=20), _among(values.TEXTS), _among(PIECES), unit_texts)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(values.NUMBERS),
        texts,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(values.KEYS), texts), inner, max_size=4),
    ),
    max_leaves=8,
)

numerals = st.sampled_from(["0", "1", "2", "7", "a", "m", "n", "01", "zz", "zzzzzzzzzzz", "z" * 50])

ops = st.builds(
    lambda attribs, lines, opcode, chars: attribs + lines + opcode + chars,
    st.sampled_from(["", "*0", "*0*1", "*1*0", "*9", "*03", "*"]),
    st.one_of(st.just(""), numerals.map("|{}".format)),
    st.sampled_from("+-="),
    numerals,
)

changesets = st.one_of(
    st.builds(
        lambda old, sign, change, found, bank: f"Z:{old}{sign}{change}{''.join(found)}${bank}",
        numerals,
        st.sampled_from("<>"),
        numerals,
        st.lists(ops, max_size=5),
        texts,
    ),
    st.text("Z:<>+-=|*$0129az\n\ud83dé", max_size=30),
    sources.map(lambda source: values.likely_changeset(source, len(corpus.PAD_TEXT))),
)

pools = st.one_of(
    json_values,
    sources.map(values.some_pool),
    st.fixed_dictionaries(
        {
            "numToAttrib": st.dictionaries(
                st.one_of(st.integers(0, 5).map(str), texts),
                st.lists(texts, max_size=3),
                max_size=4,
            ),
            "nextNum": st.one_of(st.integers(), json_values),
        },
        optional={"attribToNum": json_values, "__proto__": json_values},
    ),
)

_datas = {
    "USER_CHANGES": {"baseRev": st.integers(-1, 3), "changeset": changesets, "apool": pools},
    "USERINFO_UPDATE": {"userInfo": json_values},
    "PAD_DELETE": {"data": json_values},
    "CHAT_MESSAGE": {"message": json_values},
    "GET_CHAT_MESSAGES": {"start": json_values, "end": json_values},
    "CLIENT_MESSAGE": {"payload": json_values},
}

collab = st.sampled_from(sorted(_datas)).flatmap(
    lambda kind: st.fixed_dictionaries({}, optional=_datas[kind]).map(
        lambda data: {
            "type": "COLLABROOM",
            "component": "pad",
            "data": {"type": kind, **data},
        }
    )
)

client_ready = st.fixed_dictionaries(
    {"type": st.just("CLIENT_READY"), "component": st.just("pad")},
    optional={
        "padId": st.one_of(texts, json_values),
        "token": st.one_of(st.just("t.abc"), json_values),
        "userInfo": json_values,
        "reconnect": json_values,
        "client_rev": json_values,
        "supports": json_values,
        "protocolVersion": json_values,
    },
)

other_messages = st.fixed_dictionaries(
    {"type": st.one_of(st.sampled_from(["CHANGESET_REQ", "SAVE_REVISION", "COLLABROOM"]), texts)},
    optional={"component": st.one_of(st.just("pad"), json_values), "data": json_values},
)

etherpad_messages = st.one_of(collab, client_ready, other_messages, json_values)

socketio_packets = st.builds(
    lambda kind, namespace, ack, name, arguments: (
        f"{kind}{namespace}{ack}{dumps([name, *arguments])}"
    ),
    st.sampled_from(["2", "2", "2", "2", "3", "5", "51-", "6", "61-", "0", "1", "4"]),
    st.sampled_from(["", "", "", "/,", "/other,", "/x?y=1,", "/"]),
    st.one_of(st.just(""), st.integers(0, 10**20).map(str), st.sampled_from(["²", "٣", "9" * 101])),
    st.one_of(st.sampled_from(messages.EVENTS), json_values),
    st.lists(etherpad_messages, max_size=2),
)

engineio_packets = st.one_of(
    socketio_packets.map("4".__add__),
    _among(corpus.packet_texts()),
    st.builds("{}{}".format, st.sampled_from("0123456789b"), texts),
    sources.map(messages.packet),
)
