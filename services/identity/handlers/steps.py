"""Signing in by steps: password, then what else the account asks for, then a session."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select

from chassis.uow import UnitOfWork
from contracts.identity import SecurityChanged
from services.identity.domain import (
    CHALLENGE_LIVES,
    Account,
    Challenge,
    Origin,
    Step,
    needs_second_factor,
    next_step,
    ways_of,
)
from services.identity.handlers import second_factor
from services.identity.handlers.accounts import locked
from services.identity.handlers.sessions import SignedIn, sign_in
from services.identity.orm import challenge as challenge_table
from services.identity.orm import sign_in as sign_in_table

KEPT = timedelta(days=400)
"""How long sign-ins are remembered: more than the six months of 网络安全法 art. 21."""


class AccountSuspended(Exception):
    """The password was right, and an administrator has suspended the account."""


class SignInOver(Exception):
    """The challenge is unknown, used, expired or was tried too often: begin again with the password."""


@dataclass(frozen=True, slots=True)
class StepNeeded:
    """What is asked next, and what the answer has to be sent with."""

    step: Step
    challenge: str


def proceed(
    account: Account,
    origin: Origin,
    roles: Collection[str],
    uow: UnitOfWork,
    *,
    passed: Iterable[str] = (),
    new_device: bool = False,
) -> SignedIn | StepNeeded:
    """Begin a session, or say what is asked before one begins. ``roles`` need a second factor, ``passed``
    steps were taken; the account is locked. Raises `AccountSuspended`."""
    if account.suspended_at is not None:
        raise AccountSuspended(account.account_id)
    passed = list(passed)
    step = next_step(
        account,
        enrolled=second_factor.factor_of(account.account_id, uow) is not None,
        required=needs_second_factor(account, roles),
        passed=passed,
    )
    if step is not None:
        return StepNeeded(step, _challenge(account.account_id, passed, uow))
    uow.session.execute(delete(challenge_table).where(challenge_table.c.account_id == account.account_id))
    if new_device and _has_signed_in(account.account_id, uow):
        uow.emit(SecurityChanged(account_id=account.account_id, change="new_device"))
    note_sign_in(account.account_id, "signed_in", origin, uow)
    return sign_in(account.account_id, uow, origin, ways_of(passed))


def take_up(token: str, uow: UnitOfWork) -> tuple[Account, Challenge]:
    """The sign-in a challenge belongs to, account and challenge locked. Raises `SignInOver`."""
    key = holder_of(token)
    account_id = uow.session.scalar(select(challenge_table.c.account_id).where(challenge_table.c.key == key))
    if account_id is None:
        raise SignInOver
    account = locked(account_id, uow)
    challenge = uow.lock(Challenge, [key]).get(key)
    if challenge is None or not challenge.is_open(uow.now):
        raise SignInOver
    return account, challenge


def step_of(account: Account, challenge: Challenge, roles: Collection[str], uow: UnitOfWork) -> Step | None:
    """What this challenge asks for."""
    return next_step(
        account,
        enrolled=second_factor.factor_of(account.account_id, uow) is not None,
        required=needs_second_factor(account, roles),
        passed=challenge.passed,
    )


def holder_of(token: str) -> str:
    """The name of a challenge in the database."""
    return hashlib.sha256(token.encode()).hexdigest()


def note_sign_in(account_id: str, outcome: str, origin: Origin, uow: UnitOfWork) -> None:
    """Remember a sign-in or what came in its way; what is older than `KEPT` is forgotten."""
    table = sign_in_table.c
    uow.session.execute(
        delete(sign_in_table).where(table.account_id == account_id, table.at < uow.now - KEPT)
    )
    row = {"at": uow.now, "account_id": account_id, "outcome": outcome}
    uow.session.execute(insert(sign_in_table), row | {"device": origin.device, "address": origin.address})


def _challenge(account_id: str, passed: list[str], uow: UnitOfWork) -> str:
    token = secrets.token_urlsafe(32)
    uow.session.execute(delete(challenge_table).where(challenge_table.c.expires_at < uow.now))
    uow.session.add(
        Challenge(
            key=holder_of(token),
            account_id=account_id,
            passed=passed,
            expires_at=uow.now + CHALLENGE_LIVES,
            tries=0,
        )
    )
    return token


def _has_signed_in(account_id: str, uow: UnitOfWork) -> bool:
    table = sign_in_table.c
    query = select(table.id).where(table.account_id == account_id, table.outcome == "signed_in").limit(1)
    return uow.session.execute(query).first() is not None
