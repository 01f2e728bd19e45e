"""Whether an ID token is the provider's, for us, now, in answer to this very request."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from services.identity.domain.upstreams import UpstreamRefused
from services.identity.upstream.settings import Upstream

SKEW_S = 60
LONGEST_SUBJECT = 255

KeyOf = Callable[[str, str | None], Any]
"""The key of an algorithm and a key id. Raises `UpstreamRefused`."""


def checked(
    token: Any, upstream: Upstream, key_of: KeyOf, *, nonce: str, now: float, fresh_since: float | None
) -> dict[str, Any]:
    """Its claims. Raises `UpstreamRefused` saying what is wrong with it."""
    header = _header(token)
    algorithm, kid = str(header.get("alg")), header.get("kid")
    if algorithm not in upstream.algorithms:
        raise UpstreamRefused("algorithm")
    key = key_of(algorithm, kid if isinstance(kid, str) else None)
    try:
        claims = jwt.decode(token, key, algorithms=[algorithm]).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise UpstreamRefused("signature") from None
    _check_claims(claims, upstream, nonce, now, fresh_since)
    return dict(claims)


def _header(token: Any) -> dict[str, Any]:
    try:
        part = token.split(".", 1)[0]
        header = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (AttributeError, ValueError, RecursionError):
        raise UpstreamRefused("signature") from None
    if not isinstance(header, dict):
        raise UpstreamRefused("signature")
    return header


def _check_claims(
    claims: Mapping[str, Any], upstream: Upstream, nonce: str, now: float, fresh_since: float | None
) -> None:
    if claims.get("iss") != upstream.issuer:
        raise UpstreamRefused("issuer")
    audience = claims.get("aud")
    for_whom = audience if isinstance(audience, list) else [audience]
    by_whom = claims.get("azp", upstream.client_id if len(for_whom) == 1 else None)
    if upstream.client_id not in for_whom or by_whom != upstream.client_id:
        raise UpstreamRefused("audience")
    if _time(claims, "exp") < now - SKEW_S:
        raise UpstreamRefused("expired")
    if max(_time(claims, "iat"), _time(claims, "nbf", 0.0)) > now + SKEW_S:
        raise UpstreamRefused("early")
    if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise UpstreamRefused("nonce")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise UpstreamRefused("subject")
    if fresh_since is not None and _time(claims, "auth_time", 0.0) < fresh_since - SKEW_S:
        raise UpstreamRefused("not_fresh")


def _time(claims: Mapping[str, Any], name: str, otherwise: float | None = None) -> float:
    value = claims.get(name, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UpstreamRefused("expired" if name == "exp" else "early")
    return float(value)
