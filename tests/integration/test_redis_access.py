"""A fleet on a Redis that gives it no more than it needs, as docs/security.md says."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_library
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from shared.client import connect
from tests import signing
from tests.fleet import ROOT, Fleet

PASSWORD = "change-me"


def documented_user() -> list[str]:
    """The command in docs/security.md, from its own text: so it cannot be wrong there."""
    lines = (ROOT / "docs" / "security.md").read_text().splitlines()
    (found,) = (line for line in lines if line.startswith("ACL SETUSER padfleet "))
    return found.split()


async def use(fleet: Fleet) -> None:
    """All that people do: come, write, read elsewhere, come back, rename themselves, delete."""
    one, two = fleet.urls
    async with connect(f"{one}/p/a", name="Ada") as pad, connect(f"{two}/p/a") as other:
        for number in range(5):
            await pad.append(f"line {number}\n")
        await other.until(lambda: other.rev == pad.rev)
        pad.cut()
        await pad.append("after\n")
        assert pad.resumes == 1
        await other.until(lambda: "after" in other.text)
        reading = other.read_only_id
    async with connect(f"{two}/p/{reading}") as reader:
        assert "after" in reader.text


async def test_the_documented_user_can_run_a_fleet_and_nothing_else(
    redis_url: str, tmp_path: Path
) -> None:
    with redis_library.Redis.from_url(redis_url, decode_responses=True) as admin:
        admin.execute_command(*documented_user())
        try:
            admin.execute_command("ACL", "LOG", "RESET")
            url = redis_url.replace("//", f"//padfleet:{PASSWORD}@")
            settings = {"PADFLEET_PARTITIONS": "4", "PADFLEET_SNAPSHOT_EVERY": "2"}
            with Fleet(url, tmp_path, settings) as fleet:
                fleet.start(writers=1, workers=2)
                await use(fleet)
                for member in fleet.workers + fleet.writers:
                    assert PASSWORD not in member.log.read_text()
            refused = [entry["object"] for entry in admin.acl_log()]
            assert refused == [], "the fleet wanted what it may not have"
            with redis_library.Redis.from_url(url) as limited:
                for command in (["FLUSHALL"], ["KEYS", "*"], ["CONFIG", "SET", "a", "b"]):
                    with pytest.raises(redis_library.ResponseError, match="permissions"):
                        limited.execute_command(*command)
                with pytest.raises(redis_library.ResponseError, match="permissions"):
                    limited.set("another's", "x")
        finally:
            admin.acl_deluser("padfleet")


# --- TLS -----------------------------------------------------------------------------------------


class Tls:
    """TLS in front of a server that speaks none, in a thread with a loop of its own."""

    def __init__(self, folder: Path, target: int) -> None:
        self.authority, chain = _certificates(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(_pump(reader, back), _pump(there, writer))

    async def _finish(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._loop.stop()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop)
        self._thread.join()
        self._loop.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def _certificates(folder: Path) -> tuple[Path, Path]:
    """An authority, and a server's certificate for 127.0.0.1 with its key."""
    now = datetime.datetime.now(datetime.UTC)
    ca_key, key = signing.rsa("authority"), signing.rsa("server")
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test server")])

    def certificate(subject: x509.Name, number: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .serial_number(number)
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
        )

    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    ca = (
        certificate(ca_name, 1)
        .public_key(ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, SHA256())
    )
    server = (
        certificate(name, 2)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(ca_key, SHA256())
    )
    authority, chain = folder / "authority.pem", folder / "server.pem"
    authority.write_bytes(ca.public_bytes(Encoding.PEM))
    chain.write_bytes(server.public_bytes(Encoding.PEM) + signing.private_pem(key))
    return authority, chain


@pytest.fixture
def tls(redis_url: str, tmp_path: Path) -> Iterator[Tls]:
    made = Tls(
        tmp_path, redis_library.Redis.from_url(redis_url).connection_pool.connection_kwargs["port"]
    )
    yield made
    made.close()


async def test_a_fleet_over_tls(tls: Tls, tmp_path: Path) -> None:
    settings = {"PADFLEET_PARTITIONS": "4", "SSL_CERT_FILE": str(tls.authority)}
    with Fleet(f"rediss://127.0.0.1:{tls.port}/0", tmp_path, settings) as fleet:
        fleet.start(writers=1, workers=2)
        await use(fleet)


def test_a_server_that_cannot_prove_who_it_is(tls: Tls, tmp_path: Path) -> None:
    fleet = Fleet(f"rediss://127.0.0.1:{tls.port}/0", tmp_path, {"PADFLEET_PARTITIONS": "4"})
    with pytest.raises(RuntimeError, match="certificate verify failed"):
        fleet.start(writers=1, workers=0)
