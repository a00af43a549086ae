"""Tests the tools of the chaos tests, since a test that breaks nothing proves nothing."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from padfleet.shared.log.connection.connect import open_redis
from tests.chaos.namespaces import Host, Network, unavailable
from tests.chaos.proxy import TcpProxy
from tests.chaos.server import Server
from tests.chaos.skewed import WallClock
from tests.chaos.topologies import ClusterGroup, Group, SentinelGroup, Standalone
from tests.eventually import eventually_sync
from tests.fleet import ROOT, Fleet
from tests.processes import alive

HOST = "127.0.0.1"
SHORT_S = 0.3  # nothing has come within this: it is held, for on loopback it takes microseconds


class Echo:
    """A server that sends back what it gets, and counts what it got."""

    def __init__(self) -> None:
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self.received = 0
        self.accepted = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)  # ends accept(), which close() alone does not
            self._listener.close()
        for connection in self._open:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._open.append(connection)
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def _echo(self, connection: socket.socket) -> None:
        try:
            while data := connection.recv(65536):
                self.received += len(data)
                connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture
def echo() -> Iterator[Echo]:
    with closing(Echo()) as running:
        yield running


@pytest.fixture
def proxy(echo: Echo) -> Iterator[TcpProxy]:
    with TcpProxy(echo.port) as running:
        yield running


def dial(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection((HOST, proxy.port), timeout=10)


def ask(connection: socket.socket, words: bytes = b"hello") -> bytes:
    """Returns what an echoing server answers."""
    connection.sendall(words)
    return read(connection, len(words))


def read(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        assert more, f"the connection ended after {data!r}"
        data += more
    return data


def silent(connection: socket.socket) -> bool:
    connection.settimeout(SHORT_S)
    try:
        return not connection.recv(1) and False
    except TimeoutError:
        return True
    finally:
        connection.settimeout(10)


class TestProxy:
    def test_bytes_go_both_ways_and_are_counted(self, echo: Echo, proxy: TcpProxy) -> None:
        data = bytes(range(256)) * 4096  # a megabyte, more than it holds
        with dial(proxy) as connection:
            sender = threading.Thread(target=connection.sendall, args=(data,))
            sender.start()
            assert read(connection, len(data)) == data
            sender.join()
            assert (proxy.connections, proxy.open_connections) == (1, 1)
            # Bytes are counted when they have been passed on, so the last ones may be here before
            # that.
            eventually_sync(
                lambda: (proxy.bytes_to_target, proxy.bytes_to_client) == (len(data), len(data)),
                "all bytes are counted",
            )
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b"", "an end is passed on, and is no reset"
        eventually_sync(lambda: proxy.open_connections == 0, "both ends are closed")

    def test_a_cut_resets_and_refuses_until_it_heals(self, proxy: TcpProxy) -> None:
        with dial(proxy) as before:
            ask(before)
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                before.recv(1)
        with pytest.raises(ConnectionRefusedError):
            dial(proxy)
        proxy.heal()
        with dial(proxy) as after:
            assert ask(after) == b"hello"

    def test_dropped_connections_may_come_back_at_once(self, proxy: TcpProxy) -> None:
        with dial(proxy) as before:
            ask(before)
            proxy.drop_connections()
            with pytest.raises(ConnectionResetError):
                before.recv(1)
        with dial(proxy) as after:
            assert ask(after) == b"hello"

    def test_a_black_hole_is_silent_and_what_it_held_arrives(
        self, echo: Echo, proxy: TcpProxy
    ) -> None:
        with dial(proxy) as connection:
            ask(connection)
            proxy.blackhole()
            with dial(proxy) as late:
                connection.sendall(b"held")
                late.sendall(b"as well")
                assert silent(connection)
                assert silent(late)
                assert (echo.received, echo.accepted) == (len(b"hello"), 1)
                proxy.heal()
                assert read(connection, 4) == b"held"
                assert read(late, 7) == b"as well"

    @pytest.mark.parametrize(("direction", "arrives"), [("to_target", False), ("to_client", True)])
    def test_a_black_hole_swallows_what_goes_in_one_direction(
        self, echo: Echo, proxy: TcpProxy, direction: str, arrives: bool
    ) -> None:
        with dial(proxy) as connection:
            ask(connection)
            proxy.blackhole("to_target" if direction == "to_target" else "to_client")
            connection.sendall(b"word")
            assert silent(connection)
            assert (echo.received == len(b"helloword")) == arrives
            proxy.heal()
            assert read(connection, 4) == b"word"

    def test_a_black_hole_holds_up_the_sender(self, echo: Echo, proxy: TcpProxy) -> None:
        with dial(proxy) as connection:
            ask(connection)
            proxy.blackhole()
            connection.settimeout(SHORT_S)
            with pytest.raises(TimeoutError):
                connection.sendall(bytes(256 * 1024 * 1024))

    def test_delay_holds_each_byte_but_not_one_after_the_other(self, proxy: TcpProxy) -> None:
        with dial(proxy) as connection:
            ask(connection)
            proxy.delay(0.2, jitter=0.01)
            started = time.monotonic()
            for count in range(20):
                connection.sendall(b"%02d" % count)
                time.sleep(0.005)  # so that they are separate chunks
            assert read(connection, 40) == b"".join(b"%02d" % count for count in range(20))
            assert time.monotonic() - started >= 0.4, "there and back"

    def test_a_throttle_delays_bytes(self, proxy: TcpProxy) -> None:
        with dial(proxy) as connection:
            ask(connection)
            proxy.throttle(100_000, direction="to_target")
            started = time.monotonic()
            ask(connection, bytes(30_000))
            assert time.monotonic() - started >= 0.25

    def test_a_lossy_network_loses_nothing_for_good(self, proxy: TcpProxy) -> None:
        with dial(proxy) as connection:
            ask(connection)
            proxy.lossy(0.5, direction="to_target")
            started = time.monotonic()
            for _ in range(6):
                assert ask(connection) == b"hello"
            assert time.monotonic() - started >= 0.2, "at least one of them stalled"

    def test_an_answer_is_lost_after_the_deed(self, echo: Echo, proxy: TcpProxy) -> None:
        with dial(proxy) as connection:
            ask(connection)
            proxy.reset_after(0, direction="to_client")
            connection.sendall(b"deed")
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
        assert echo.received == len(b"hellodeed")
        with dial(proxy) as again:
            assert ask(again) == b"hello", "only once"

    def test_a_reset_in_the_middle_of_what_is_sent(self, echo: Echo, proxy: TcpProxy) -> None:
        with dial(proxy) as connection:
            proxy.reset_after(1000, direction="to_target")
            with pytest.raises(ConnectionResetError):
                ask(connection, bytes(5000))
        assert echo.received <= 1000

    def test_without_a_target_connections_are_reset(self, echo: Echo) -> None:
        echo.close()
        # The reset may be there before dialling has returned, so dialling is included.
        with (
            TcpProxy(echo.port) as proxy,
            pytest.raises(ConnectionResetError),
            dial(proxy) as connection,
        ):
            connection.recv(1)

    def test_its_port_is_free_after_it(self, echo: Echo) -> None:
        with TcpProxy(echo.port) as proxy, dial(proxy) as connection:
            ask(connection)
        with TcpProxy(echo.port, port=proxy.port) as again, dial(again) as connection:
            assert ask(connection) == b"hello"


def seen_through(url: str, key: str) -> bytes | None:
    """Returns what a client like padfleet's own finds under `key`."""

    async def look() -> bytes | None:
        opened = open_redis(url)
        try:
            value: Any = await opened.client.get(key)
            return None if value is None else bytes(value)
        finally:
            await opened.close()

    return asyncio.run(look())


