"""Who calls: access tokens, checked offline, and what each endpoint asks of its caller.

A token is an ES256 JWT with ``kid`` in its header and the claims ``iss`` (``onewindow``), ``sub``
(account id), ``aud`` (a list; ``onewindow`` in it stands for the platform's own interfaces), ``kind``
(person, firm, staff or machine), ``roles``, ``dept`` (optional), ``sid`` (the session; machines have none),
``scope`` (words with a space between, optional), ``iat``, ``exp`` (at most ten minutes later) and ``jti``.
``iat`` may have a fraction: a revocation refuses what was issued before its very moment, so a token of the
same second survives only if it says how late in it it came.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import g, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from chassis import metrics
from chassis.clock import seconds
from chassis.problems import Problem
from chassis.serving import serving
from chassis.trust import TOKEN_LIFETIME, Keyring

ISSUER = "onewindow"
AUDIENCE = "onewindow"
"""What a token's ``aud`` must name before a service of the platform takes it."""
ALGORITHM = "ES256"
MAX_TOKEN_LENGTH = 4096
CLOCK_SKEW = 60.0
CACHE_SIZE = 4096

V = TypeVar("V", bound=Callable[..., Any])


class InvalidToken(Exception):
    """A token that proves nothing; the text says why, for logs only, ``reason`` in one of few words."""

    def __init__(self, text: str, reason: str = "malformed"):
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request at hand. ``department`` is set for staff and departments' systems, ``session_id``
    for whoever signed in, ``scopes`` for clients that were given some."""

    account_id: str
    kind: str
    roles: frozenset[str]
    department: str | None
    issued_at: float
    expires_at: float
    session_id: str | None = None
    scopes: frozenset[str] = frozenset()
    audience: frozenset[str] = frozenset()

    def is_any(self, *names: str) -> bool:
        """Whether the account's kind or one of its roles is among ``names``."""
        return self.kind in names or not self.roles.isdisjoint(names)


@dataclass(frozen=True, slots=True)
class Access:
    """What an endpoint asks for: nothing (``open``), or a caller of any of these kinds or roles."""

    open: bool
    names: frozenset[str] = frozenset()


def public(view: V) -> V:
    """Mark a view as open to everybody."""
    view.access = Access(open=True)  # type: ignore[attr-defined]
    return view


def requires(*names: str) -> Callable[[V], V]:
    """Mark a view as open to callers of any of these account kinds or roles (no name: any signed-in).

    The web application enforces it before the view, its arguments or a transaction are touched.
    """

    def mark(view: V) -> V:
        view.access = Access(open=False, names=frozenset(names))  # type: ignore[attr-defined]
        return view

    return mark


def access_of(view: Callable[..., Any]) -> Access | None:
    """How a view was marked; None if it was not."""
    return getattr(view, "access", None)


def caller() -> Caller:
    """Who sent the request at hand; a 401 problem when nobody signed in."""
    found = caller_or_none()
    if found is None:
        raise not_signed_in()
    return found


def caller_or_none() -> Caller | None:
    """Who sent the request at hand; None when nobody (validly) signed in, as open endpoints allow."""
    if "caller" not in g:
        g.caller = _identify()
    return g.caller  # type: ignore[no-any-return]


def check(access: Access) -> None:
    """Refuse the request at hand (401, 403) unless its caller may use an endpoint marked so."""
    if access.open:
        return
    who = caller()
    if access.names and not who.is_any(*access.names):
        raise Problem(
            403,
            "not-allowed",
            zh="您的账号不能办理这一项。如果您认为应该可以,请联系本单位的管理员。",
            en="Your account may not do this.",
        )


