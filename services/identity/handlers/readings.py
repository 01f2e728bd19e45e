"""Who read whose data, for what: kept for the holder, without any officer's name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, select

from chassis.uow import UnitOfWork
from chassis.workdays import SHANGHAI
from contracts.cloudevents import Envelope
from contracts.intake import DossierRead
from services.identity.orm import account as account_table
from services.identity.orm.space import reading

SELF = "self"
PLATFORM = "platform"
PRESENCE = "presence"
"""A clerk had the holder and the document before them; ``detail`` is the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading. ``reader`` is a department's code, `SELF` or `PLATFORM`; ``about`` a case, or a procedure
    where there is no case yet; ``detail`` the certificate or material."""

    holder: str
    reader: str
    what: str
    purpose: str
    at: datetime
    about: str = ""
    detail: str = ""


def note(readings: Iterable[Reading], uow: UnitOfWork) -> None:
    """Write down; the same reader and purpose on the same day count up."""
    statement = uow.insert(reading)
    new, old = statement.excluded, reading.c
    statement = statement.on_conflict_do_update(
        index_elements=["holder", "day", "reader", "what", "purpose", "about", "detail"],
        set_={
            "times": old.times + new.times,
            "last_at": case((new.last_at > old.last_at, new.last_at), else_=old.last_at),
        },
    )
    for r in sorted(readings, key=lambda r: (r.holder, r.at, r.what, r.detail)):
        values = {
            "holder": r.holder,
            "day": r.at.astimezone(SHANGHAI).date(),
            "reader": r.reader,
            "what": r.what,
            "purpose": r.purpose,
            "about": r.about,
            "detail": r.detail,
            "times": 1,
            "last_at": r.at,
        }
        uow.session.execute(statement, values)


def note_reader(
    reader: str, what: str, purpose: str, holders: Iterable[str], uow: UnitOfWork, detail: str = ""
) -> None:
    """A reader by account read this of these holders: a member of staff in the department's name, a
    service of the platform in the platform's."""
    wanted = sorted(set(holders) - {reader})
    if not wanted:
        return
    department = uow.session.scalar(
        select(account_table.c.department).where(account_table.c.account_id == reader)
    )
    people = uow.session.scalars(
        select(account_table.c.account_id).where(
            account_table.c.account_id.in_(wanted), account_table.c.kind.in_(("person", "firm"))
        )
    )
    note(
        (
            Reading(
                holder=h, reader=department or PLATFORM, what=what, purpose=purpose, detail=detail, at=uow.now
            )
            for h in people
        ),
        uow,
    )


def follow(events: Iterable[Envelope], uow: UnitOfWork) -> None:
    """What departments read of a case, in any order."""
    found = []
    for event in (e.event for e in events):
        if isinstance(event, DossierRead):
            what = "material" if event.material else "dossier" if event.branch_no else "form"
            purpose = "approval" if event.branch_no else "acceptance"
            found.append(
                Reading(
                    holder=event.applicant,
                    reader=event.department,
                    what=what,
                    purpose=purpose,
                    about=event.application_no,
                    detail=event.material or "",
                    at=event.read_at,
                )
            )
    note(found, uow)