class TestGroups:
    def test_a_server_alone_comes_back_with_its_data(self, tmp_path: Path) -> None:
        with Standalone(tmp_path, ["maxmemory 64mb"]) as group:
            (server,) = group.primaries()
            server.client().set("key", "kept")
            pid = server.pid
            promotion = group.fail_over()
            assert promotion.new is server
            assert server.pid != pid
            assert seen_through(group.url, "key") == b"kept"
            assert server.client().config_get("maxmemory")["maxmemory"] == str(64 * 2**20)

    # Sentinel demotes a primary that has come back only when it has seen it for eight seconds.
    @pytest.mark.parametrize(
        "kind", [pytest.param(SentinelGroup, marks=pytest.mark.slow), ClusterGroup]
    )
    def test_a_promoted_replica_lacks_what_the_old_primary_had_confirmed(
        self, kind: type[Group], tmp_path: Path
    ) -> None:
        with kind(tmp_path) as group:
            primary = group.primaries()[0]
            key = group.key_on(primary)
            primary.client().set(key, "before")
            group.cut_replication(primary)
            assert primary.client().set(key, "confirmed")
            assert seen_through(group.url, key) == b"confirmed"
            promotion = group.fail_over(primary)
            assert promotion.old is primary
            assert promotion.new is not primary
            assert seen_through(group.url, key) == b"before"
            group.old_primary_returns(promotion)
            assert group.primary_for(key) is promotion.new
            assert primary in group.replicas_of(promotion.new)
            assert seen_through(group.url, key) == b"before"

    def test_a_frozen_primary_is_replaced_and_wakes_as_another_one(self, tmp_path: Path) -> None:
        with SentinelGroup(tmp_path) as group:
            promotion = group.fail_over(by="freeze")
            assert promotion.old.running
            promotion.old.thaw()
            assert promotion.old.role() == promotion.new.role() == "master"
            assert group.primaries() == [promotion.new]

    def test_nothing_is_left_of_a_group_after_a_failure(self, tmp_path: Path) -> None:
        pids: list[int] = []

        def fail() -> None:
            with Standalone(tmp_path) as group:
                pids.append(group.servers[0].pid)
                group.servers[0].freeze()
                raise RuntimeError("as tests do")

        with pytest.raises(RuntimeError, match="as tests do"):
            fail()
        assert not alive(*pids)

    def test_a_frozen_server_does_not_outlive_a_killed_test(self, tmp_path: Path) -> None:
        program = (
            "import sys, pathlib; from tests.chaos.topologies import Standalone\n"
            "group = Standalone(pathlib.Path(sys.argv[1])); group.start()\n"
            "server = group.servers[0]; server.freeze(); print(server.pid, flush=True); input()"
        )
        test = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        with test:
            assert test.stdout is not None
            pid = int(test.stdout.readline())
            assert alive(pid)
            test.kill()
            eventually_sync(lambda: not alive(pid), "the server is gone")


