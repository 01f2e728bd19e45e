"""Who calls: access tokens, checked offline, and what each endpoint asks of its caller.

A token is an ES256 JWT with ``kid`` in its header and the claims ``iss`` (``onewindow``), ``sub``
(account id), ``aud`` (a list; ``onewindow`` in it stands for the platform's own interfaces), ``kind``
(person, firm, staff or machine), ``roles``, ``dept`` (optional), ``sid`` (the session; machines have none),
``scope`` (words with a space between, optional: what a machine may do), ``iat``, ``exp`` (at most ten minutes
later) and ``jti``. ``iat`` may have a fraction: a revocation refuses what was issued before its very moment,
so a token of the same second survives only if it says how late in it it came. ``level`` is the person's or
firm's real-name level 实名等级, 0 to 3 (0 when it is missing).

A token carries no delegation. Who acts for a firm says so in the header ``OneWindow-Acting-For``, which is
checked against this service's own replica (`chassis.agencies`).
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog
from flask import g, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from chassis import metrics
from chassis.access import Access
from chassis.agencies import Acting, acting
from chassis.clock import now, seconds
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
HIGHEST_LEVEL = 3
ACTING_FOR = "OneWindow-Acting-For"

log = structlog.get_logger("auth")


class InvalidToken(Exception):
    """A token that proves nothing; the text says why, for logs only, ``reason`` in one of few words."""

    def __init__(self, text: str, reason: str = "malformed"):
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request at hand. ``department`` is set for staff and departments' systems, ``level`` is
    the real-name level, ``acting`` the firm somebody acts for, ``session_id`` is set for whoever signed in; a
    machine whose token names ``scopes`` may do only what they cover."""

    account_id: str
    kind: str
    roles: frozenset[str]
    department: str | None
    issued_at: float
    expires_at: float
    scopes: frozenset[str] = frozenset()
    session_id: str | None = None
    audience: frozenset[str] = frozenset()
    level: int = 0
    acting: Acting | None = None

    @property
    def principal(self) -> str:
        """The account whose things are meant: the firm acted for, or the caller's own."""
        return self.acting.firm if self.acting else self.account_id

    @property
    def principal_kind(self) -> str:
        """What kind of account that is."""
        return "firm" if self.acting else self.kind

    @property
    def agent(self) -> str | None:
        """Who acts for the firm; None for somebody who acts in their own name."""
        return self.account_id if self.acting else None

    def is_any(self, *names: str) -> bool:
        """Whether the account's kind or one of its roles is among ``names``."""
        return self.kind in names or not self.roles.isdisjoint(names)


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
    words = who.roles | {who.kind}
    if access.names and access.names.isdisjoint(words):
        raise not_allowed()
    if not who.department and access.needs_department(words):
        raise not_allowed()
    named = who.scopes - {AUDIENCE}
    if named and access.scope not in named and who.kind == "machine":
        raise not_allowed()


def own_department() -> str:
    """The caller's department, which a rule about a department's things has made sure of."""
    department = caller().department
    if not department:
        raise not_allowed()
    return department


def not_allowed() -> Problem:
    """Signed in, but this is for others."""
    return Problem(
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


def not_your_firm() -> Problem:
    """The agency has ended, or there never was one."""
    return Problem(
        403,
        "not-your-firm",
        zh="您现在不能以这家企业的名义办理:授权已收回、已到期,或没有授权给您。需要时请联系企业的管理员。",
        en="You can't act for this firm: the authorisation has ended or was never given. Please ask its "
        "administrator.",
    )


def outside_scope(item: str) -> Problem:
    """The firm authorised other items."""
    return Problem(
        403,
        "outside-scope",
        zh="企业没有授权您办理这个事项。需要办理时,请企业管理员重新授权。",
        en="The firm has not authorised you for this item; its administrator can.",
        item=item,
    )


def level_needed(needed: int, level: int) -> Problem:
    """The real-name level is too low; ``raise_at`` is the page where it is raised."""
    return Problem(
        403,
        "level-needed",
        zh=f"这一项要 L{needed} 实名才能办,您现在是 L{level}。请先到“实名认证”提高等级,填好的内容都会保留。",
        en=f"This needs real-name level L{needed}; yours is L{level}. Raise it first; your entries stay.",
        needed=needed,
        level=level,
        raise_at="/me/real-name",
    )


def _identify() -> Caller | None:
    authorization = request.authorization
    if authorization is None or authorization.type != "bearer" or not authorization.token:
        return None
    try:
        who = serving().verifier.verify(authorization.token)
    except InvalidToken as error:
        metrics.TOKENS_REFUSED.labels(serving().config.service, error.reason).inc()
        return None
    return act_for(request.headers.get(ACTING_FOR, ""), who)


def act_for(firm: str, who: Caller) -> Caller:
    """The caller acting for a firm; the caller as such when that is nobody else. A 403 problem
    ``not-your-firm`` when it may not be, or not any more."""
    if not firm or firm == who.account_id:
        return who
    found = None
    if who.kind == "person" and len(firm) <= 80 and "\0" not in firm:
        with serving().database.read() as session:
            found = acting(who.account_id, firm, now(), session)
    if found is None:
        log.warning("not acting for this firm", account=who.account_id)
        raise not_your_firm()
    return replace(who, acting=found)


def check_scope(item: str) -> None:
    """Refuse (403 ``outside-scope``) when the caller acts for a firm that didn't authorise this item."""
    who = caller()
    if who.acting is not None and not who.acting.covers(item):
        log.warning("outside the agent's scope", account=who.account_id, firm=who.principal, item=item)
        raise outside_scope(item)


def check_level(least: int) -> None:
    """Refuse (403 ``level-needed``) a caller whose real-name level is lower."""
    if caller().level < least:
        raise level_needed(least, caller().level)


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
        if self.keyring.revoked(who.account_id, who.issued_at, who.session_id):
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
        roles, department, level = claims.get("roles", []), claims.get("dept"), claims.get("level", 0)
        if not isinstance(roles, list) or not all(isinstance(r, str) for r in roles):
            raise InvalidToken("roles must be a list of words")
        if department is not None and not isinstance(department, str):
            raise InvalidToken("dept must be a word")
        session_id = claims.get("sid")
        if session_id is not None and not isinstance(session_id, str):
            raise InvalidToken("sid must be text")
        if type(level) is not int or not 0 <= level <= HIGHEST_LEVEL:
            raise InvalidToken("level must be a number from 0 to 3")
        return Caller(
            account_id=_word(claims, "sub"),
            kind=_word(claims, "kind"),
            roles=frozenset(roles),
            department=department,
            issued_at=issued_at,
            expires_at=expires_at,
            scopes=_scopes(claims),
            session_id=session_id,
            audience=_audience(claims),
            level=level,
        )


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise InvalidToken("scope must be words")
    return frozenset(scope.split())


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
