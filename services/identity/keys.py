"""Signing keys: made, sealed, published, rotated; and the tokens signed with them."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import ColumnElement, insert, or_, select, update

from chassis.auth import ALGORITHM, ISSUER
from chassis.trust import TOKEN_LIFETIME
from chassis.uow import UnitOfWork
from contracts.identity import SigningKeyPublished
from services.identity.domain import Account
from services.identity.orm import key

GRACE = timedelta(minutes=5)


def ensure_key(uow: UnitOfWork) -> None:
    """Make the first signing key where there is none."""
    if _current(uow) is None:
        _make(uow)


def rotate(uow: UnitOfWork) -> None:
    """Sign with a new key from now on; the old ones are accepted until the last token they signed is over."""
    retired_at = uow.now + TOKEN_LIFETIME + GRACE
    old = uow.session.execute(
        select(key.c.kid, key.c.sealed).where(key.c.retired_at.is_(None)).with_for_update()
    ).all()
    _make(uow)
    for row in old:
        uow.session.execute(update(key).where(key.c.kid == row.kid).values(retired_at=retired_at))
        uow.emit(_published(row.kid, row.sealed, retired_at))


def announce(uow: UnitOfWork) -> None:
    """Say again which keys count, for services that may have lost their database."""
    for row in uow.session.execute(select(key).where(_counts(uow.now))):
        uow.emit(_published(row.kid, row.sealed, row.retired_at))


def public_keys(uow: UnitOfWork) -> list[dict[str, str]]:
    """The JWKS: every key that tokens may still be checked with."""
    rows = uow.session.execute(select(key.c.kid, key.c.sealed).where(_counts(uow.now)).order_by(key.c.kid))
    found = []
    for kid, sealed in rows:
        event = _published(kid, sealed, None)
        found.append(
            {
                "kty": "EC",
                "crv": "P-256",
                "use": "sig",
                "alg": ALGORITHM,
                "kid": kid,
                "x": event.x,
                "y": event.y,
            }
        )
    return found


def access_token(account: Account, uow: UnitOfWork) -> str:
    """A token for ten minutes. It carries no name."""
    row = _current(uow)
    assert row is not None, "identity has a key before anybody signs in"
    now = time.time()
    claims = {
        "iss": ISSUER,
        "sub": account.account_id,
        "kind": account.kind,
        "roles": account.roles,
        "iat": now,
        "exp": now + TOKEN_LIFETIME.total_seconds(),
        "jti": uuid4().hex,
    }
    if account.department:
        claims["dept"] = account.department
    kid, sealed = row
    return jwt.encode(
        {"alg": ALGORITHM, "kid": kid}, claims, ECKey.import_key(json.loads(sealed)), algorithms=[ALGORITHM]
    )


def _current(uow: UnitOfWork) -> tuple[str, str] | None:
    newest = select(key.c.kid, key.c.sealed).where(key.c.retired_at.is_(None)).order_by(key.c.made_at.desc())
    row = uow.session.execute(newest.limit(1)).first()
    return None if row is None else (row.kid, row.sealed)


def _make(uow: UnitOfWork) -> None:
    made = ECKey.generate_key("P-256")
    kid = uuid4().hex[:16]
    sealed = json.dumps(made.as_dict(private=True))
    uow.session.execute(insert(key), {"kid": kid, "sealed": sealed, "made_at": uow.now})
    uow.emit(_published(kid, sealed, None))


def _published(kid: str, sealed: str, retired_at: datetime | None) -> SigningKeyPublished:
    values = json.loads(sealed)
    return SigningKeyPublished(kid=kid, x=values["x"], y=values["y"], retired_at=retired_at)


def _counts(now: datetime) -> ColumnElement[bool]:
    return or_(key.c.retired_at.is_(None), key.c.retired_at > now)
