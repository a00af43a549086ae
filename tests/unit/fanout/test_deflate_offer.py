"""Tests the negotiation of permessage-deflate from the offers of clients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.fanout.transport.deflate_offer import negotiate

PLAIN = "permessage-deflate; client_no_context_takeover"
NARROW = f"{PLAIN}; server_max_window_bits=12"


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        ("permessage-deflate", PLAIN),
        ("permessage-deflate; client_max_window_bits", PLAIN),  # Chromium, Firefox, ws
        ("permessage-deflate;client_max_window_bits=15", PLAIN),
        ('permessage-deflate; client_max_window_bits="8"', PLAIN),
        ("Permessage-Deflate ; Client_No_Context_Takeover", PLAIN),
        # Python's `websockets`
        ("permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", NARROW),
        ("permessage-deflate; server_max_window_bits=15", NARROW),
        ('permessage-deflate; server_max_window_bits = "13"', NARROW),
        # One that cannot be met, or is not understood, and then one that can.
        ("permessage-deflate; server_max_window_bits=9, permessage-deflate", PLAIN),
        ("permessage-deflate; server_no_context_takeover,permessage-deflate", PLAIN),
        ("permessage-bzip2; level=9, permessage-deflate; client_max_window_bits", PLAIN),
        ("x-webkit-deflate-frame, permessage-deflate", PLAIN),
        ("permessage-deflate; unheard_of, permessage-deflate", PLAIN),
    ],
)
def test_what_can_be_met_is_accepted(offer: str, answer: str) -> None:
    assert negotiate([offer]) == answer


@pytest.mark.parametrize(
    "offer",
    [
        "",
        ",",
        "gzip",
        "permessage-deflate2",
        "permessage-deflate; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits",  # has to have a value
        "permessage-deflate; server_max_window_bits=11",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=012",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=12; server_max_window_bits=12",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=x",
        "permessage-deflate; client_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; unheard_of",
        "permessage-deflate client_max_window_bits",
        "permessage-deflate; =12",
        "permessage-deflate; client_max_window_bits=",
        'permessage-deflate; client_max_window_bits="12',
    ],
)
def test_what_cannot_be_met_is_declined(offer: str) -> None:
    assert negotiate([offer]) is None


def test_offers_may_stand_in_several_headers() -> None:
    assert negotiate(["gzip", "permessage-deflate; server_max_window_bits=14"]) == NARROW
    assert negotiate([]) is None


@given(st.lists(st.text(st.sampled_from('permssage-dflt;,= "_12xwinow\tä'), max_size=80)))
def test_anything_else_is_declined_without_an_error(headers: list[str]) -> None:
    assert negotiate(headers) in (None, PLAIN, NARROW)
