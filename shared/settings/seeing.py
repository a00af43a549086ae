"""This module has the settings of the fleet page. Only a fan-out worker uses them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from padfleet.shared.settings.declare import setting
from padfleet.shared.settings.process import RedisProcessSettings

SHORTEST_TOKEN = 16


def problem_with_token(token: str) -> str | None:
    if token.strip() and len(token.strip()) < SHORTEST_TOKEN:
        return (
            f"shorter than {SHORTEST_TOKEN} characters: anybody who guesses it sees the names of "
            "pads; openssl rand -hex 16 makes one"
        )
    return None


@dataclass(frozen=True, kw_only=True)
class SeeingSettings(RedisProcessSettings):
    """Settings of what operators see in a browser."""

    fleet_token: str = setting(
        "",
        "password of the page /fleet, which shows all processes and the busiest pads; without a "
        "password, there is no such page",
        secret=True,
        check=problem_with_token,
    )
    fleet_token_file: str = setting(
        "", "file with this password; surrounding white space is ignored"
    )

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        if self.fleet_token and self.fleet_token_file:
            yield (
                "fleet_token_file",
                "the password is given by --fleet-token as well: keep only one of the two",
            )
