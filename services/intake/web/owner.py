"""Whose things are meant: the caller's own, or those of the firm acted for, within the agent's scope.

An application and a draft never change their item, so their scope may be looked at before they are locked.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.auth import check_level, check_scope
from chassis.uow import UnitOfWork
from chassis.web import caller
from services.intake import handlers, replica
from services.intake.orm import application
from services.intake.papers import draft, material


def owner_for(code: str) -> str:
    """Whose an application for this item is. A 403 problem outside the agent's scope."""
    check_scope(code)
    return caller().principal


def owner_of_application(number: str, session: Session) -> str:
    """Whose this application has to be; the caller's own account for members of staff."""
    return _within(select(application.c.procedure).where(application.c.application_no == number), session)


def owner_of_draft(draft_id: str, session: Session) -> str:
    """Whose this draft has to be."""
    return _within(select(draft.c.procedure).where(draft.c.draft_id == draft_id), session)


def owner_of_material(material_id: str, session: Session) -> str:
    """Whose this file has to be."""
    if caller().acting is not None:
        row = session.execute(
            select(material.c.application_no, material.c.draft_id).where(
                material.c.material_id == material_id
            )
        ).first()
        if row is not None and row.application_no:
            return owner_of_application(row.application_no, session)
        if row is not None:
            return owner_of_draft(row.draft_id, session)
    return caller().principal


def scope() -> Collection[str] | None:
    """The items the caller may see of the firm acted for; None for all."""
    acting = caller().acting
    return acting.items if acting else None


def check_may_file(code: str, session: Session) -> None:
    """Refuse (403) whoever's real-name level is below what the item asks for. Raises like
    `replica.open_procedure`."""
    check_level(replica.open_procedure(code, session).procedure.minimum_level)


def check_may_file_draft(draft_id: str, session: Session) -> None:
    """The same for a draft; one that nobody knows is for the handler to refuse."""
    code = session.scalar(select(draft.c.procedure).where(draft.c.draft_id == draft_id))
    if code is not None:
        check_may_file(code, session)


def acted(act: str, subject: str, uow: UnitOfWork) -> None:
    """Write down what an agent did to a draft or an application of the firm."""
    who = caller()
    if who.acting is not None:
        handlers.note_agent(act, subject, who.principal, who.account_id, uow)


def _within(its_item: Any, session: Session) -> str:
    if caller().acting is not None:
        code = session.scalar(its_item)
        if code is not None:
            check_scope(code)
    return caller().principal
