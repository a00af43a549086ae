"""This module implements a cold store in a bucket: on S3 and services with its protocol, Google's,
or Azure's. It uses `obstore`, which is installed with ``padfleet[objects]``."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, S3Store

from padfleet.shared.cold.errors import (
    Overwritten,
    StoreAway,
    StoreFull,
    StoreMissing,
    StoreRefuses,
)
from padfleet.shared.cold.store import ColdVersion, StoredObject, check_name

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

CLIENT: Final["ClientConfig"] = {
    "connect_timeout": timedelta(seconds=5),
    "timeout": timedelta(seconds=30),
}

RETRY: Final["RetryConfig"] = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
"""After this time, clients that wait for a pad are asked to try again, which they do."""

GONE: Final = b""
"""What replaces an object that is deleted at a version. No such service deletes conditionally, and
a delete that follows a look may remove what came in between. The empty object stays, which costs
one name."""

LISTED_AT_ONCE: Final = 1000

_FULL: Final = ("QuotaExceeded", "InsufficientStorage", "StorageFull", "507 ")
"""What the various services say when they have no room."""

_NO_BUCKET: Final = ("NoSuchBucket", "ContainerNotFound", "bucket does not exist")
"""What the services say when a bucket is missing, which must not pass for a bucket without pads."""

_NO_CREDENTIALS: Final = (
    "Missing AccessKeyId",
    "Missing SecretAccessKey",
    "169.254.169.254",
    "169.254.170.2",
    "metadata.google.internal",
)
"""What is said where no credentials are given: the machine's own role is then asked for, at these
addresses."""

_VARIABLES: Final = {
    "s3": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "gs": ("GOOGLE_APPLICATION_CREDENTIALS",),
    "az": ("AZURE_STORAGE_ACCOUNT_KEY",),
}
"""What is usually set for each kind of bucket."""

_NOT_ACCEPTED: Final = ("ExpiredToken", "InvalidToken", "AuthorizationHeaderMalformed")
"""What services say of credentials with a status that does not mean it by itself."""

_DURATIONS: Final = re.compile(
    r" in [\d.]+[mµn]?s\b|, (after \d+ retries|max_retries: \d+|retry_timeout: \w+)"
)
"""What an error says of how long it took: then each would be another one."""

_REFUSED: Final = (PermissionDeniedError, UnauthenticatedError)

_NOT_THERE: Final = (NotFoundError, FileNotFoundError)
_CONFLICTS: Final = (AlreadyExistsError, PreconditionError)


class BucketStore:
    """Implements `ColdStore`: the objects below a prefix of a bucket. A version is the ETag of the
    service, with the generation if it has one."""

    def __init__(self, store: "ObjectStore", where: str) -> None:
        """Takes `where`, which names the bucket in errors. It contains no credentials."""
        self._store = store
        self._where = where

    async def get(self, name: str) -> StoredObject | None:
        check_name(name)
        found = await self._get(name)
        return found if found is not None and found.data != GONE else None

    async def put(self, name: str, data: bytes, *, over: ColdVersion | None) -> str:
        check_name(name)
        if not data:
            raise ValueError("nothing to put")
        try:
            return await self._put(name, data, "create" if over is None else _of_version(over))
        except _CONFLICTS:
            there = await self._get(name)
            if there is None:
                raise Overwritten(f"somebody has deleted {name}") from None
            if there.data == data:
                return there.version  # ours, put twice, since the first answer was lost
            if over is not None or there.data != GONE:
                raise Overwritten(f"somebody else has put {name}") from None
        try:
            return await self._put(name, data, _of_version(there.version))
        except _CONFLICTS:
            raise Overwritten(f"somebody else has put {name}") from None

    async def delete(self, name: str, *, over: ColdVersion | None) -> None:
        check_name(name)
        if over is None:
            with self._service_errors():
                try:
                    await obstore.delete_async(self._store, name)
                except _NOT_THERE:
                    return
            return
        try:
            _ = await self._put(name, GONE, _of_version(over))
        except _CONFLICTS:
            raise Overwritten(f"somebody else has put or deleted {name}") from None

    async def names(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        folder = prefix.rpartition("/")[0]  # services list only by whole parts
        with self._service_errors():
            pages = obstore.list(
                self._store, folder or None, offset=after or None, chunk_size=LISTED_AT_ONCE
            )
        while True:
            with self._service_errors():
                try:
                    page = await pages.__anext__()
                except StopAsyncIteration:
                    return
            for meta in page:
                if meta["size"] and meta["path"].startswith(prefix):
                    yield meta["path"]

    async def aclose(self) -> None:
        # The connections are closed when the object is freed.
        return

    async def _get(self, name: str) -> StoredObject | None:
        with self._service_errors():
            try:
                result = await obstore.get_async(self._store, name)
                data = bytes(await result.bytes_async())
            except _NOT_THERE as error:
                if any(word in str(error) for word in _NO_BUCKET):
                    raise StoreMissing(f"{self._where}: there is no such bucket") from None
                return None
        meta = result.meta
        return StoredObject(data, _version_of(meta), meta["last_modified"].timestamp())

    async def _put(self, name: str, data: bytes, mode: Any) -> str:
        """Puts the object. Raises `_CONFLICTS`."""
        with self._service_errors():
            try:
                put = await obstore.put_async(
                    self._store, name, data, mode=mode, use_multipart=False
                )
            except _NOT_THERE:
                # The object that was to be replaced does not exist, which some services report in
                # this way.
                raise PreconditionError(f"{name} is not there") from None
        return _version_of(put)

    @contextmanager
    def _service_errors(self) -> Iterator[None]:
        try:
            yield
        except (*_CONFLICTS, StoreAway):
            raise
        except (BaseError, OSError) as error:
            raise _told(error, self._where) from None


def open_bucket(
    scheme: str, bucket: str, prefix: str, options: Mapping[str, str], where: str
) -> BucketStore:
    """Opens the bucket that the parts of a URL name (`opening`). Raises `StoreAway` if credentials
    or options cannot be used."""
    client: ClientConfig = {**CLIENT}
    if options.get("endpoint", "").startswith("http://"):
        client["allow_http"] = True
    more: dict[str, Any] = {
        "prefix": prefix or None,
        "client_options": client,
        "retry_config": RETRY,
    }
    store: ObjectStore
    given: dict[str, Any]
    try:
        match scheme:
            case "s3":
                given = {name: options[name] for name in ("endpoint", "region") if name in options}
                virtual = options.get("virtual_hosted", "false") in ("true", "1")
                store = S3Store(bucket, virtual_hosted_style_request=virtual, **given, **more)
            case "gs":
                given = {"base_url": options["endpoint"]} if "endpoint" in options else {}
                store = GCSStore(bucket, **given, **more)
            case _:
                names = {"account": "account_name", "endpoint": "endpoint"}
                given = {names[name]: value for name, value in options.items()}
                store = AzureStore(bucket, **given, **more)
    except (BaseError, OSError, ValueError) as error:
        raise _told(error, where) from None
    return BucketStore(store, where)


def _told(error: Exception, where: str) -> StoreAway:
    """Returns the error of the store that this one of the library is."""
    said = _said(error)
    if any(word in said for word in _FULL):
        return StoreFull(f"{where}: {said}")
    if any(word in said for word in _NO_CREDENTIALS):
        return StoreRefuses(
            f"{where}: no credentials: {' and '.join(_VARIABLES[where.partition(':')[0]])} are "
            f"not set for this process, and this machine has no role of its own ({said})"
        )
    if isinstance(error, _REFUSED) or any(word in said for word in _NOT_ACCEPTED):
        return StoreRefuses(f"{where}: it refuses these credentials: {said}")
    if "configured region" in said:
        return StoreMissing(f"{where}: the bucket is in another region: add ?region=… ({said})")
    return StoreAway(f"{where}: {said}")


def _said(error: Exception) -> str:
    """Returns what a service or the library says, in one line, without the library's own
    structures."""
    said = " ".join(str(error).split()).partition(" Debug source:")[0]
    return _DURATIONS.sub("", said)[:500]


def _version_of(meta: Any) -> str:
    return f"{meta['e_tag'] or ''} {meta['version'] or ''}"


def _of_version(version: str) -> dict[str, str]:
    e_tag, _, generation = version.rpartition(" ")
    found = {"e_tag": e_tag, "version": generation}
    return {name: value for name, value in found.items() if value}
