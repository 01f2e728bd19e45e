"""Second factors: taken up, checked, replaced, given up; recovery codes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Literal

import pyotp
from sqlalchemy import delete, insert, update

from chassis.sealing import derive
from chassis.uow import UnitOfWork
from contracts.identity import SecurityChanged
from services.identity.domain import (
    RECOVERY_ALPHABET,
    RECOVERY_CODES,
    Account,
    Enrolment,
    SecondFactor,
    enrolment_uri,
    is_recovery_code,
    matching_step,
    normalised_code,
    written_code,
)
from services.identity.orm import enrolment, recovery_code

Shown = Literal["code", "recovery_code"]


class NoEnrolment(LookupError):
    """No secret was shown to whoever asks, or too long ago."""


def factor_of(account_id: str, uow: UnitOfWork) -> SecondFactor | None:
    """The account's second factor, locked."""
    return uow.lock(SecondFactor, [account_id]).get(account_id)


def begin_enrolment(account: Account, holder: str, uow: UnitOfWork) -> tuple[str, str]:
    """A secret and what the QR code says; the same ones when ``holder`` asks again. The account is locked."""
    begun = uow.lock(Enrolment, [holder]).get(holder)
    if begun is None or not begun.is_open(uow.now) or begun.account_id != account.account_id:
        if begun is not None:
            uow.session.delete(begun)
            uow.session.flush()
        begun = Enrolment(
            holder=holder, account_id=account.account_id, secret=pyotp.random_base32(), begun_at=uow.now
        )
        uow.session.add(begun)
    return begun.secret, enrolment_uri(begun.secret, account.login)


def confirm_enrolment(account: Account, holder: str, code: str, uow: UnitOfWork) -> list[str] | None:
    """Take the secret up when this is a code of it; returns the recovery codes, None for a wrong code.

    Raises `NoEnrolment`. The account is locked; another app of the account stops counting.
    """
    begun = uow.lock(Enrolment, [holder]).get(holder)
    if begun is None or begun.account_id != account.account_id or not begun.is_open(uow.now):
        raise NoEnrolment(account.account_id)
    step = matching_step(begun.secret, normalised_code(code), uow.now)
    if step is None:
        return None
    _forget(account.account_id, uow)
    uow.session.add(
        SecondFactor(account_id=account.account_id, secret=begun.secret, since=uow.now, last_step=step)
    )
    _say(account.account_id, "second_factor_added", uow)
    return _new_recovery_codes(account.account_id, uow)


def check_code(account_id: str, code: str, uow: UnitOfWork) -> Shown | None:
    """Whether the code is one of the account's app or one of its recovery codes; it is used up by this.

    The account is locked.
    """
    code = normalised_code(code)
    if is_recovery_code(code):
        row = recovery_code.c
        used = uow.session.execute(
            update(recovery_code)
            .where(
                row.account_id == account_id,
                row.code_hash == _hash(account_id, code, uow),
                row.used_at.is_(None),
            )
            .values(used_at=uow.now)
        )
        if not used.rowcount:  # type: ignore[attr-defined]
            return None
        _say(account_id, "recovery_code_used", uow)
        return "recovery_code"
    factor = factor_of(account_id, uow)
    return "code" if factor is not None and factor.accept(code, uow.now) else None


def renew_recovery_codes(account_id: str, uow: UnitOfWork) -> list[str]:
    """Ten new ones; those before no longer count."""
    _say(account_id, "recovery_codes_renewed", uow)
    return _new_recovery_codes(account_id, uow)


def remove_second_factor(account_id: str, uow: UnitOfWork, *, by_another: bool = False) -> None:
    """Password alone from now on, until the account takes up another one."""
    _forget(account_id, uow)
    _say(account_id, "second_factor_reset" if by_another else "second_factor_removed", uow)


def _new_recovery_codes(account_id: str, uow: UnitOfWork) -> list[str]:
    codes = ["".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    uow.session.execute(delete(recovery_code).where(recovery_code.c.account_id == account_id))
    uow.session.execute(
        insert(recovery_code),
        [{"account_id": account_id, "code_hash": _hash(account_id, code, uow)} for code in codes],
    )
    return [written_code(code) for code in codes]


def _forget(account_id: str, uow: UnitOfWork) -> None:
    if (factor := factor_of(account_id, uow)) is not None:
        uow.session.delete(factor)
        uow.session.flush()
    for table in (recovery_code, enrolment):
        uow.session.execute(delete(table).where(table.c.account_id == account_id))


def _hash(account_id: str, code: str, uow: UnitOfWork) -> str:
    """Keyed, so that the table alone tells nothing about ten characters."""
    key = derive(uow.master_key, "recovery-code")
    return hmac.digest(key, f"{account_id}:{code}".encode(), hashlib.sha256).hex()


def _say(account_id: str, change: str, uow: UnitOfWork) -> None:
    uow.emit(SecurityChanged(account_id=account_id, change=change))  # type: ignore[arg-type]
