"""This module has the settings of the HTTP API. Only a fan-out worker uses them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from padfleet.shared.settings.access import AccessSettings, problem_with_url
from padfleet.shared.settings.declare import setting

ImportHistory = Literal["auto", "on", "off"]


def _problem_with_key(key: str) -> str | None:
    if key and len(key.strip()) < 8:
        return "shorter than 8 characters: anybody who guesses it can do everything to every pad"
    return None


def _problem_with_claim(claim: str) -> str | None:
    name, equals, value = claim.partition("=")
    if claim and not (name and equals and value):
        return "not of the form name=value, such as admin=true"
    return None


@dataclass(frozen=True, kw_only=True)
class ApiSettings(AccessSettings):
    """Settings of the HTTP API, of export and import."""

    api_key: str = setting(
        "",
        "key that callers of the HTTP API must give, like Etherpad's APIKEY.txt; without one "
        "the API is off",
        secret=True,
        check=_problem_with_key,
    )
    api_key_file: str = setting(
        "",
        "file with this key, such as Etherpad's APIKEY.txt; surrounding white space is ignored",
    )
    api_jwks_url: str = setting(
        "",
        "https:// address of a JSON Web Key Set, such as that of an identity provider: callers of "
        "the HTTP API may then give a bearer token signed with one of its keys",
        secret=True,
        check=problem_with_url,
    )
    api_jwks_file: str = setting("", "file with such a key set; read at start-up")
    api_issuer: str = setting("", "what the iss of such a token must be")
    api_audience: str = setting("", "what the aud of such a token must contain")
    api_scope: str = setting("", "word that the scope of such a token must contain")
    api_claim: str = setting(
        "",
        "claim that such a token must have, as name=value, such as admin=true or azp=moodle; if "
        "the claim is a list, one of its members",
        check=_problem_with_claim,
    )
    pad_compaction: bool = setting(
        False,
        "whether the HTTP API may permanently remove old revisions of a pad (compactPad)",
    )
    author_erasure: bool = setting(
        False,
        "whether the HTTP API may permanently remove an author's name, colour, tokens and "
        "sessions, and the name from chats (anonymizeAuthor)",
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
        "whether people who may write on a pad may import an .etherpad file, which can attribute "
        "any text to anybody: auto allows it with --auth open, where author ids prove nothing",
    )

    import_headings: bool = setting(
        True,
        "whether headings of imported documents (docx, odt, Markdown) stay headings; without the "
        "plugin ep_headings2, Etherpad's own page shows an asterisk before each",
    )

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        if self.api_key and self.api_key_file:
            yield "api_key_file", "the key is given by --api-key as well: keep only one of the two"
        yield from self._problems_with_tokens()

    @property
    def api_takes_tokens(self) -> bool:
        return bool(self.api_jwks_url or self.api_jwks_file)

    def _problems_with_tokens(self) -> Iterator[tuple[str, str]]:
        if self.api_jwks_url and self.api_jwks_file:
            yield (
                "api_jwks_file",
                "keys are given by --api-jwks-url as well: keep only one of the two",
            )
        rules = ("api_issuer", "api_audience", "api_scope", "api_claim")
        if not self.api_takes_tokens:
            for name in rules:
                if getattr(self, name):
                    yield name, "is about tokens, but there are no keys: give --api-jwks-url"
            return
        # An issuer gives tokens to everybody who logs in anywhere, while the API opens all pads.
        for name in rules[:2]:
            if not getattr(self, name):
                yield (
                    name,
                    "is needed with --api-jwks-url or --api-jwks-file: otherwise, a token that was "
                    "made for something else would open every pad",
                )
        if not self.api_scope and not self.api_claim:
            yield (
                "api_scope",
                "--api-scope or --api-claim is needed with --api-jwks-url or --api-jwks-file: "
                "otherwise, every client of the issuer could do everything to every pad",
            )
