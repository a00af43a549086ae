"""Tests joining, editing and coming back with the pad's driver, over real sockets to a server in
this process."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Coroutine

import aiohttp
import pytest
import uvloop

from padfleet.shared import client
from padfleet.shared.client import (
    Accepted,
    Changed,
    ConnectionLost,
    Disconnected,
    EditsLost,
    PadError,
    PadLeft,
    ProtocolError,
    TooLarge,
    connect,
)
from padfleet.shared.client import dialer as dialer_module
from padfleet.shared.client import joining as joining_module
from padfleet.shared.client import line as line_module
from padfleet.shared.client.backoff import LONGEST, STEADY, Backoff
from padfleet.shared.client.line import PadUrl
from padfleet.shared.easysync import make_splice
from tests.eventually import eventually
from tests.unit.client.pad_server import PadServer, serving, within


@pytest.fixture
def second(server: PadServer) -> PadServer:
    return PadServer(server.model)


# --- Joining -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "base", "pad_id"),
    [
        ("http://h:1/p/x", "http://h:1", "x"),
        ("https://h/pre/fix/p/x/", "https://h/pre/fix", "x"),
        ("http://h/p/a%2Fb%20c", "http://h", "a/b c"),
        ("http://h/p/r.0123?showChat=true#L1", "http://h", "r.0123"),
        ("http://[::1]:9001/p/x", "http://[::1]:9001", "x"),
    ],
)
def test_a_pads_address_is_split_into_server_and_id(url: str, base: str, pad_id: str) -> None:
    assert PadUrl.parse(url) == PadUrl(base, pad_id)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "h:1/p/x",
        "ftp://h/p/x",
        "http://h/x",
        "http://h/p/",
        "http://h/p//",
        "http:///p/x",
        "http://[::1/p/x",
        "http://h:99999/p/x",
        "http://h:x/p/x",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(PadError, match="is not the address of a pad"):
        PadUrl.parse(url)


def test_the_pads_id_goes_whole_into_the_query() -> None:
    url = PadUrl("https://h/pre", "a&b=c d").socket()
    assert url == "wss://h/pre/socket.io/?padId=a%26b%3Dc%20d&EIO=4&transport=websocket"


async def test_a_client_says_who_it_is_and_what_it_understands(server: PadServer) -> None:
    async with serving(server) as (url,):
        async with connect(url, name="Nora", color="#aabbcc", token="t.12345678901234567890"):
            pass
        async with connect(url, batch=False):
            pass
    first, second = server.came
    assert first == {
        "component": "pad",
        "type": "CLIENT_READY",
        "padId": "test",
        "token": "t.12345678901234567890",
        "userInfo": {"name": "Nora", "colorId": "#aabbcc"},
        "supports": ["ACKNOWLEDGEMENTS", "SESSIONS", "USERS", "NEW_CHANGES_BATCH"],
    }
    assert re.fullmatch(r"t\.[A-Za-z0-9_-]{20}", second["token"])
    assert second["supports"] == ["ACKNOWLEDGEMENTS", "SESSIONS", "USERS"]


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        ({"accessStatus": "deny"}, PadError, "no access to this pad: deny"),
        ({"disconnect": "rejected"}, Disconnected, "rejected"),
        ({"type": "NEWS"}, ProtocolError, "expected CLIENT_VARS, got NEWS"),
        ({"type": "CLIENT_VARS", "data": None}, ProtocolError, "expected CLIENT_VARS"),
    ],
)
async def test_a_client_that_is_refused_is_told_why(
    server: PadServer, answer: dict[str, object], error: type[Exception], says: str
) -> None:
    server.answer = answer
    async with serving(server) as (url,):
        with pytest.raises(error, match=says):
            async with connect(url):
                pass


async def test_connect_says_that_nobody_is_there() -> None:
    with pytest.raises(ConnectionLost, match=r"cannot connect to http://127.0.0.1:9"):
        async with connect("http://127.0.0.1:9/p/x"):
            pass


async def test_the_next_address_is_tried_when_one_does_not_answer(server: PadServer) -> None:
    async with serving(server) as (url,), connect(["http://127.0.0.1:9/p/test", url]) as pad:
        assert pad.text == "hello\n"


async def test_the_next_address_is_tried_when_one_hangs(
    server: PadServer, second: PadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialer_module, "DIAL_TIMEOUT", 0.2)
    server.hangs = True
    async with serving(server, second) as urls, connect(urls) as pad:
        assert pad.text == "hello\n"


async def test_who_is_dropped_while_joining_joins_elsewhere(
    server: PadServer, second: PadServer
) -> None:
    """A worker that drains closes the connections of those who are not on a pad yet."""
    server.drops = True
    async with serving(server, second) as urls, connect(urls) as pad:
        assert pad.text == "hello\n"
    assert (len(server.came), len(second.came)) == (1, 1)


async def test_who_is_dropped_each_time_while_joining_is_told_so(
    server: PadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining_module, "JOIN_PATIENCE", 0.3)
    server.drops = True
    async with serving(server) as (url,):
        with pytest.raises(ConnectionLost):
            async with connect(url):
                pass
    assert len(server.came) > 1


async def test_who_does_not_want_to_come_back_joins_once(server: PadServer) -> None:
    server.drops = True
    async with serving(server) as (url,):
        with pytest.raises(ConnectionLost):
            async with connect(url, resume=False):
                pass
    assert len(server.came) == 1


# --- Being there ---------------------------------------------------------------------------------


async def test_an_edit_arrives_at_the_others_as_an_event(
    server: PadServer, second: PadServer
) -> None:
    async with (
        serving(server, second) as (one, two),
        connect(one) as writer,
        connect(two) as reader,
        connect(two, text_only=True) as text_reader,
    ):
        await writer.append("more 😀\n")
        assert (writer.rev, writer.text) == (1, "hellomore \ud83d\ude00\n\n")
        for pad in (reader, text_reader):
            async for event in pad:
                assert isinstance(event, Changed)
                assert (event.rev, event.author) == (1, writer.author_id)
                break
            assert pad.text == writer.text
        async for event in writer:
            assert event == Accepted(1)
            break


@pytest.mark.parametrize("batch", [True, False])
async def test_revisions_that_gathered_come_in_one_message_to_those_who_understand(
    server: PadServer, second: PadServer, batch: bool
) -> None:
    second.hold = asyncio.Event()
    async with (
        serving(server, second) as (one, two),
        connect(one) as writer,
        connect(two, batch=batch) as reader,
    ):
        for word in ("one ", "two ", "three "):
            await writer.append(word)
        second.hold.set()
        await within(reader, lambda: reader.rev == 3)
        assert reader.text == writer.text
        counts = reader.state.counts
        assert (counts.revisions, counts.batches, counts.batched) == (
            (3, 1, 3) if batch else (3, 0, 0)
        )
        assert reader.traffic.messages == 3 + (1 if batch else 3)  # open, connect, CLIENT_VARS


async def test_pings_are_answered_also_while_nobody_asks(server: PadServer) -> None:
    async with serving(server) as (url,), connect(url):
        await server.tell("2")
        await eventually(lambda: server.pongs == ["3"], "the pong")


async def test_bytes_are_counted_as_they_were_sent(server: PadServer) -> None:
    async with serving(server) as (url,), connect(url) as pad:
        before = pad.traffic.bytes
        news = '42["message",{"type":"é😀"}]'
        await server.tell(news)
        await within(pad, lambda: pad.traffic.messages == 4)
        assert pad.traffic.bytes - before == len(news.encode())


async def test_I3_a_gap_ends_the_session_with_both_numbers(server: PadServer) -> None:
    async with serving(server) as (url,), connect(url) as pad:
        await server.tell(
            '42["message",{"type":"COLLABROOM","data":{"type":"NEW_CHANGES","newRev":7,'
            '"changeset":"Z:6>0$","apool":{"numToAttrib":{},"nextNum":0},"author":""}}]'
        )
        with pytest.raises(ProtocolError, match="revision 7 came at revision 0"):
            await within(pad, lambda: pad.rev == 7)
        with pytest.raises(ProtocolError):
            await pad.append("x")


@pytest.mark.parametrize("packet", ["hello", '42["message"', "bAAAA", "451-[]"])
async def test_what_is_no_packet_ends_the_session(server: PadServer, packet: str) -> None:
    async with serving(server) as (url,), connect(url) as pad:
        await server.tell(packet)
        with pytest.raises(ProtocolError):
            await within(pad, lambda: False)


async def test_a_client_that_is_told_to_leave_leaves(server: PadServer) -> None:
    async with serving(server) as (url,), connect(url) as pad:
        await server.tell('42["message",{"disconnect":"deleted"}]')
        with pytest.raises(Disconnected) as caught:
            await within(pad, lambda: False)
        assert caught.value.reason == "deleted"


async def test_names_are_known_also_of_those_who_have_left(server: PadServer) -> None:
    who = '"userInfo":{"userId":"a.x","name":"Nora","colorId":3}'
    async with serving(server) as (url,), connect(url) as pad:
        for kind in ("USER_NEWINFO", "USER_LEAVE"):
            await server.tell(
                f'42["message",{{"type":"COLLABROOM","data":{{"type":"{kind}",{who}}}}}]'
            )
        await within(pad, lambda: pad.traffic.messages == 5)
        assert pad.users == {}
        assert pad.names == {"a.x": "Nora"}


async def test_a_condition_is_looked_at_after_each_message_and_not_in_between(
    server: PadServer,
) -> None:
    """It may do something: a text that it saw is there while it looks."""
    async with serving(server) as (url,), connect(url) as writer, connect(url) as reader:
        seen: list[int] = []

        def third() -> bool:
            seen.append(reader.rev)
            return reader.rev >= 3

        waiting = asyncio.create_task(within(reader, third))
        for _ in range(3):
            await writer.append("x")
        await waiting
        assert sorted(set(seen)) == seen
        assert (seen[0], seen[-1]) == (0, 3)


# --- Coming back ---------------------------------------------------------------------------------


async def test_I5_a_client_goes_on_at_another_address_from_where_it_was(
    server: PadServer, second: PadServer
) -> None:
    async with (
        serving(server, second) as (one, two),
        connect(two) as writer,
        connect([one, two], name="Nora") as pad,
    ):
        await writer.append("before ")
        await within(pad, lambda: pad.rev == 1)
        server.hold = asyncio.Event()  # what comes now does not arrive any more
        await writer.append("missed ")
        server.break_all()
        await within(pad, lambda: pad.resumes == 1 and pad.rev == 2)
        assert pad.text == writer.text
        assert second.came[-1] == server.came[0] | {"client_rev": 1, "reconnect": True}
        await pad.append("after")
        await within(writer, lambda: writer.rev == 3)
        assert writer.text == pad.text == "hellobefore missed after\n"


async def test_I2_a_submission_that_was_lost_is_sent_again(server: PadServer) -> None:
    async with serving(server) as (url,), connect(url) as pad:
        server.swallow = 1
        await asyncio.wait_for(pad.append("once "), 10)
        assert (pad.resumes, pad.rev, server.model.atext.text) == (1, 1, "helloonce \n")


async def test_I2_a_submission_whose_answer_was_lost_is_not_sent_again(server: PadServer) -> None:
    async with serving(server) as (url,), connect(url) as pad:
        server.hurried = 1
        await asyncio.wait_for(pad.append("once "), 10)
        assert (pad.resumes, pad.rev, server.model.atext.text) == (1, 1, "helloonce \n")


async def test_edits_made_while_the_line_was_down_are_sent_when_it_is_up(
    server: PadServer,
) -> None:
    async with serving(server) as (url,), connect(url) as pad:
        server.swallow = 1
        await pad.edit(0, 0, "1")
        await pad.edit(1, 0, "2")
        await within(pad, lambda: pad.resumes == 1)
        await pad.edit(2, 0, "3")
        await asyncio.wait_for(pad.flush(), 10)
        assert server.model.atext.text == "123hello\n"


async def test_who_does_not_want_to_come_back_is_told_of_the_loss(server: PadServer) -> None:
    async with serving(server) as (url,), connect(url, resume=False) as pad:
        server.break_all()
        with pytest.raises(ConnectionLost):
            await within(pad, lambda: False)


@pytest.mark.parametrize("answer", [{"disconnect": "rejected"}, {"accessStatus": "deny"}])
async def test_I5_who_may_not_come_back_is_told_so(
    server: PadServer, answer: dict[str, str]
) -> None:
    async with serving(server) as (url,), connect(url) as pad:
        server.answer = answer
        server.break_all()
        with pytest.raises(PadError, match=r"rejected|deny"):
            await within(pad, lambda: False)


async def test_a_server_that_hangs_is_left_for_another(
    server: PadServer, second: PadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its socket stays open, so nothing but silence tells."""
    monkeypatch.setattr(line_module, "HEARTBEAT", 0.4)
    async with serving(server, second) as urls, connect(urls) as pad:
        server.hangs = True
        await within(pad, lambda: pad.resumes == 1)
        await asyncio.wait_for(pad.append("x"), 10)
        assert len(second.came) == 1


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_connection_can_be_cut_on_either_event_loop(
    server: PadServer, run: Callable[[Coroutine[None, None, None]], None]
) -> None:
    async def cut_twice() -> None:
        async with serving(server) as (url,), connect(url) as pad:
            for count in (1, 2):
                pad.cut()
                await within(pad, lambda count=count: pad.resumes == count)  # type: ignore[misc]
            await asyncio.wait_for(pad.append("x"), 10)

    run(cut_twice())


