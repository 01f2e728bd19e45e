"""Codes and families of refresh tokens: handed out, renewed, ended."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import delete, select, update

from chassis import wake
from chassis.uow import UnitOfWork
from services.identity.domain import SESSION_LIVES, Account, Session
from services.identity.domain.clients import Client
from services.identity.domain.grants import CODE_LIVES, Code, Grant
from services.identity.handlers.accounts import locked
from services.identity.handlers.audit import write_down
from services.identity.orm import client as client_table
from services.identity.orm import code as code_table
from services.identity.orm import grant as grant_table
from services.identity.orm import sign_out_note

CODES_KEPT = timedelta(hours=12)
"""So long a code that comes a second time is known as such."""
NOTES_KEPT = timedelta(days=7)


def hashed(secret: str) -> str:
    """How a random secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue_code(
    client: Client,
    account: Account,
    session: Session,
    uow: UnitOfWork,
    *,
    code: str,
    redirect_uri: str,
    scope: str,
    nonce: str | None,
    challenge: str,
) -> None:
    """Keep a code that was made for this client. Old ones are forgotten."""
    forgotten = code_table.c.issued_at < uow.now - CODES_KEPT
    uow.session.execute(delete(code_table).where(forgotten))
    uow.session.add(
        Code(
            code_hash=hashed(code),
            client_id=client.client_id,
            session_id=session.session_id,
            account_id=account.account_id,
            redirect_uri=redirect_uri,
            scope=scope,
            nonce=nonce,
            challenge=challenge,
            auth_time=session.started_at,
            issued_at=uow.now,
        )
    )


def take_code(presented: str, client: Client, uow: UnitOfWork) -> Code | None:
    """Use a code up; None when it is not good. One that comes a second time ends what it began, so what was
    done is to be committed in either case."""
    code_hash = hashed(presented)
    account_id = uow.session.scalar(
        select(code_table.c.account_id).where(code_table.c.code_hash == code_hash)
    )
    if account_id is None:
        return None
    locked(account_id, uow)
    code = uow.lock(Code, [code_hash]).get(code_hash)
    if code is None or code.client_id != client.client_id:
        return None
    if code.used_at is not None:
        uow.session.execute(
            update(grant_table)
            .where(grant_table.c.grant_id == code.grant_id, grant_table.c.ended_at.is_(None))
            .values(ended_at=uow.now)
        )
        write_down(client.client_id, "oidc:code_reused", [code.account_id], uow)
        return None
    code.used_at = uow.now
    return None if uow.now - code.issued_at > CODE_LIVES else code


def start_grant(code: Code, uow: UnitOfWork) -> str:
    """The family of refresh tokens a code begins, by its first token."""
    old = grant_table.c.started_at < uow.now - 2 * SESSION_LIVES
    uow.session.execute(delete(grant_table).where(grant_table.c.account_id == code.account_id, old))
    token = secrets.token_urlsafe(32)
    grant = Grant(
        grant_id=uuid4().hex,
        session_id=code.session_id,
        account_id=code.account_id,
        client_id=code.client_id,
        scope=code.scope,
        current=hashed(token),
        started_at=uow.now,
        renewed_at=uow.now,
    )
    code.grant_id = grant.grant_id
    uow.session.add(grant)
    return f"{grant.grant_id}.{token}"


def grant_of(presented: str, client: Client, uow: UnitOfWork) -> Grant | None:
    """The family a refresh token of this client belongs to, locked; None when it no longer counts. One that
    was used before ends its family, so what was done is to be committed in either case."""
    grant_id, _, token = presented.partition(".")
    if not grant_id.isalnum() or len(grant_id) > 40:
        return None
    account_id = uow.session.scalar(
        select(grant_table.c.account_id).where(grant_table.c.grant_id == grant_id)
    )
    if account_id is None:
        return None
    locked(account_id, uow)
    grant = uow.lock(Grant, [grant_id]).get(grant_id)
    if grant is None or grant.client_id != client.client_id or grant.ended_at is not None:
        return None
    if hashed(token) != grant.current:
        grant.ended_at = uow.now
        write_down(client.client_id, "oidc:refresh_reused", [grant.account_id], uow)
        return None
    return grant


def renew_grant(grant: Grant, uow: UnitOfWork) -> str:
    """The refresh token that follows the one that was presented."""
    following = secrets.token_urlsafe(32)
    grant.renew(grant.current, hashed(following), uow.now)
    return f"{grant.grant_id}.{following}"


def end_grants(session_ids: Collection[str], uow: UnitOfWork) -> None:
    """These sessions are over: their refresh tokens end, and clients that want to know are told."""
    if not session_ids:
        return
    of_them = grant_table.c.session_id.in_(sorted(session_ids))
    told = uow.session.execute(
        select(grant_table.c.client_id, grant_table.c.session_id, grant_table.c.account_id)
        .join(client_table, client_table.c.client_id == grant_table.c.client_id)
        .where(of_them, client_table.c.backchannel_uri.is_not(None))
        .distinct()
    ).all()
    uow.session.execute(
        update(grant_table).where(of_them, grant_table.c.ended_at.is_(None)).values(ended_at=uow.now)
    )
    if told:
        settled = sign_out_note.c.state.in_(("sent", "failed"))
        old = sign_out_note.c.wanted_at < uow.now - NOTES_KEPT
        uow.session.execute(delete(sign_out_note).where(settled, old))
        fresh = {"state": "waiting", "attempts": 0, "wanted_at": uow.now, "due_at": uow.now}
        rows = [dict(row._mapping) | fresh for row in told]
        uow.session.execute(uow.insert(sign_out_note).on_conflict_do_nothing(), rows)
        uow.wake_up(wake.EFFECTS)


def end_grants_of(client_id: str, uow: UnitOfWork, account_id: str | None = None) -> None:
    """No refresh token of this client counts any more, be it one account's or everybody's."""
    these = grant_table.c.client_id == client_id
    if account_id is not None:
        these &= grant_table.c.account_id == account_id
    uow.session.execute(
        update(grant_table).where(these, grant_table.c.ended_at.is_(None)).values(ended_at=uow.now)
    )