def not_signed_in() -> Problem:
    """No token, or one that is no longer accepted."""
    return Problem(
        401,
        "not-signed-in",
        zh="请先登录。登录可能已经过期,请重新登录后再试。",
        en="Please sign in; your session may have ended.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _identify() -> Caller | None:
    authorization = request.authorization
    if authorization is None or authorization.type != "bearer" or not authorization.token:
        return None
    try:
        return serving().verifier.verify(authorization.token)
    except InvalidToken as error:
        metrics.TOKENS_REFUSED.labels(serving().config.service, error.reason).inc()
        return None


class Verifier:
    """Checks tokens against a keyring. What was verified once is only looked up until it expires."""

    def __init__(self, keyring: Keyring, clock: Callable[[], float] = seconds):
        self.keyring = keyring
        self._clock = clock
        self._verified: dict[bytes, tuple[str, Caller]] = {}
        self._lock = threading.Lock()

    def verify(self, token: str, audience: str | None = AUDIENCE) -> Caller:
        """The caller a token stands for; raises `InvalidToken`. Without ``audience`` it may have been issued
        for anybody: the provider's own endpoints alone take it then."""
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidToken("too long")
        digest = hashlib.sha256(token.encode()).digest()
        found = self._verified.get(digest)
        if found is None:
            found = self._read(token)
            self._remember(digest, found)
        elif self.keyring.key(found[0]) is None:
            raise InvalidToken("its key was retired", "key")
        who = found[1]
        if audience is not None and audience not in who.audience:
            raise InvalidToken("for somebody else", "audience")
        if who.expires_at <= self._clock():
            raise InvalidToken("expired", "expired")
        if self.keyring.revoked(who.account_id, who.issued_at):
            raise InvalidToken("revoked", "revoked")
        return who

    def _remember(self, digest: bytes, found: tuple[str, Caller]) -> None:
        with self._lock:
            while len(self._verified) >= CACHE_SIZE:
                del self._verified[next(iter(self._verified))]
            self._verified[digest] = found

    def _read(self, token: str) -> tuple[str, Caller]:
        def key_of(signed: Any) -> ECKey:
            kid = signed.headers().get("kid")
            key = self.keyring.key(kid) if isinstance(kid, str) else None
            if key is None:
                raise InvalidToken("unknown key", "key")
            return key

        try:
            decoded = jwt.decode(token, key_of, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise InvalidToken(str(error)) from None
        return decoded.header["kid"], self._caller(decoded.claims)

    def _caller(self, claims: dict[str, Any]) -> Caller:
        issued_at, expires_at = _moment(claims, "iat"), _moment(claims, "exp")
        if claims.get("iss") != ISSUER:
            raise InvalidToken("another issuer", "issuer")
        if not 0 < expires_at - issued_at <= TOKEN_LIFETIME.total_seconds():
            raise InvalidToken("lives too long")
        starts_at = _moment(claims, "nbf") if "nbf" in claims else issued_at
        if max(issued_at, starts_at) > self._clock() + CLOCK_SKEW:
            raise InvalidToken("not valid yet", "early")
        roles, department = claims.get("roles", []), claims.get("dept")
        if not isinstance(roles, list) or not all(isinstance(r, str) for r in roles):
            raise InvalidToken("roles must be a list of words")
        if department is not None and not isinstance(department, str):
            raise InvalidToken("dept must be a word")
        scope, session_id = claims.get("scope", ""), claims.get("sid")
        if not isinstance(scope, str) or not (session_id is None or isinstance(session_id, str)):
            raise InvalidToken("scope and sid must be text")
        return Caller(
            account_id=_word(claims, "sub"),
            kind=_word(claims, "kind"),
            roles=frozenset(roles),
            department=department,
            issued_at=issued_at,
            expires_at=expires_at,
            session_id=session_id,
            scopes=frozenset(scope.split()),
            audience=_audience(claims),
        )


def _moment(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidToken(f"{name} must be a time")
    return float(value)


def _audience(claims: dict[str, Any]) -> frozenset[str]:
    named = claims.get("aud")
    named = [named] if isinstance(named, str) else named
    if not isinstance(named, list) or not named or not all(isinstance(a, str) for a in named):
        raise InvalidToken("aud must name somebody", "audience")
    return frozenset(named)


def _word(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidToken(f"{name} must be a word")
    return value
