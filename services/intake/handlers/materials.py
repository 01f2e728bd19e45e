"""What is done with uploaded files: put into slots, taken out, handed in, forgotten.

The content is stored first and needs no transaction. `claim` comes before it, so that whatever lies in the
vault has a row in `blob`; what no material names a day later is swept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from chassis.storage import Vault
from chassis.uow import UnitOfWork
from services.intake import replica
from services.intake.domain import (
    MOST_VERSIONS,
    AlreadyFiled,
    Application,
    Draft,
    Material,
    NoSuchSlot,
    SlotClosed,
    TooManyVersions,
    UnknownApplication,
    UnknownDraft,
    spec_of,
)
from services.intake.handlers import signing
from services.intake.papers import blob, certificate_use, kept_file
from services.intake.papers import material as table

SWEEP = "intake.blob_sweep"
SWEEP_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has been checked and stored."""

    code: str
    file_name: str
    media_type: str
    size: int
    digest: str


def claim(digest: str, size: int, uow: UnitOfWork) -> None:
    """Say that this content is about to be stored; nobody sweeps it for a day."""
    statement = uow.insert(blob).values(digest=digest, size=size, touched_at=uow.now)
    uow.session.execute(
        statement.on_conflict_do_update(index_elements=["digest"], set_={"touched_at": uow.now})
    )
    uow.schedule(SWEEP, digest, uow.now + SWEEP_AFTER)


def put_into_draft(draft_id: str, upload: Upload, account_id: str, uow: UnitOfWork) -> Material:
    """Raises `UnknownDraft`, `AlreadyFiled`, `NoSuchSlot`, `TooManyVersions`."""
    found = _open_draft(draft_id, account_id, uow)
    procedure = replica.open_procedure(found.procedure, uow.session).procedure
    spec_of(procedure, upload.code, withheld_of(draft_id, uow.session))
    put = _put(upload, uow, draft_id=draft_id)
    signing.changed(draft_id, uow)
    return put


def put_into_application(number: str, upload: Upload, account_id: str, uow: UnitOfWork) -> Material:
    """While something is to be put right: for the desk any slot, for a branch those it may read.

    It counts once the correction is sent. Raises `UnknownApplication`, `NoSuchSlot`, `SlotClosed`,
    `TooManyVersions`.
    """
    found = _own(number, account_id, uow)
    _check_open(found, upload.code, uow)
    return _put(upload, uow, application_no=number)


def withheld_of(draft_id: str, session: Session) -> set[str]:
    """Materials of a draft that are asked for, because their certificates must not be used."""
    mine = (certificate_use.c.draft_id == draft_id, certificate_use.c.given.is_(False))
    return set(session.scalars(select(certificate_use.c.code).where(*mine)))


def take_out_of_draft(draft_id: str, code: str, account_id: str, uow: UnitOfWork) -> None:
    """Empty a slot. Raises `UnknownDraft`, `AlreadyFiled`."""
    _open_draft(draft_id, account_id, uow)
    drop_all(uow, table.c.draft_id == draft_id, table.c.code == code)
    signing.changed(draft_id, uow)


def take_out_of_application(number: str, code: str, account_id: str, uow: UnitOfWork) -> None:
    """Take back what was uploaded for a correction that has not been sent. Raises `UnknownApplication`."""
    _own(number, account_id, uow)
    drop_all(uow, table.c.application_no == number, table.c.code == code, table.c.handed_in_at.is_(None))


def hand_in(number: str, codes: Collection[str], since: datetime, uow: UnitOfWork) -> set[str]:
    """What waits in these slots counts from now on; returns those with anything newer than ``since``."""
    mine = (table.c.application_no == number, table.c.code.in_(codes))
    uow.session.execute(
        update(table).where(*mine, table.c.handed_in_at.is_(None)).values(handed_in_at=uow.now)
    )
    return set(uow.session.scalars(select(table.c.code).where(*mine, table.c.handed_in_at > since)))


def filled(number: str, uow: UnitOfWork, *, fresh: bool = False) -> set[str]:
    """Slots with a file; with ``fresh`` those with one that has not been handed in yet."""
    query = select(table.c.code).where(table.c.application_no == number)
    return set(uow.session.scalars(query.where(table.c.handed_in_at.is_(None)) if fresh else query))


def drop_all(uow: UnitOfWork, *which: Any) -> None:
    """Forget these materials; their content is swept a day later unless something else names it."""
    digests: Iterable[str] = uow.session.scalars(delete(table).where(*which).returning(table.c.digest)).all()
    uow.schedule_many(SWEEP, dict.fromkeys(digests, uow.now + SWEEP_AFTER))


def sweep(digests: list[str], vault: Vault, uow: UnitOfWork) -> None:
    """Delete content that no material names.

    The row is locked meanwhile: who stores the same content again waits, and then stores it anew.
    """
    rows = uow.session.scalars(
        select(blob.c.digest)
        .where(blob.c.digest.in_(digests), blob.c.touched_at <= uow.now - SWEEP_AFTER)
        .order_by(blob.c.digest)
        .with_for_update()
    ).all()
    named = set(uow.session.scalars(select(table.c.digest).where(table.c.digest.in_(rows))))
    named |= set(uow.session.scalars(select(kept_file.c.digest).where(kept_file.c.digest.in_(rows))))
    gone = [digest for digest in rows if digest not in named]
    for digest in gone:
        vault.delete(digest)
    uow.session.execute(delete(blob).where(blob.c.digest.in_(gone)))


def _put(upload: Upload, uow: UnitOfWork, **holder: str) -> Material:
    mine = [table.c[name] == value for name, value in holder.items()] + [table.c.code == upload.code]
    newest = uow.session.scalars(
        select(Material).where(*mine).order_by(table.c.version.desc()).limit(1)
    ).first()
    if newest is not None and newest.digest == upload.digest:
        return newest
    count = uow.session.scalar(select(func.count()).select_from(table).where(*mine)) or 0
    if count >= MOST_VERSIONS:
        raise TooManyVersions(upload.code)
    made = Material(
        material_id=str(uuid4()),
        draft_id=holder.get("draft_id"),
        application_no=holder.get("application_no"),
        code=upload.code,
        version=newest.version + 1 if newest else 1,
        file_name=upload.file_name,
        media_type=upload.media_type,
        size=upload.size,
        digest=upload.digest,
        uploaded_at=uow.now,
    )
    uow.session.add(made)
    return made


def _check_open(found: Application, code: str, uow: UnitOfWork) -> None:
    procedure = replica.known_procedure(found.procedure, found.version, uow.session).procedure
    spec_of(procedure, code)
    readers = {b.key for b in procedure.branches if code in b.materials}
    if not readers:
        raise NoSuchSlot(code)
    if found.status == "returned":
        return
    branches = found.case.branches.values()
    if not any(b.state.key in readers and found.open_request(b.state.branch_no) for b in branches):
        raise SlotClosed(code)


def _open_draft(draft_id: str, account_id: str, uow: UnitOfWork) -> Draft:
    found = uow.lock(Draft, [draft_id]).get(draft_id)
    if found is None or found.account_id != account_id:
        raise UnknownDraft(draft_id)
    if found.application_no is not None:
        raise AlreadyFiled(found.application_no)
    return found


def _own(number: str, account_id: str, uow: UnitOfWork) -> Application:
    found = uow.lock(Application, [number]).get(number)
    if found is None or found.applicant != account_id:
        raise UnknownApplication(number)
    return found
