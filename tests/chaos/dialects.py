"""How the services for buckets speak: the parts in which Amazon's, Google's and Azure's protocols
differ, as far as a cold store uses them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Protocol
from urllib.parse import unquote, urlencode
from xml.sax.saxutils import escape, unescape

BUCKET: Final = "cold"
ACCOUNT: Final = "padfleet"


class Listed(NamedTuple):
    """An object, as it stands in a list."""

    name: str
    size: int
    etag: str


class Standing(NamedTuple):
    """What a condition is compared with: the version of the object that is there."""

    etag: str
    generation: int


class Answer(NamedTuple):
    """What is answered."""

    status: int
    kind: str  #: its Content-Type
    text: str


class Dialect(Protocol):
    """One service's protocol."""

    @property
    def path(self) -> str:
        """The path of the bucket."""
        ...

    def url(self, port: int) -> str:
        """Returns the URL of a cold store in the bucket of a server at this port."""
        ...

    @property
    def credentials(self) -> dict[str, str]:
        """Credentials for the environment, of which any will do."""
        ...

    def fits(self, headers: Mapping[str, str], there: Standing | None) -> bool | None:
        """Returns whether what is there meets the condition of a put, or None if it has none."""
        ...

    def unfit(self, there: Standing | None) -> tuple[int, str]:
        """Returns status and code for a put whose condition is not met."""
        ...

    def listing(self, objects: Iterable[Listed]) -> str:
        """Returns the answer to who asks for a list."""
        ...

    def deleted(self, body: str) -> tuple[list[str], Answer]:
        """Returns the names of a request to delete several objects, and what it is answered."""
        ...


class _Amazon:
    path = f"/{BUCKET}"

    def url(self, port: int) -> str:
        return f"s3://{BUCKET}/pads?endpoint=http://127.0.0.1:{port}&region=us-east-1"

    @property
    def credentials(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def fits(self, headers: Mapping[str, str], there: Standing | None) -> bool | None:
        if "If-None-Match" in headers:
            return there is None
        if "If-Match" in headers:
            return there is not None and there.etag == headers["If-Match"]
        return None

    def unfit(self, there: Standing | None) -> tuple[int, str]:
        return 412, "PreconditionFailed"

    def listing(self, objects: Iterable[Listed]) -> str:
        found = "".join(
            f"<Contents><Key>{escape(one.name)}</Key><Size>{one.size}</Size>"
            f"<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>{escape(one.etag)}</ETag></Contents>"
            for one in objects
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"

    def deleted(self, body: str) -> tuple[list[str], Answer]:
        names = [unescape(key) for key in re.findall("<Key>(.*?)</Key>", body)]
        gone = "".join(f"<Deleted><Key>{escape(name)}</Key></Deleted>" for name in names)
        text = f"<DeleteResult>{gone}</DeleteResult>"
        return names, Answer(200, "application/xml", text)


class _Google(_Amazon):
    """Its XML is Amazon's. A condition is about the generation, a number that each put changes."""

    def url(self, port: int) -> str:
        return f"gs://{BUCKET}/pads?endpoint=http://127.0.0.1:{port}"

    @property
    def credentials(self) -> dict[str, str]:
        key = {
            "type": "service_account",
            "disable_oauth": True,
            "client_email": "",
            "private_key": "",
            "private_key_id": "",
        }
        return {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(key)}

    def fits(self, headers: Mapping[str, str], there: Standing | None) -> bool | None:
        wanted = headers.get("x-goog-if-generation-match")
        if wanted is None:
            return None
        return int(wanted) == (there.generation if there is not None else 0)


class _Azure:
    path = f"/{ACCOUNT}/{BUCKET}"

    def url(self, port: int) -> str:
        query = {"account": ACCOUNT, "endpoint": f"http://127.0.0.1:{port}/{ACCOUNT}"}
        return f"az://{BUCKET}/pads?{urlencode(query)}"

    @property
    def credentials(self) -> dict[str, str]:
        return {"AZURE_STORAGE_ACCOUNT_KEY": "dGVzdA=="}

    def fits(self, headers: Mapping[str, str], there: Standing | None) -> bool | None:
        return AMAZON.fits(headers, there)

    def unfit(self, there: Standing | None) -> tuple[int, str]:
        return (409, "BlobAlreadyExists") if there is not None else (412, "ConditionNotMet")

    def listing(self, objects: Iterable[Listed]) -> str:
        found = "".join(
            f"<Blob><Name>{escape(one.name)}</Name><Properties>"
            f"<Last-Modified>Thu, 01 Jan 2026 00:00:00 GMT</Last-Modified>"
            f"<Content-Length>{one.size}</Content-Length>"
            f"<Content-Type>application/octet-stream</Content-Type>"
            f"<Etag>{escape(one.etag)}</Etag></Properties></Blob>"
            for one in objects
        )
        return f"<EnumerationResults><Blobs>{found}</Blobs><NextMarker/></EnumerationResults>"

    def deleted(self, body: str) -> tuple[list[str], Answer]:
        paths: list[str] = re.findall("^DELETE ([^ ?]*)", body, re.MULTILINE)
        names = [unquote(path).removeprefix(f"{self.path}/") for path in paths]
        parts = "".join(
            f"--batch\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
            "HTTP/1.1 202 Accepted\r\n\r\n\r\n"
            for number in range(len(names))
        )
        return names, Answer(202, "multipart/mixed; boundary=batch", f"{parts}--batch--\r\n")


AMAZON: Final[Dialect] = _Amazon()

DIALECTS: Final[dict[str, Dialect]] = {"s3": AMAZON, "gs": _Google(), "az": _Azure()}
"""By the scheme of a cold store's URL."""
