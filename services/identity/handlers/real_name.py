"""Raising the real-name level: by a code on the phone, by the registry, at the window. It is written down."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select

from chassis.uow import UnitOfWork
from contracts.identity import PhoneCodeWished
from services.identity.domain import Account, InvalidAccount, UnknownAccount
from services.identity.domain.real_name import (
    CODE_LIVES,
    NUMBER_LEVEL,
    PHONE_LEVEL,
    PRESENCE_LEVEL,
    NoMatch,
    WrongCode,
    new_code,
    plain_phone,
    same_code,
)
from services.identity.handlers.accounts import locked
from services.identity.handlers.audit import write_down
from services.identity.handlers.readings import PRESENCE, note_reader
from services.identity.numbers import blind_index
from services.identity.orm import account as account_table
from services.identity.orm import phone_check


def send_code(account_id: str, phone: str, uow: UnitOfWork) -> None:
    """Have a code sent to this phone; an earlier one no longer counts."""
    uow.session.execute(delete(phone_check).where(phone_check.c.account_id == account_id))
    check_id, expires_at = uuid4().hex, uow.now + CODE_LIVES
    values = {
        "check_id": check_id,
        "account_id": account_id,
        "phone": plain_phone(phone),
        "code": new_code(),
        "expires_at": expires_at,
    }
    uow.session.execute(phone_check.insert(), values)
    write_down(account_id, "ask_phone_code", [account_id], uow)
    uow.emit(PhoneCodeWished(check_id=check_id, account_id=account_id, expires_at=expires_at))


def confirm_phone(account_id: str, code: str, uow: UnitOfWork) -> Account:
    """The code that was sent is said back: L1. Raises `WrongCode`, also for one that is over."""
    account = locked(account_id, uow)
    sent = uow.session.execute(select(phone_check).where(phone_check.c.account_id == account_id)).first()
    if sent is None or sent.expires_at <= uow.now or not same_code(sent.code, code):
        write_down(account_id, "wrong_phone_code", [account_id], uow)
        raise WrongCode
    uow.session.execute(delete(phone_check).where(phone_check.c.account_id == account_id))
    account.phone = sent.phone
    raise_level(PHONE_LEVEL, account, account_id, uow)
    return account


def read_phone_code(check_id: str, reader: str, uow: UnitOfWork) -> dict[str, Any] | None:
    """Phone and code, for the service that sends them; None once they are over. It is written down."""
    table = phone_check.c
    row = uow.session.execute(
        select(table.account_id, table.phone, table.code).where(
            table.check_id == check_id, table.expires_at > uow.now
        )
    ).first()
    if row is None:
        return None
    write_down(reader, "read_phone", [row.account_id], uow)
    return {"phone": row.phone, "code": row.code}


def settle_number(account_id: str, name: str, id_number: str, known: bool, uow: UnitOfWork) -> Account:
    """What the registry said: name and number are kept as true (L2), or it is written down that they don't
    go together. Raises `NoMatch`; `InvalidAccount` when another account has shown the number already."""
    account = locked(account_id, uow)
    if not known:
        write_down(account_id, "real_name_no_match", [account_id], uow)
        raise NoMatch
    if account.kind == "person":
        bind_number(account, name, id_number, uow)
    raise_level(NUMBER_LEVEL, account, account_id, uow)
    return account


def note_registry_away(account_id: str, uow: UnitOfWork) -> None:
    write_down(account_id, "registry_away", [account_id], uow)


def note_wrong_number(account_id: str, uow: UnitOfWork) -> None:
    """A number whose check digit says that it can't be."""
    write_down(account_id, "wrong_number", [account_id], uow)


def kind_of(login: str, uow: UnitOfWork) -> str:
    """Whether it is a person's account or a firm's. Raises `InvalidAccount` for any other and nobody's."""
    kind = uow.session.scalar(select(account_table.c.kind).where(account_table.c.login == login))
    if kind not in ("person", "firm"):
        raise InvalidAccount({"login": "unknown_login"})
    return str(kind)


def confirm_at_window(
    login: str, name: str, number: str, known: bool, window: str, clerk: str, uow: UnitOfWork
) -> Account:
    """A clerk has seen the person and the document (of a firm: its representative and its licence): L3.
    By whom and where stands in the audit; the office and the window in the holder's readings.

    Raises `UnknownAccount`, `NoMatch` when the registry doesn't know the person so or the account has shown
    another name or number before.
    """
    account_id = uow.session.scalar(select(account_table.c.account_id).where(account_table.c.login == login))
    if account_id is None:
        raise UnknownAccount(login)
    account = locked(account_id, uow)
    if account.kind == "firm":
        same = (account.credit_code, account.display_name) == (number, name)
    else:
        same = account.level < NUMBER_LEVEL or (account.id_number, account.display_name) == (number, name)
    write_down(clerk, f"seen_at_window:{window}", [account_id], uow)
    note_reader(clerk, "account", PRESENCE, [account_id], uow, detail=window)
    if not same or not known:
        write_down(clerk, "window_no_match", [account_id], uow)
        raise NoMatch
    if account.kind == "person":
        bind_number(account, name, number, uow)
    raise_level(PRESENCE_LEVEL, account, clerk, uow)
    return account


def bind_number(account: Account, name: str, id_number: str, uow: UnitOfWork) -> None:
    """Keep a name and a number that were shown. Who has only claimed the same number loses it."""
    index = blind_index(uow.master_key, id_number)
    other_id = uow.session.scalar(
        select(account_table.c.account_id).where(
            account_table.c.id_index == index, account_table.c.account_id != account.account_id
        )
    )
    if other_id is not None:
        other = locked(other_id, uow)
        if other.level >= NUMBER_LEVEL:
            write_down(account.account_id, "number_of_another", [account.account_id, other_id], uow)
            raise InvalidAccount({"id_number": "taken"})
        other.id_number = other.id_index = None
        write_down(account.account_id, "unclaim_number", [other_id], uow)
        uow.session.flush()
    account.id_number, account.id_index, account.display_name = id_number, index, name


def raise_level(level: int, account: Account, by: str, uow: UnitOfWork) -> None:
    account.level = max(account.level, level)
    write_down(by, f"real_name_level_{level}", [account.account_id], uow)
