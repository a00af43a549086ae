"""Stand-ins for CouchDB and MongoDB, for machines that have neither. They cover what an import asks
for, and answer the real clients as the documentation of the two databases says."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import bson
from aiohttp import web
from aiohttp.test_utils import TestServer

LOGIN = "Basic " + b64encode(b"etherpad:se cret").decode()


@asynccontextmanager
async def couch(documents: Mapping[str, Any], name: str = "pads") -> AsyncIterator[str]:
    """Yields the URL of a database that holds these values, by the ids of their documents."""

    async def all_docs(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != LOGIN:
            told = {"error": "unauthorized", "reason": "Name or password is incorrect."}
            return web.json_response(told, status=401)
        if request.match_info["name"] != name:
            told = {"error": "not_found", "reason": "Database does not exist."}
            return web.json_response(told, status=404)
        query = request.query
        rows: list[dict[str, Any]] = []
        if request.method == "POST":
            for key in (await request.json())["keys"]:
                if key in documents:
                    row = {"id": key, "key": key, "value": {"rev": "1-0"}}
                    row["doc"] = {"_id": key, "_rev": "1-0", "value": documents[key]}
                    rows.append(row)
                else:
                    rows.append({"key": key, "error": "not_found"})
        else:
            first, last = json.loads(query["startkey"]), json.loads(query["endkey"])
            found = sorted(key for key in documents if first <= key <= last)
            skip = int(query.get("skip", 0))
            for key in found[skip : skip + int(query["limit"])]:
                rows.append({"id": key, "key": key, "value": {"rev": "1-0"}})
        text = json.dumps({"total_rows": len(documents), "offset": 0, "rows": rows})
        return web.Response(text=text, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{name}/_all_docs", all_docs)
    async with TestServer(app) as server:
        yield f"couchdb://etherpad:se%20cret@127.0.0.1:{server.port}/{name}"


@asynccontextmanager
async def mongo(collections: Mapping[str, Mapping[str, Any]]) -> AsyncIterator[str]:
    """Yields the URL of a database `pads` with these collections. Each of them maps the ids of
    documents to their values."""
    double = _Mongo(collections)
    server = await asyncio.start_server(double.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"mongodb://127.0.0.1:{port}/pads"
    finally:
        server.close()


class _Mongo:
    """The wire protocol as of MongoDB 6: OP_MSG, and OP_QUERY for the first hello."""

    AT_ONCE = 101  #: documents of the first batch, as a server has it

    def __init__(self, collections: Mapping[str, Mapping[str, Any]]) -> None:
        self._collections = collections
        self._cursors: dict[int, list[dict[str, Any]]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(16)
                size, number, _, code = (
                    int.from_bytes(head[at : at + 4], "little") for at in range(0, 16, 4)
                )
                body = await reader.readexactly(size - 16)
                if code == 2013:
                    answer = b"\0" * 5 + bson.encode(self._answer(bson.decode(body[5:])))
                else:
                    query = bson.decode(body[body.index(b"\0", 4) + 9 :])
                    answer = b"\x08" + b"\0" * 15 + (1).to_bytes(4, "little")
                    answer += bson.encode(self._answer(query))
                    code = 1
                whole = (16 + len(answer), 1, number, code)
                writer.write(b"".join(part.to_bytes(4, "little") for part in whole) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        match next(iter(asked)).lower():
            case "hello" | "ismaster":
                return {
                    "helloOk": True,
                    "isWritablePrimary": True,
                    "ismaster": True,
                    "maxBsonObjectSize": 16 << 20,
                    "maxMessageSizeBytes": 48_000_000,
                    "maxWriteBatchSize": 100_000,
                    "minWireVersion": 0,
                    "maxWireVersion": 17,
                    "ok": 1.0,
                }
            case "find":
                return self._batch("firstBatch", asked["find"], self._found(asked))
            case "getmore":
                rest = self._cursors.pop(asked["getMore"])
                return self._batch("nextBatch", asked["collection"], rest)
        return {"ok": 1.0}

    def _found(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        held = self._collections.get(asked["find"], {})
        wanted = asked["filter"]["_id"]
        keys = [
            key
            for key in held
            if (key in wanted["$in"] if "$in" in wanted else wanted["$gt"] < key < wanted["$lt"])
        ]
        if asked.get("projection") == {"_id": 1}:
            return [{"_id": key} for key in keys]
        return [{"_id": key, "value": held[key]} for key in keys]

    def _batch(self, name: str, collection: str, found: list[dict[str, Any]]) -> dict[str, Any]:
        batch, rest = found[: self.AT_ONCE], found[self.AT_ONCE :]
        number = len(self._cursors) + 1 if rest else 0
        if rest:
            self._cursors[number] = rest
        return {
            "cursor": {"id": bson.Int64(number), "ns": f"pads.{collection}", name: batch},
            "ok": 1.0,
        }
