"""TLS for tests: an authority, its certificates, and endpoints that speak TLS with them.

The packaged server is built without TLS, so a stand-in in front of a plain server takes it off.
Where the `redis-server` on the PATH supports TLS, tests run on that one too.
"""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
"""Keys on a curve are made, and used, for a hundredth of the work of others as safe."""


class Papers(NamedTuple):
    """PEM files. The server's certificate is for 127.0.0.1, and the client's for a server that
    requires one."""

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


def papers(folder: Path) -> Papers:
    """Makes the files with the `openssl` command. Skips the test where that command is missing."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl command to make certificates with")
    made = Papers(
        *(folder / f"{name}.pem" for name in ("ca", "server", "s-key", "client", "c-key"))
    )
    authority_key = folder / "ca-key.pem"
    _openssl(
        *("req", "-x509", *CURVE, "-nodes", "-days", "2"),
        *("-subj", "/CN=padfleet test authority"),
        *("-addext", "basicConstraints=critical,CA:TRUE"),
        *("-keyout", authority_key, "-out", made.authority),
    )
    for certificate, key, name, extra in (
        (made.server, made.server_key, "server", "subjectAltName=IP:127.0.0.1"),
        (made.client, made.client_key, "client", "extendedKeyUsage=clientAuth"),
    ):
        request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
        extensions.write_text(extra)
        _openssl(
            *("req", *CURVE, "-nodes", "-subj", f"/CN=padfleet test {name}"),
            *("-keyout", key, "-out", request),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-CA", made.authority, "-CAkey", authority_key),
            *("-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate),
        )
    return made


def _openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)


class Front:
    """Takes off the TLS in front of a server on `target`, in a thread with a loop of its own. It
    wants a certificate of the client too."""

    def __init__(self, papers: Papers, target: int) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(papers.server, papers.server_key)
        context.load_verify_locations(papers.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(_pump(reader, back), _pump(there, writer))

    async def _finish(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
