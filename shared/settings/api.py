"""The settings of the HTTP API, of which a fan-out worker has the only use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from padfleet.shared.settings.access import AccessSettings
from padfleet.shared.settings.declare import setting

ImportHistory = Literal["auto", "on", "off"]


def _problem_with_key(key: str) -> str | None:
    if key and len(key.strip()) < 8:
        return "shorter than 8 characters: whoever guesses it can do everything to every pad"
    return None


@dataclass(frozen=True, kw_only=True)
class ApiSettings(AccessSettings):
    """Settings of the HTTP API, of export and import."""

    api_key: str = setting(
        "",
        "key that callers of the HTTP API have to give, as Etherpad's APIKEY.txt; "
        "without one the API is off",
        secret=True,
        check=_problem_with_key,
    )
    api_key_file: str = setting(
        "",
        "file with that key, such as Etherpad's APIKEY.txt; white space around it does not count",
    )
    import_max_bytes: int = setting(
        52_428_800,
        "largest file that may be imported into a pad",
        unit="bytes",
        minimum=10_000,
        maximum=10_000_000_000,
    )

    import_history: ImportHistory = setting(
        "auto",
        "whether who may write on a pad may import an .etherpad file, which can say of any text "
        "that it is anybody's: auto allows it with --auth open, where author ids prove nothing",
    )

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        if self.api_key and self.api_key_file:
            yield "api_key_file", "the key is given by --api-key as well: leave one of them"
