"""The read side of firms: whom one acts for, and who acts for a firm."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from chassis.uow import UnitOfWork
from services.identity.domain import Account, UnknownAccount
from services.identity.domain.firms import Agency, Invitation
from services.identity.handlers.audit import write_down
from services.identity.orm import account as account_table
from services.identity.orm import agency as agency_table
from services.identity.orm import invitation

View = dict[str, Any]
LONGEST_LIST = 200


def firms_of(person: str, uow: UnitOfWork) -> list[View]:
    """The firms a person acts for now, by name."""
    found = uow.session.execute(
        select(Agency, Account)
        .join(Account, account_table.c.account_id == agency_table.c.firm)
        .where(agency_table.c.agent == person, agency_table.c.ended_at.is_(None))
    )
    rows = [(a, firm) for a, firm in found if a.state(uow.now) == "current"]
    return [
        agency(a, uow) | {"firm": firm.account_id, "name": firm.display_name}
        for a, firm in sorted(rows, key=lambda row: (row[1].display_name, row[0].granted_at))
    ]


def firm_with_members(firm: str, reader: str, uow: UnitOfWork) -> View:
    """A firm, who may and might act for it, those who did included. Reading names is written down.

    Raises `UnknownAccount`.
    """
    account = uow.session.get(Account, firm)
    if account is None or account.kind != "firm":
        raise UnknownAccount(firm)
    agencies = uow.session.execute(
        select(Agency, Account)
        .join(Account, account_table.c.account_id == agency_table.c.agent)
        .where(agency_table.c.firm == firm)
        .order_by(agency_table.c.granted_at.desc())
        .limit(LONGEST_LIST)
    ).all()
    invitations = uow.session.scalars(
        select(Invitation)
        .where(invitation.c.firm == firm)
        .order_by(invitation.c.invited_at.desc())
        .limit(LONGEST_LIST)
    ).all()
    write_down(reader, "read_name", sorted({a.agent for a, _ in agencies}), uow)
    return {
        "account_id": account.account_id,
        "name": account.display_name,
        "credit_code": account.credit_code,
        "level": account.level,
        "members": [
            agency(a, uow) | {"agent": a.agent, "name": person.display_name} for a, person in agencies
        ],
        "invitations": [invited(i, uow) for i in invitations],
    }


def invited(found: Invitation, uow: UnitOfWork) -> View:
    return {
        "invitation_id": found.invitation_id,
        "name": found.name,
        "items": found.items,
        "until": found.until,
        "expires_at": found.expires_at,
        "state": found.state(uow.now),
    }


def offered(found: Invitation, uow: UnitOfWork) -> View:
    """An invitation as the person it is for sees it."""
    firm = uow.session.get_one(Account, found.firm)
    return invited(found, uow) | {"firm": firm.account_id, "firm_name": firm.display_name}


def agency(found: Agency, uow: UnitOfWork) -> View:
    return {
        "agency_id": found.agency_id,
        "role": found.role,
        "items": found.items,
        "until": found.until,
        "granted_at": found.granted_at,
        "ended_at": found.ended_at,
        "state": found.state(uow.now),
    }