@contextmanager
def stopping(server: Server) -> Iterator[None]:
    try:
        yield
    finally:
        server.stop()


@pytest.fixture
def network() -> Iterator[Network]:
    if why := unavailable():
        pytest.skip(why)
    with Network() as running:
        yield running


def namespaces() -> str:
    return subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout


class TestNetwork:
    def test_a_cut_is_silent_and_a_mended_connection_goes_on(
        self, network: Network, tmp_path: Path
    ) -> None:
        far = network.host("far")
        server = Server(tmp_path / "server", 6400, [], host=far.address, launcher=far.launcher)
        with stopping(server), socket.socket() as connection:
            server.start()
            connection.settimeout(10)
            connection.connect((far.address, server.port))
            connection.sendall(b"PING\r\n")
            assert read(connection, 7) == b"+PONG\r\n"
            network.cut(network.here, far)
            connection.sendall(b"PING\r\n")
            assert silent(connection)
            network.mend()
            assert read(connection, 7) == b"+PONG\r\n"

    def test_a_cut_of_one_direction(self, network: Network, tmp_path: Path) -> None:
        far = network.host("far")
        server = Server(tmp_path / "server", 6400, [], host=far.address, launcher=far.launcher)
        with stopping(server), socket.socket() as connection:
            server.start()
            connection.settimeout(10)
            connection.connect((far.address, server.port))
            network.cut(far, network.here, back=False)
            connection.sendall(b"SET key arrived\r\n")
            assert silent(connection)
            program = (
                "import redis, sys; client = redis.Redis(sys.argv[1], 6400)\n"
                "sys.exit(client.get('key') != b'arrived')"
            )
            there = [*far.launcher, sys.executable, "-c", program, far.address]
            subprocess.run(there, check=True, timeout=10)
            network.mend()
            assert read(connection, 5) == b"+OK\r\n"

    def test_hosts_reach_each_other_until_they_are_cut(self, network: Network) -> None:
        one, other = network.host("one"), network.host("other")

        def reaches(sender: Host, receiver: Host) -> bool:
            # Nobody listens there, which is an answer, too; only silence is not.
            program = f"import socket; socket.create_connection(({receiver.address!r}, 9), 0.5)"
            done = subprocess.run(
                [*sender.launcher, sys.executable, "-c", program],
                capture_output=True,
                text=True,
                check=False,
            )
            assert "refused" in done.stderr or "timed out" in done.stderr, done.stderr
            return "refused" in done.stderr

        assert reaches(one, other)
        network.cut(one, other)
        assert not reaches(one, other)
        assert not reaches(other, one)
        assert reaches(network.here, one)
        network.mend()
        assert reaches(one, other)

    def test_nothing_is_left_of_it_nor_of_one_whose_process_was_killed(
        self, network: Network
    ) -> None:
        program = (
            "from tests.chaos.namespaces import Network\n"
            "network = Network(); network.start()\n"
            "print(network.host('left').namespace, flush=True); input()"
        )
        test = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        with test:
            assert test.stdout is not None
            left = test.stdout.readline().strip()
            test.kill()
        assert left in namespaces()
        with Network() as another:
            host = another.host("here")
            process = subprocess.Popen([*host.launcher, "sleep", "60"])
            assert left not in namespaces(), "the next one removes it"
        assert process.wait(10) == -signal.SIGKILL
        assert host.namespace not in namespaces()


