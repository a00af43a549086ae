"""Calls Etherpad's HTTP API."""

from __future__ import annotations

from typing import Any

import aiohttp

from tests.integration.api.described import differences

KEY = "a key for the tests"


class ApiFailed(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Caller:
    """async with Caller(url) as api:
    assert await api.getText(padID="a") == {"text": "…"}
    """

    def __init__(
        self, url: str, *, version: str = "1.3.0", key: str = KEY, ours: bool = True
    ) -> None:
        """Calls the API at this address. If it is `ours` and not an Etherpad's, each answer has to
        be as the API describes it."""
        self.url = url
        self._ours = ours
        self._version = version
        self._key = key
        self.http = aiohttp.ClientSession()

    async def __aenter__(self) -> Caller:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def call(self, name: str, /, **fields: Any) -> Any:
        """Calls the function and returns the data of its answer. Raises `ApiFailed` if the answer
        is an error."""
        url = f"{self.url}/api/{self._version}/{name}"
        async with self.http.post(url, data={"apikey": self._key, **fields}) as response:
            answer = await response.json()
        if answer["code"] != 0:
            raise ApiFailed(answer["code"], answer["message"])
        assert answer["message"] == "ok"
        if self._ours:
            assert not differences(name, answer["data"]), "see services/web/api/resources.py"
        return answer["data"]

    def __getattr__(self, name: str) -> Any:
        async def call(**fields: Any) -> Any:
            return await self.call(name, **fields)

        return call

    async def refusal(self, name: str, /, **fields: Any) -> tuple[int, str]:
        """Returns the code and the message of a call that has to fail."""
        try:
            data = await self.call(name, **fields)
        except ApiFailed as error:
            return error.code, str(error)
        raise AssertionError(f"{name} was not refused: {data}")

    async def export(self, pad: str, kind: str, **headers: str) -> bytes:
        async with self.http.get(f"{self.url}/p/{pad}/export/{kind}", headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.read()

    async def upload(self, pad: str, name: str, content: bytes) -> dict[str, Any]:
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name, content_type="application/octet-stream")
        async with self.http.post(f"{self.url}/p/{pad}/import", data=form) as response:
            answer: dict[str, Any] = await response.json()
        return answer
