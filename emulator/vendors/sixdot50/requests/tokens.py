"""Keys, secrets and bearer tokens: the key picks the world, and a token is good in the world that issued it alone."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from hashlib import blake2b, sha256
from itertools import islice
from uuid import UUID

import orjson

from emulator.sdk import Credentials, JsonDict, Request, Transaction, View, is_revoked
from emulator.vendors.sixdot50.assumptions.requests import OLDER_TOKENS
from emulator.vendors.sixdot50.model import Token
from emulator.vendors.sixdot50.requests.bodies import properties

LIFETIME = timedelta(minutes=15)
"""Time for which a token is accepted. Evidence: 6dot50-token-2."""

MOST_REMOVED = 32
"""Old tokens of its key that one token may take the place of."""

GET_TOKEN = "/authentication/getToken"  # noqa: S105  a path

_OWN_VERSION = 8
"""The version of the GUIDs that this server makes as keys; real ones have another."""


def make_credentials(secret: str) -> Credentials:
    """Return a key in the published form, and the secret that follows from it."""
    key = f"{secret[:8]}-{secret[8:12]}-{_OWN_VERSION}{secret[13:16]}-8{secret[17:20]}-{secret[20:32]}"
    return Credentials({"key": key, "secret": _secret_of(key)}, key)


def matches(tx: Transaction, key: str, secret: str) -> bool:
    """Tell whether the secret is the key's: the one that the scenario gives it, or that this server made; else any text."""
    known = given_secret(tx, key) or (_secret_of(key) if is_own(key) else None)
    return bool(secret) and (known is None or hmac.compare_digest(secret.encode(), known.encode()))


def given_secret(tx: Transaction, key: str) -> str | None:
    """Return the secret that the scenario gives to a key, None where it gives none."""
    return (tx.listed_credential("6dot50", key) or {}).get("secret")


def credential(request: Request) -> str | None:
    """Return the key: that in the body of getToken, or that in the bearer token; of a token that is none of ours, the token."""
    if request.path.rstrip("/").lower().endswith(GET_TOKEN.lower()):
        key = (properties(request) or {}).get("key")
    else:
        token = bearer(request)
        key = _claims(token or "").get("id", token)
    return key if isinstance(key, str) and key else None


def recognizes(request: Request) -> bool:
    """Tell whether a request has a key, or a token of getToken, as only clients of 6DOT50 send them."""
    return credential(request) not in (None, bearer(request))


def bearer(request: Request) -> str | None:
    """Return the token of the Authorization header, None when it holds none. Evidence: 6dot50-auth-1 and 6dot50-auth-2."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def acting_organisation(view: View) -> str:
    """Return the id of the organisation that the request under way acts for: that of the key which its token was given to."""
    request, organisations = view.context, view.accounts("6dot50")
    if request is None or not organisations.ids:
        return organisations.first
    token = view.find(Token, bearer(request) or "")
    return organisations.of(token.key if token is not None else request.credential)


def is_good(tx: Transaction, token: str) -> bool:
    """Tell whether this world issued the token and it has not expired. Evidence: 6dot50-token-7."""
    known = tx.find(Token, token)
    if not isinstance(known, Token) or tx.now >= known.expires_at:
        return False
    is_older = known.key != "" and next(tx.sorted_group(Token, "key", known.key).reversed()).id != token
    return not is_older or tx.choice(OLDER_TOKENS) == "live"


def is_of_revoked_key(tx: Transaction, token: str) -> bool:
    """Tell whether the key that a token was given to is revoked. Evidence: 6dot50-token-10."""
    known = tx.find(Token, token)
    return known is not None and is_revoked(tx, "6dot50", known.key)


def issue(tx: Transaction, key: str) -> Token:
    """Return a new token for the key, and remove the expired ones among its oldest."""
    for old in [*islice(tx.sorted_group(Token, "key", key).ascending(), MOST_REMOVED)]:
        if old.expires_at <= tx.now:
            tx.remove(old)
    expires_at = tx.now + LIFETIME
    issued, ends = int(tx.now.timestamp()), int(expires_at.timestamp())
    claims = {"id": key, "nbf": issued, "exp": ends, "iat": issued, "jti": tx.mint(Token.kind).hex()[:16]}
    token = Token(_sign(tx.digest("6dot50.token"), claims), tx.now, key, expires_at)
    tx.put(token)
    return token


def _sign(secret: bytes, claims: JsonDict) -> str:
    """Return a JSON Web Token, signed with HS256."""
    text = b".".join(_encode(orjson.dumps(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return b".".join((text, _encode(hmac.new(secret, text, sha256).digest()))).decode()


def _claims(token: str) -> JsonDict:
    """Return the claims of a token, unverified: they lead to the world that can verify it."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = orjson.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def is_own(key: str) -> bool:
    """Tell whether this server made the key."""
    try:
        return UUID(key).version == _OWN_VERSION
    except ValueError:
        return False


def _secret_of(key: str) -> str:
    return blake2b(key.encode(), digest_size=20, person=b"6dot50").hexdigest()