class TestWallClock:
    def test_a_process_follows_the_jumps_of_its_clock(self, tmp_path: Path) -> None:
        clock = WallClock(tmp_path / "clock", ahead=3600)
        program = (
            "import pathlib, sys, time; from tests.chaos.skewed import shift\n"
            "before = time.monotonic(); shift(pathlib.Path(sys.argv[1]))\n"
            "for _ in sys.stdin: print(time.time(), time.time_ns() / 1e9, flush=True)\n"
            "sys.exit(not 0 <= time.monotonic() - before < 600)"
        )
        command = [sys.executable, "-c", program, str(tmp_path / "clock")]
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )

        def ahead() -> list[int]:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write("?\n")
            child.stdin.flush()
            said = [float(word) for word in child.stdout.readline().split()]
            return [round((moment - time.time()) / 600) for moment in said]  # in ten minutes

        with child:
            assert ahead() == [6, 6]
            clock.jump(-7200)
            assert clock.ahead == -3600
            assert ahead() == [-6, -6]
        assert child.returncode == 0

    def test_a_fleet_runs_with_a_clock_that_is_ahead(self, tmp_path: Path, redis_url: str) -> None:
        clock = WallClock(tmp_path / "clock", ahead=400 * 86_400)
        with Fleet(redis_url, tmp_path) as fleet:
            fleet.start(writers=1, workers=0)
            fleet.start(writers=0, workers=1, launcher=clock.launcher)
            (worker,) = fleet.workers
            worker.kill()
            fleet.restart(worker)
            text = fleet.workers[0].log.read_text()
        expected = datetime.fromtimestamp(time.time() + 400 * 86_400, UTC).strftime("%Y-")
        assert expected in text, "its log has the year of its clock"
