"""Tests the embedded server as a real process: it keeps its data, and never outlives its parent."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
import redis

from padfleet.services.tools.up import server as server_module
from padfleet.services.tools.up.datadir import DataDirBusy
from padfleet.services.tools.up.server import EmbeddedServer, ServerFailed, may_be_a_socket
from padfleet.shared.settings.redis_url import parse
from tests.eventually import eventually_sync
from tests.processes import alive


def test_it_answers_and_says_what_it_is(redis_server: EmbeddedServer) -> None:
    assert redis_server.running
    assert redis_server.binary.version >= (7, 0, 0)
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping()


def test_it_answers_on_a_socket_for_its_own_user_only(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "da ta?") as server:
        url = parse(server.socket_url)
        assert url.kind == "unix"
        assert stat.S_IMODE(Path(url.path).stat().st_mode) == 0o700
        with redis.Redis(unix_socket_path=url.path) as client:
            assert client.ping()


def test_a_path_that_is_too_long_for_a_socket_needs_none(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / ("d" * 100)) as server:
        assert server.socket_url == server.url
        with redis.Redis.from_url(server.socket_url) as client:
            assert client.ping()


def test_a_directory_that_can_have_no_sockets_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "may_be_a_socket", lambda _path: False)
    with EmbeddedServer(tmp_path) as server, redis.Redis.from_url(server.socket_url) as client:
        assert server.socket_url == server.url
        assert client.ping()


def test_whether_a_path_may_be_a_socket_is_tried_out(tmp_path: Path) -> None:
    path = tmp_path / "some.sock"
    assert may_be_a_socket(path)
    assert not path.exists()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert may_be_a_socket(path), "an earlier server was killed"
    assert not may_be_a_socket(Path("/proc/self/some.sock"))
    assert not may_be_a_socket(tmp_path / ("d" * 100) / "some.sock")


def test_a_flushed_database_is_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    for rev in range(3):
        with EmbeddedServer(tmp_path) as server, redis.Redis.from_url(server.url) as client:
            assert client.xlen("revs") == rev
            client.xadd("revs", {"changeset": "Z:1>0$"}, id=f"{rev}-1")


def test_it_starts_again_on_the_port_it_had(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    with server:
        port, pid = server.port, server.pid
    assert not alive(pid)
    assert server.port == 0
    with EmbeddedServer(tmp_path, port=port) as again:
        assert again.port == port


def test_one_directory_has_one_server(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path), pytest.raises(DataDirBusy, match="in use by process") as caught:
        EmbeddedServer(tmp_path).start()
    assert str(tmp_path) in str(caught.value)
    assert "--data" in str(caught.value)


def test_a_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirBusy, match="cannot use"):
        EmbeddedServer(tmp_path / "file" / "data").start()


def test_an_option_that_the_server_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="no-such-option"):
        EmbeddedServer(tmp_path, extra_args=["--no-such-option", "1"]).start()
    # Nothing is left behind: the directory can be used at once.
    with EmbeddedServer(tmp_path):
        pass


def test_a_taken_port_is_told(tmp_path: Path, redis_server: EmbeddedServer) -> None:
    with pytest.raises(ServerFailed, match="in use"):
        EmbeddedServer(tmp_path, port=redis_server.port).start()


def test_a_thread_may_not_start_it(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def start() -> None:
        try:
            EmbeddedServer(tmp_path).start()
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of such a death")
def test_it_dies_with_a_parent_that_was_killed_and_loses_nothing(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys, threading
        from pathlib import Path
        import redis
        from padfleet.services.tools.up.server import EmbeddedServer

        server = EmbeddedServer(Path(sys.argv[1]))
        server.start()
        redis.Redis.from_url(server.url).set("written", "just before")
        print(server.pid, flush=True)
        threading.Event().wait()
        """
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(signal.SIGKILL)
    # At once, while the old server may still be writing: its lock makes the new one wait for it.
    with EmbeddedServer(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        assert client.get("written") == b"just before"
    eventually_sync(lambda: not alive(pid), "the server went with its parent")
