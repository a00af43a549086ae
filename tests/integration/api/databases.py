"""Starts SQL servers for single tests, from the programs that are installed on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pymysql
import pytest

from tests.eventually import eventually_sync
from tests.processes import free_ports


@contextmanager
def postgres() -> Iterator[str]:
    """Starts PostgreSQL and yields the URL of an empty database."""
    _need("PostgreSQL", "postgres", "initdb", "pg_ctl")
    with _folder("postgres") as (folder, user):

        def run(*words: str) -> None:
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)

        (port,) = free_ports(1)
        data = f"{folder}/data"
        run("initdb", "-D", data, "-U", "pads", "-A", "trust")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        run("pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql://pads@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")


@contextmanager
def mysql() -> Iterator[str]:
    """Starts MariaDB, which Debian ships in place of MySQL, and yields the URL of an empty
    database."""
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
        server = subprocess.Popen(
            [
                "mariadbd",
                "--no-defaults",
                f"--datadir={data}",
                f"--socket={folder}/socket",
                f"--pid-file={folder}/pid",
                f"--port={port}",
                "--bind-address=127.0.0.1",
                "--skip-grant-tables",
                "--skip-networking=0",
                "--innodb-flush-log-at-trx-commit=0",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        )
        try:

            def answers() -> bool:
                assert server.poll() is None, "MariaDB has ended"
                try:
                    with closing(pymysql.connect(host="127.0.0.1", port=port)) as connection:
                        connection.cursor().execute("CREATE DATABASE IF NOT EXISTS pads")
                except pymysql.OperationalError:
                    return False
                return True

            eventually_sync(answers, "MariaDB answers", timeout=60)
            yield f"mysql://pads@127.0.0.1:{port}/pads"
        finally:
            server.kill()
            server.wait()


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
