"""Clients of the OpenID provider: registered by operators, found by their id."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chassis.config import Config
from chassis.credentials import client_secret
from chassis.uow import UnitOfWork
from services.identity.domain.clients import (
    CLIENT_ID,
    FIRM,
    OPENID,
    PLATFORM,
    PROFILE,
    Client,
    InvalidClient,
    check_client,
)
from services.identity.domain.grants import Consent
from services.identity.handlers.accounts import locked, open_account
from services.identity.handlers.grants import end_grants_of, hashed
from services.identity.orm import client as client_table
from services.identity.orm import consent as consent_table

PORTAL = "portal"
NO_PASSWORD = "!"
"""A password hash that nothing matches."""


def find_client(client_id: str, session: Session, config: Config) -> Client | None:
    """The client of this id. The portal is always there: its secret comes from the master key."""
    if client_id == PORTAL:
        return portal(config)
    return session.get(Client, client_id) if CLIENT_ID.fullmatch(client_id) else None


def portal(config: Config) -> Client:
    """The platform's own face, as a client."""
    return Client(
        client_id=PORTAL,
        name={"zh": "一窗通", "en": "One Window"},
        secret_hash=hashed(client_secret(config.master_key, PORTAL)),
        first_party=True,
        redirect_uris=[f"{config.public_url}/sign-in/done"],
        logout_uris=[f"{config.public_url}/"],
        scopes=[OPENID, PROFILE, FIRM, PLATFORM],
        created_at=datetime.min.replace(tzinfo=UTC),
    )


def add_client(
    *,
    client_id: str,
    name: str,
    name_en: str,
    uow: UnitOfWork,
    redirect_uris: Sequence[str] = (),
    logout_uris: Sequence[str] = (),
    backchannel_uri: str | None = None,
    scopes: Sequence[str] = (),
    department: str | None = None,
    first_party: bool = False,
    is_public: bool = False,
) -> str | None:
    """Register a client; with ``department`` it is a machine of that department, and gets an account.

    Returns its secret, which is kept as a hash only (None: a public client). Raises `InvalidClient`, and
    `InvalidAccount` for a department that can't be one.
    """
    is_machine = department is not None
    scopes = list(dict.fromkeys(scopes)) or ([PLATFORM] if is_machine else [OPENID, PROFILE])
    wrong = check_client(
        client_id=client_id,
        name=name,
        redirect_uris=redirect_uris,
        logout_uris=logout_uris,
        backchannel_uri=backchannel_uri,
        scopes=scopes,
        is_machine=is_machine,
        is_public=is_public,
    )
    if not wrong and uow.session.get(Client, client_id) is not None:
        wrong["client_id"] = "registered already"
    if wrong:
        raise InvalidClient(wrong)
    account_id = None
    if department is not None:
        account_id = open_account(
            login=f"client.{client_id}",
            password_hash=NO_PASSWORD,
            kind="machine",
            display_name=name,
            roles=["department_system"],
            department=department,
            uow=uow,
        ).account_id
    secret = None if is_public else secrets.token_urlsafe(32)
    uow.session.add(
        Client(
            client_id=client_id,
            name={"zh": name, "en": name_en or name},
            secret_hash=hashed(secret) if secret else None,
            first_party=first_party,
            redirect_uris=list(redirect_uris),
            logout_uris=list(logout_uris),
            backchannel_uri=backchannel_uri,
            scopes=list(scopes),
            account_id=account_id,
            created_at=uow.now,
        )
    )
    return secret


def rotate_secret(client_id: str, uow: UnitOfWork) -> str:
    """A new secret; the old one counts no more. Raises LookupError."""
    client = _known(client_id, uow)
    if client.secret_hash is None:
        raise LookupError(f"{client_id} is public: it has no secret")
    secret = secrets.token_urlsafe(32)
    client.secret_hash = hashed(secret)
    return secret


def remove_client(client_id: str, uow: UnitOfWork) -> None:
    """Forget a client: its refresh tokens end, nobody can sign in to it. Raises LookupError.

    A machine's account stays, without a way to sign in: what it did goes on bearing its name.
    """
    client = _known(client_id, uow)
    if client.account_id is not None:  # its login is free again for a client of the same id
        locked(client.account_id, uow).login = f"was.{uuid4().hex[:20]}"
    end_grants_of(client_id, uow)
    uow.session.execute(delete(consent_table).where(consent_table.c.client_id == client_id))
    uow.session.execute(delete(client_table).where(client_table.c.client_id == client_id))


def all_clients(session: Session) -> list[Client]:
    """In the order of their ids."""
    return list(session.scalars(select(Client).order_by(client_table.c.client_id)))


def give_consent(account_id: str, client: Client, scope: str, uow: UnitOfWork) -> None:
    """Remember that this client may know so much of the account."""
    values = {
        "account_id": account_id,
        "client_id": client.client_id,
        "scopes": scope.split(),
        "given_at": uow.now,
    }
    statement = uow.insert(consent_table).values(values)
    uow.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "client_id"],
            set_={name: statement.excluded[name] for name in ("scopes", "given_at")},
        )
    )


def consent_of(account_id: str, client_id: str, session: Session) -> Consent | None:
    """What this account lets this client know, if anything."""
    return session.get(Consent, (account_id, client_id))


def consents_of(account_id: str, session: Session) -> list[dict[str, Any]]:
    """What this account lets whom know, newest first."""
    rows = session.execute(
        select(
            consent_table.c.client_id, client_table.c.name, consent_table.c.scopes, consent_table.c.given_at
        )
        .join(client_table, client_table.c.client_id == consent_table.c.client_id)
        .where(consent_table.c.account_id == account_id)
        .order_by(consent_table.c.given_at.desc(), consent_table.c.client_id)
    )
    return [dict(row._mapping) for row in rows]


def withdraw_consent(account_id: str, client_id: str, uow: UnitOfWork) -> bool:
    """Take it back: the client's refresh tokens for this account end. False when there was none."""
    these = (consent_table.c.account_id == account_id, consent_table.c.client_id == client_id)
    gone = uow.session.execute(delete(consent_table).where(*these).returning(consent_table.c.client_id))
    end_grants_of(client_id, uow, account_id)
    return gone.first() is not None


def _known(client_id: str, uow: UnitOfWork) -> Client:
    client = uow.lock(Client, [client_id]).get(client_id)
    if client is None:
        raise LookupError(f"no client {client_id}")
    return client
