"""Describes the API: as OpenAPI 3.0 for programs, and as a page for people. Both are made from the
tables by which calls are served. Pure."""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

from padfleet.services.web.api.resources import (
    OPERATIONS,
    SCHEMAS,
    TAGS,
    TEXT,
    Operation,
    reference,
)
from padfleet.services.web.api.versions import CURRENT, VERSIONS

OPENAPI: Final = "3.0.2"

STYLES: Final = ("api", "rest")
"""The two styles of addresses: `/api/<version>/createPad` and `/rest/<version>/pad/create`."""

_CODES: Final = {
    "Success": (0, "ok"),
    "ApiError": (1, "what was asked for cannot be: the message says why, with status 200"),
    "InternalError": (2, "internal error; 503: not now, come again"),
    "NotFound": (3, "no such function, or no such version of the API"),
    "Unauthorized": (4, "no or wrong API key"),
}
"""The names of the answers here, with their code and meaning."""

_STATUS: Final = {
    "200": "Success",
    "401": "Unauthorized",
    "404": "NotFound",
    "500": "InternalError",
    "503": "InternalError",
}

_KEYS: Final = {
    "apiKey": {"type": "apiKey", "name": "apikey", "in": "query"},
    "apiKeyAlias": {"type": "apiKey", "name": "api_key", "in": "query"},
    "apiKeyHeader": {"type": "apiKey", "name": "apikey", "in": "header"},
    "bearer": {"type": "http", "scheme": "bearer"},
}

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>padfleet: HTTP API</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem;
       padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3rem .8rem .3rem 0; text-align: left;
          vertical-align: top; }}
code {{ overflow-wrap: anywhere; }}
:root {{ color-scheme: light dark; }}
</style>
</head>
<body>
<h1>HTTP API {version}</h1>
<p>For programs: <a href="/api/openapi.json">/api/openapi.json</a>, and in REST style
<a href="/rest/openapi.json">/rest/openapi.json</a>; of older versions
<code>/api/&lt;version&gt;/openapi.json</code>.</p>
{tables}
</body>
</html>
"""


def root(style: str, version: str) -> str:
    """Returns the common beginning of all paths of a version."""
    return f"/{style}/{version}"


def openapi(version: str, style: str) -> dict[str, Any]:
    """Returns the API in this version and in one of the `STYLES`, as an OpenAPI document."""
    functions = VERSIONS[version]
    parameters = dict.fromkeys(name for takes in functions.values() for name in takes)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Etherpad API, by padfleet",
            "description": "Parameters are taken from the query, a form, or a JSON object.",
            "version": version,
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "servers": [{"url": root(style, version)}],
        "tags": [{"name": name, "description": what} for name, what in TAGS.items()],
        "paths": {
            _path(name, style): {"post": _post(name, takes)} for name, takes in functions.items()
        },
        "components": {
            "parameters": {
                name: {"name": name, "in": "query", "schema": TEXT} for name in parameters
            },
            "schemas": {
                name: {"type": "object", "properties": properties}
                for name, properties in SCHEMAS.items()
            },
            "responses": {name: _response(code, what) for name, (code, what) in _CODES.items()},
            "securitySchemes": _KEYS,
        },
        "security": [{name: []} for name in _KEYS],
    }


def _path(name: str, style: str) -> str:
    return f"/{OPERATIONS[name].path}" if style == "rest" else f"/{name}"


def _post(name: str, takes: tuple[str, ...]) -> dict[str, Any]:
    operation = OPERATIONS[name]
    responses = {
        status: {"$ref": f"#/components/responses/{answer}"} for status, answer in _STATUS.items()
    }
    if (data := _data(operation)) is not None:
        responses["200"] = _response(*_CODES["Success"], data)
    found: dict[str, Any] = {
        "operationId": f"{name}UsingPOST",
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": responses,
    }
    if takes:
        found["parameters"] = [{"$ref": f"#/components/parameters/{part}"} for part in takes]
        body = {"schema": {"type": "object", "properties": dict.fromkeys(takes, TEXT)}}
        kinds = ("application/x-www-form-urlencoded", "multipart/form-data", "application/json")
        found["requestBody"] = {"content": dict.fromkeys(kinds, body)}
    return found


def _data(operation: Operation) -> dict[str, Any] | None:
    if operation.by_name:
        return {"additionalProperties": reference(operation.by_name)}
    return {"properties": operation.data} if operation.data is not None else None


def _response(code: int, what: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = {
        "code": {"type": "integer", "example": code},
        "message": {"type": "string", "example": what.partition(";")[0].partition(":")[0]},
        "data": {"nullable": True, "type": "object", **data} if data is not None else {},
    }
    schema = {"type": "object", "properties": properties}
    return {
        "description": f"{what} (code {code})",
        "content": {"application/json": {"schema": schema}},
    }


# --- For people ----------------------------------------------------------------------------------


def page() -> str:
    """Returns the functions of the current version, as HTML."""
    return _PAGE.format(version=escape(CURRENT), tables="\n".join(_tables()))


def _tables() -> Iterator[str]:
    for tag, what in TAGS.items():
        yield f"<h2>{escape(what)}</h2>\n<table>"
        yield "<tr><th>Function</th><th>Parameters</th><th>Since</th><th></th></tr>"
        for name, takes in VERSIONS[CURRENT].items():
            if OPERATIONS[name].tag == tag:
                yield _row(name, takes)
        yield "</table>"


def _row(name: str, takes: tuple[str, ...]) -> str:
    since = next(version for version, functions in VERSIONS.items() if name in functions)
    cells = (
        f"<code>{escape(name)}</code><br><code>/rest/{CURRENT}/{escape(OPERATIONS[name].path)}</code>",
        " ".join(f"<code>{escape(part)}</code>" for part in takes),
        escape(since),
        escape(OPERATIONS[name].summary),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
