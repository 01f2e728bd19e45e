"""Tokens without identity, and a client that sends them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey

from chassis.auth import ALGORITHM, AUDIENCE, ISSUER
from chassis.database import Database
from chassis.fakes.database import envelope
from chassis.trust import keep
from contracts.identity import SigningKeyPublished


class Mint:
    """A signing key of its own and tokens made with it."""

    def __init__(self, kid: str = "mint"):
        self.kid = kid
        self._key = ECKey.generate_key("P-256")

    def token(
        self,
        account_id: str,
        *,
        kind: str = "person",
        roles: Iterable[str] = (),
        dept: str | None = None,
        issued_at: float | None = None,
        lives: float = 600,
        **changes: object,
    ) -> str:
        """An access token; ``changes`` replace claims (None removes one)."""
        now = time.time() if issued_at is None else issued_at
        claims: dict[str, object] = {
            "iss": ISSUER,
            "sub": account_id,
            "aud": [AUDIENCE],
            "kind": kind,
            "roles": list(roles),
            "dept": dept,
            "iat": now,
            "exp": now + lives,
            "jti": str(uuid4()),
        } | changes
        return jwt.encode(
            {"alg": ALGORITHM, "kid": self.kid},
            {name: value for name, value in claims.items() if value is not None},
            self._key,
            algorithms=[ALGORITHM],
        )

    def published(self) -> SigningKeyPublished:
        """The event by which services learn this key."""
        public = self._key.as_dict(private=False)
        return SigningKeyPublished(kid=self.kid, x=str(public["x"]), y=str(public["y"]))

    def install(self, database: Database) -> None:
        """Have a service trust this key."""
        with database.transaction() as uow:
            keep([envelope(self.published(), sequence=1, time=uow.now)], uow)


def client(app: Flask, token: str | None = None) -> FlaskClient:
    """A test client that is signed in by ``token``."""
    made = app.test_client()
    if token is not None:
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return made
