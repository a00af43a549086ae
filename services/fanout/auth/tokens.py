"""This module reads JSON Web Tokens: their header, and their claims once the signature is verified.

PyJWT only verifies signatures. What the claims mean is decided by `decision`, which is passed the
time and can be tested at any time.
"""

from typing import Any, Final, NamedTuple

from jwt import InvalidSignatureError, PyJWS, PyJWTError

from padfleet.services.fanout.auth.decision import Denied, Reason
from padfleet.services.fanout.auth.keys import ALGORITHMS, VerificationKey
from padfleet.shared.wire import jsontext

MAX_TOKEN = 8192
"""How many characters a token may have; a cookie holds half as many."""

MOST_CLAIMS = 1_000
"""How many values the claims of a token may have. They are read once its signature is verified."""

# Because only these three are registered, no other algorithm is known at all, not even `none`.
_JWS: Final = PyJWS(algorithms=ALGORITHMS)


class WrongSignature(Denied):
    """The token is not signed with this key."""

    def __init__(self) -> None:
        super().__init__("the token's signature is wrong", Reason.SIGNATURE)


class Header(NamedTuple):
    """A token's own claims about its signature; nothing of that is proven."""

    algorithm: Any
    kid: str | None


def header_of(token: str) -> Header:
    """Returns the header of a token. Raises `Denied` if the text is not a token."""
    if len(token) > MAX_TOKEN:
        raise Denied(f"the token has more than {MAX_TOKEN} characters", Reason.MALFORMED)
    try:
        header = _JWS.get_unverified_header(token)
    except (PyJWTError, ValueError, RecursionError):
        raise Denied("not a JSON Web Token", Reason.MALFORMED) from None
    if "crit" in header or "b64" in header:
        raise Denied("the token has a critical extension, of which we know none", Reason.MALFORMED)
    return Header(header.get("alg"), header.get("kid"))


def claims_of(token: str, key: VerificationKey) -> dict[str, Any]:
    """Returns the claims of a token after verifying its signature; texts are code-unit strings.

    Raises `Denied`.
    """
    try:
        parts = _JWS.decode_complete(token, key.material, algorithms=[key.algorithm])
    except InvalidSignatureError:
        raise WrongSignature from None
    except (PyJWTError, ValueError, RecursionError):
        raise Denied("not a JSON Web Token", Reason.MALFORMED) from None
    try:
        claims = jsontext.loads(parts["payload"], most=MOST_CLAIMS)
    except ValueError as error:
        raise Denied(f"what the token holds is not JSON: {error}", Reason.CLAIMS) from None
    if not isinstance(claims, dict):
        raise Denied("what the token holds is not a JSON object", Reason.CLAIMS)
    return claims


def carried(auth: Any, name: str) -> str | None:
    """Returns the token in the `auth` object of Socket.IO's handshake. The rest of that object is
    dropped: the client chooses it, and a large one would stay as long as the socket."""
    found = auth.get(name) if isinstance(auth, dict) else None
    # One character more than allowed is kept, so that the token is refused for its length.
    return found[: MAX_TOKEN + 1] if isinstance(found, str) and found else None