async def test_one_http_session_may_serve_many(server: PadServer) -> None:
    async with serving(server) as (url,), aiohttp.ClientSession() as http:
        async with connect(url, http=http) as one, connect(url, http=http) as two:
            await one.append("x")
            await within(two, lambda: two.rev == 1)
        assert not http.closed


async def test_a_server_that_drops_whoever_comes_is_tried_with_pauses_and_not_for_ever(
    server: PadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker whose Redis is away drops all connections. All clients of a load test once dialled
    such a worker in a loop without a pause."""
    pauses: list[float | None] = []
    real = Backoff.pause

    def pause(self: Backoff, now: float, chance: float) -> float | None:
        pauses.append(real(self, now, chance))
        return pauses[-1]

    monkeypatch.setattr(Backoff, "pause", pause)
    monkeypatch.setattr(dialer_module, "RESUME_TIMEOUT", 0.3)
    async with serving(server) as (url,), connect(url) as pad:
        server.drops = True
        server.break_all()
        with pytest.raises(ConnectionLost, match="taken, and dropped"):
            await pad.until(lambda: False)
    first, *others, last = pauses
    assert (first, last) == (0.0, None)
    assert len(server.came) - 1 == len(others) + 1 > 1
    assert all(pause is not None and pause > 0 for pause in others)


async def test_a_resume_that_succeeds_gives_the_next_one_its_full_time(
    server: PadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialer_module, "RESUME_TIMEOUT", 0.5)
    async with serving(server) as (url,), connect(url) as pad:
        for number in range(4):
            server.break_all()
            await within(pad, lambda number=number: pad.resumes > number)  # type: ignore[misc]
            await pad.append(f"{number}")
            await asyncio.sleep(0.2)  # in all, longer than one of them may take
        assert "0123" in pad.text


async def test_what_the_server_wants_to_be_told_again_is_kept(server: PadServer) -> None:
    """Socket.IO's own client does so, for every event."""
    async with serving(server) as (url,), connect(url) as pad:
        await server.tell('42["history","first"]')
        await server.tell('42["history","then this"]')
        await server.tell('42["history",{"not":"a text"}]')
        await pad.append("x")
        server.break_all()
        await within(pad, lambda: pad.resumes == 1)
        await pad.append("y")
        server.break_all()
        await within(pad, lambda: pad.resumes == 2)
        assert pad.text == "helloxy\n"
    assert server.connects == ["40", *['40{"offset":"then this"}'] * 2]


# --- What is too large, and leaving --------------------------------------------------------------


@pytest.mark.parametrize("piece", ["0123456789", "漢字", '"\\', "a\n"])
async def test_an_edit_above_the_servers_limit_goes_in_whole(server: PadServer, piece: str) -> None:
    """It was sent, the connection broken, and sent again, forever."""
    server.max_payload = 5_000
    async with serving(server) as (url,), connect(url) as pad:
        await asyncio.wait_for(pad.append(piece * 3_000), 30)
        assert server.model.atext.text == "hello" + piece * 3_000 + "\n"
    assert not server.refused
    assert server.model.rev > 2


async def test_what_no_submission_has_room_for_ends_with_an_error(server: PadServer) -> None:
    """The edit would have fitted on the server that it was made on, but the client is on another
    server now."""
    async with serving(server) as (url,), connect(url) as pad:
        server.hold = asyncio.Event()
        server.max_payload = 5_000
        server.break_all()
        large = [("author", pad.author_id), ("picture", "x" * 10_000)]
        pad.state.apply_own(make_splice(pad.text, 0, 0, "*", large, pad.state.pool))
        server.hold.set()
        with pytest.raises(TooLarge, match="'picture'"):
            await asyncio.wait_for(pad.flush(), 30)
    assert not server.refused


async def test_a_server_that_never_takes_an_edit_is_given_up(
    server: PadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections come about, and all that was missed comes in: that is no progress."""
    monkeypatch.setattr(dialer_module, "RESUME_TIMEOUT", 0.5)
    server.swallow = 10_000
    async with serving(server) as (url,), connect(url) as pad:
        await pad.edit(0, 0, "x")
        with pytest.raises(ConnectionLost):
            await asyncio.wait_for(pad.flush(), 30)


async def test_leaving_waits_for_the_answers(server: PadServer) -> None:
    """Three edits are made, and the block is left: two of them were lost, and nobody was told."""
    async with serving(server) as (url,), connect(url) as pad:
        for word in "one ", "two ", "three ":
            await pad.edit(0, 0, word)
    assert server.model.atext.text == "three two one hello\n"


async def test_edits_that_are_not_accepted_in_time_are_said_to_be_lost(server: PadServer) -> None:
    server.hold = asyncio.Event()
    async with serving(server) as (url,):

        async def write() -> None:
            async with connect(url, flush_timeout=0.1) as pad:
                await pad.edit(0, 0, "one")
                await pad.edit(0, 0, "two")

        with pytest.raises(EditsLost, match="2 edit") as error:
            await write()
        assert error.value.edits == 2


async def test_edits_that_an_ended_session_has_lost_are_said_to_be_once(server: PadServer) -> None:
    async with serving(server) as (url,):

        async def write() -> None:
            async with connect(url) as pad:
                server.hold = asyncio.Event()
                await pad.edit(0, 0, "one")
                await server.tell('42["message",{"disconnect":"deleted"}]')
                await eventually(lambda: pad._conversation.failure is not None, "it has ended")

        with pytest.raises(EditsLost) as error:
            await write()
        assert isinstance(error.value.__cause__, Disconnected)
        async with connect(url) as pad:  # those who have seen the reason are not told again
            await pad.edit(0, 0, "one")
            await server.tell('42["message",{"disconnect":"deleted"}]')
            with pytest.raises(Disconnected):
                await pad.flush()


async def test_a_pad_that_was_left_accepts_nothing_more(server: PadServer) -> None:
    """Edits after the block were made only locally, and waiting for them never ended."""
    async with serving(server) as (url,):
        async with connect(url) as pad:
            waiting = asyncio.create_task(pad.until(lambda: False))
            await pad.append("in time")
        text = pad.text
        for late in (pad.edit(0, 0, "late"), pad.append("late"), pad.until(lambda: False)):
            with pytest.raises(PadLeft):
                await asyncio.wait_for(late, 10)
        with pytest.raises(PadLeft):
            await asyncio.wait_for(waiting, 10)
        assert pad.text == text
        await pad.flush()  # all that was edited in the block has been accepted
        assert [type(event).__name__ for event in [each async for each in pad]] == ["Accepted"]


async def test_an_exception_in_the_block_is_not_held_up(server: PadServer) -> None:
    async with serving(server) as (url,):

        async def write() -> None:
            async with connect(url, flush_timeout=1e9) as pad:
                server.hold = asyncio.Event()
                await pad.edit(0, 0, "one")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await write()


async def test_credentials_are_sent_with_each_handshake(server: PadServer) -> None:
    async with serving(server) as (url,), connect(url, auth={"token": "secret"}) as pad:
        await server.tell('42["history","kept"]')
        await pad.append("x")
        server.break_all()
        await within(pad, lambda: pad.resumes == 1)
        await pad.append("y")
    assert server.auths == [{"token": "secret"}, {"token": "secret", "offset": "kept"}]


def test_pauses_grow_unless_something_has_come_of_it() -> None:
    backoff = Backoff(1e9)
    pauses = [backoff.pause(0.0, 1.0) for _ in range(20)]
    assert pauses[:3] == [0.0, 0.4, 0.4]
    assert pauses[-1] == LONGEST
    backoff.resumed()
    backoff.was_up(STEADY - 1)
    assert backoff.pause(0.0, 1.0) == LONGEST
    backoff.was_up(STEADY)
    assert backoff.pause(0.0, 1.0) == 0.0
    for _ in range(20):
        backoff.pause(0.0, 1.0)
    backoff.progressed()
    assert backoff.pause(0.0, 1.0) == 0.0


def test_every_public_name_is_listed_and_documented() -> None:
    for name in client.__all__:
        found = getattr(client, name)
        if name == "Event":  # a union, which has no place for it
            continue
        assert inspect.getdoc(found), name
        for member, value in vars(found).items() if inspect.isclass(found) else ():
            is_part = inspect.isfunction(value) or isinstance(value, property)
            if is_part and not member.startswith("_"):
                assert inspect.getdoc(value), f"{name}.{member}"
