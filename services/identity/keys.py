"""Signing keys: made, sealed, published, rotated; and the tokens signed with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from chassis.auth import ALGORITHM, AUDIENCE, ISSUER
from chassis.trust import TOKEN_LIFETIME
from chassis.uow import UnitOfWork
from contracts.identity import SigningKeyPublished
from services.identity.domain import Account
from services.identity.orm import key

ROTATION = "identity.rotation"
SIGNS_FOR = timedelta(days=30)
LEAD = timedelta(minutes=10)
"""A new key is published that long before it signs, so that every service knows it by then."""
GRACE = timedelta(minutes=5)
KEPT = timedelta(days=1)


def start(uow: UnitOfWork) -> None:
    """Make the first signing key where there is none; say again which keys count where there are."""
    if _current(uow) is None:
        _make_first(uow)
    else:
        announce(uow)


def rotate(uow: UnitOfWork) -> None:
    """Publish a new key, to sign from `LEAD` on; the old ones are accepted until the last token they
    signed is over. Sets the date of the next rotation."""
    uow.session.execute(delete(key).where(key.c.retired_at < uow.now - KEPT))
    old = uow.session.execute(
        select(key.c.kid, key.c.sealed)
        .where(key.c.retired_at.is_(None))
        .order_by(key.c.kid)
        .with_for_update()
    ).all()
    signs_from = uow.now + LEAD
    _make(uow, signs_from)
    retired_at = signs_from + TOKEN_LIFETIME + GRACE
    for row in old:
        uow.session.execute(update(key).where(key.c.kid == row.kid).values(retired_at=retired_at))
        uow.emit(_published(row.kid, row.sealed, retired_at))
    uow.schedule(ROTATION, "signing-key", uow.now + SIGNS_FOR)


def announce(uow: UnitOfWork) -> None:
    """Say again which keys count, for services whose database is new."""
    for row in uow.session.execute(select(key).where(_counts(uow.now)).order_by(key.c.kid)):
        uow.emit(_published(row.kid, row.sealed, row.retired_at))


def public_keys(session: Session, now: datetime) -> list[dict[str, str]]:
    """The JWKS: every key that tokens may be checked with."""
    return _as_jwks(session.execute(select(key.c.kid, key.c.sealed).where(_counts(now)).order_by(key.c.kid)))


def known_keys(session: Session) -> list[dict[str, str]]:
    """Those and the ones that retired within a day: for ID tokens that come back at a sign-out."""
    return _as_jwks(session.execute(select(key.c.kid, key.c.sealed).order_by(key.c.kid)))


def _as_jwks(rows: Iterable[Any]) -> list[dict[str, str]]:
    return [
        {
            "kty": "EC",
            "crv": "P-256",
            "use": "sig",
            "alg": ALGORITHM,
            "kid": kid,
            "x": values["x"],
            "y": values["y"],
        }
        for kid, values in ((kid, json.loads(sealed)) for kid, sealed in rows)
    ]


def access_token(
    account: Account,
    issued_at: datetime,
    uow: UnitOfWork,
    *,
    session_id: str | None = None,
    audience: Sequence[str] = (AUDIENCE,),
    scope: str | None = None,
) -> str:
    """A token for ten minutes. It carries no name."""
    iat = issued_at.timestamp()
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": account.account_id,
        "aud": list(audience),
        "kind": account.kind,
        "roles": account.roles,
        "level": account.level,
        "iat": iat,
        "exp": iat + TOKEN_LIFETIME.total_seconds(),
        "jti": uuid4().hex,
    }
    if account.department:
        claims["dept"] = account.department
    if session_id:
        claims["sid"] = session_id
    if scope:
        claims["scope"] = scope
    return signed(claims, uow)


def signed(claims: dict[str, Any], uow: UnitOfWork, **header: str) -> str:
    """Any claims as a JWT, by the key that signs now."""
    kid, private = signing(uow)
    return jwt.encode({"alg": ALGORITHM, "kid": kid} | header, claims, private, algorithms=[ALGORITHM])


def signing(uow: UnitOfWork) -> tuple[str, ECKey]:
    """The key that signs now, and its id."""
    kid, jwk = _current(uow) or _make_first(uow)
    return kid, _private(jwk)


@lru_cache(maxsize=4)
def _private(jwk: str) -> ECKey:
    return ECKey.import_key(json.loads(jwk))


def _current(uow: UnitOfWork) -> tuple[str, str] | None:
    newest = select(key.c.kid, key.c.sealed).where(_counts(uow.now), key.c.signs_from <= uow.now)
    row = uow.session.execute(newest.order_by(key.c.signs_from.desc(), key.c.kid).limit(1)).first()
    return None if row is None else (row.kid, row.sealed)


def _make_first(uow: UnitOfWork) -> tuple[str, str]:
    uow.schedule(ROTATION, "signing-key", uow.now + SIGNS_FOR)
    return _make(uow, uow.now)


def _make(uow: UnitOfWork, signs_from: datetime) -> tuple[str, str]:
    kid = uuid4().hex[:16]
    jwk = json.dumps(ECKey.generate_key("P-256").as_dict(private=True))
    uow.session.execute(insert(key), {"kid": kid, "sealed": jwk, "signs_from": signs_from})
    uow.emit(_published(kid, jwk, None))
    return kid, jwk


def _published(kid: str, jwk: str, retired_at: datetime | None) -> SigningKeyPublished:
    public = json.loads(jwk)
    return SigningKeyPublished(kid=kid, x=public["x"], y=public["y"], retired_at=retired_at)


def _counts(now: datetime) -> ColumnElement[bool]:
    return or_(key.c.retired_at.is_(None), key.c.retired_at > now)
