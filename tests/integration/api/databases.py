"""Starts SQL servers for single tests, from the programs that are installed on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pymysql
import pytest

from tests.eventually import eventually_sync
from tests.processes import free_ports


@dataclass(frozen=True)
class Database:
    """A running server with an empty database, which may be killed and started again with what it
    had stored by then."""

    url: str
    kill: Callable[[], None]
    start: Callable[[], None]


@contextmanager
def postgres() -> Iterator[str]:
    """Starts PostgreSQL and yields the URL of an empty database."""
    with killable_postgres() as database:
        yield database.url


@contextmanager
def mysql() -> Iterator[str]:
    """Starts MariaDB, which Debian ships in place of MySQL, and yields the URL of an empty
    database."""
    with killable_mysql() as database:
        yield database.url


@contextmanager
def killable_postgres() -> Iterator[Database]:
    """Does what `postgres` does, with a server that may be killed."""
    _need("PostgreSQL", "postgres", "initdb", "pg_ctl")
    with _folder("postgres") as (folder, user):

        def run(*words: str) -> None:
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)

        (port,) = free_ports(1)
        data = f"{folder}/data"
        run("initdb", "-D", data, "-U", "pads", "-A", "trust")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"

        def start() -> None:
            run("pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")

        def kill() -> None:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")

        start()
        try:
            yield Database(f"postgresql://pads@127.0.0.1:{port}/postgres", kill, start)
        finally:
            kill()


@contextmanager
def killable_mysql() -> Iterator[Database]:
    """Does what `mysql` does, with a server that may be killed."""
    _need("MariaDB", "mariadbd", "mariadb-install-db")
    with _folder("nobody") as (folder, user):
        (port,) = free_ports(1)
        data = f"{folder}/data"
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                f"--datadir={data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        )
        words = [
            "mariadbd",
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={folder}/socket",
            f"--pid-file={folder}/pid",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            "--skip-grant-tables",
            "--skip-networking=0",
            "--innodb-flush-log-at-trx-commit=2",  # a killed server loses nothing
        ]
        running: list[subprocess.Popen[bytes]] = []

        def start() -> None:
            nowhere = subprocess.DEVNULL
            server = subprocess.Popen(words, stdout=nowhere, stderr=nowhere, user=user, cwd=folder)
            running.append(server)
            eventually_sync(lambda: _answers(server, port), "MariaDB answers", timeout=60)

        def kill() -> None:
            for server in running:
                server.kill()
                server.wait()
            running.clear()

        try:
            start()
            yield Database(f"mysql://pads@127.0.0.1:{port}/pads", kill, start)
        finally:
            kill()


def _answers(server: subprocess.Popen[bytes], port: int) -> bool:
    assert server.poll() is None, "MariaDB has ended"
    try:
        with closing(pymysql.connect(host="127.0.0.1", port=port)) as connection:
            connection.cursor().execute("CREATE DATABASE IF NOT EXISTS pads")
    except pymysql.OperationalError:
        return False
    return True


def _need(what: str, *programs: str) -> None:
    if any(shutil.which(program) is None for program in programs):
        pytest.skip(f"there is no {what} on this machine")


@contextmanager
def _folder(account: str) -> Iterator[tuple[str, str | None]]:
    """Yields a folder and the user that the server has to run as (None: the current one). Both
    servers refuse to run as root."""
    user = account if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as folder:
        if user is not None:
            try:
                shutil.chown(folder, user)
            except LookupError:
                pytest.skip(f"this does not run as root, and there is no user {user}")
        yield folder, user
