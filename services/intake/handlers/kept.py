"""Files a holder keeps for later cases: the space's materials, by kind, the same content once.

A kept file names content that lies in the vault already or has just been put there; using it for a case
copies nothing but the name of that content.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from chassis.uow import UnitOfWork
from services.intake import replica
from services.intake.domain import Application, Draft, Material, UnknownMaterial
from services.intake.handlers.materials import SWEEP, SWEEP_AFTER, Upload, put_into_draft
from services.intake.papers import kept_file as table

MOST_KEPT = 200


class TooManyKept(Exception):
    """The space is full."""


def keep(upload: Upload, holder: str, uow: UnitOfWork) -> dict[str, Any]:
    """Keep a file that was checked and stored. Raises `NoSuchSlot` (no such kind), `TooManyKept`."""
    replica.material_spec(upload.code, uow.session)
    return _keep(upload, holder, uow)


def keep_material(material_id: str, holder: str, uow: UnitOfWork) -> dict[str, Any]:
    """Keep what the holder uploaded to a draft or a case. Raises `UnknownMaterial`, `TooManyKept`."""
    found = uow.session.get(Material, material_id)
    if found is None or _owner(found, uow) != holder:
        raise UnknownMaterial(material_id)
    upload = Upload(found.code, found.file_name, found.media_type, found.size, found.digest)
    return _keep(upload, holder, uow)


def use(file_id: str, draft_id: str, code: str, holder: str, uow: UnitOfWork) -> Material:
    """Put a kept file into a slot of the holder's draft. Raises `UnknownMaterial` (another's, or of another
    kind) and what `put_into_draft` raises."""
    found = one(file_id, holder, uow.session)
    if found["code"] != code:
        raise UnknownMaterial(file_id)
    upload = Upload(code, found["file_name"], found["media_type"], found["size"], found["digest"])
    return put_into_draft(draft_id, upload, holder, uow)


def drop(file_id: str, holder: str, uow: UnitOfWork) -> None:
    """Let go of it; cases that use it keep it. Raises `UnknownMaterial`."""
    found = one(file_id, holder, uow.session)
    uow.session.execute(delete(table).where(table.c.file_id == file_id))
    uow.schedule(SWEEP, found["digest"], uow.now + SWEEP_AFTER)


def forget_holders(holders: Collection[str], uow: UnitOfWork) -> None:
    """Accounts were closed: what they kept goes; cases that use it keep it."""
    mine = table.c.holder.in_(sorted(holders))
    for digest in set(uow.session.scalars(delete(table).where(mine).returning(table.c.digest))):
        uow.schedule(SWEEP, digest, uow.now + SWEEP_AFTER)


def all_of(holder: str, session: Session) -> list[dict[str, Any]]:
    """What a holder keeps, the last first."""
    rows = session.execute(
        select(table).where(table.c.holder == holder).order_by(table.c.kept_at.desc(), table.c.file_id)
    ).all()
    titles = {code: replica.material_title(code, session) for code in {row.code for row in rows}}
    return [dict(row._mapping) | {"title": titles[row.code]} for row in rows]


def one(file_id: str, holder: str, session: Session) -> dict[str, Any]:
    """Raises `UnknownMaterial`."""
    row = session.execute(select(table).where(table.c.file_id == file_id, table.c.holder == holder)).first()
    if row is None:
        raise UnknownMaterial(file_id)
    return dict(row._mapping)


def _keep(upload: Upload, holder: str, uow: UnitOfWork) -> dict[str, Any]:
    mine = table.c.holder == holder
    count = uow.session.scalar(select(func.count()).select_from(table).where(mine)) or 0
    values = {
        "file_id": str(uuid4()),
        "holder": holder,
        "code": upload.code,
        "file_name": upload.file_name,
        "media_type": upload.media_type,
        "size": upload.size,
        "digest": upload.digest,
        "kept_at": uow.now,
    }
    uow.session.execute(uow.insert(table).values(values).on_conflict_do_nothing())
    row = uow.session.execute(
        select(table).where(mine, table.c.code == upload.code, table.c.digest == upload.digest)
    ).one()
    if row.file_id == values["file_id"] and count >= MOST_KEPT:
        raise TooManyKept(holder)
    return dict(row._mapping) | {"title": replica.material_title(upload.code, uow.session)}


def _owner(found: Material, uow: UnitOfWork) -> str | None:
    if found.application_no is not None:
        filed = uow.session.get(Application, found.application_no)
        return filed.applicant if filed else None
    draft = uow.session.get(Draft, found.draft_id)
    return draft.account_id if draft else None
