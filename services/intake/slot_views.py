"""The read side of drafts and materials: slots, and files for those who may open them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.workdays import SHANGHAI
from services.intake import replica
from services.intake.domain import (
    BEING_HANDLED,
    FINISHED,
    Application,
    Draft,
    Material,
    Slot,
    UnknownDraft,
    UnknownMaterial,
    asked_only,
    called_for,
    slots,
    specs_for,
)
from services.intake.domain.certificates import CertificateUse
from services.intake.orm import acceptance_act
from services.intake.papers import certificate_use, material
from services.intake.papers import draft as draft_table

MOST_DRAFTS = 50
View = dict[str, Any]


def draft_of(draft_id: str, account_id: str, session: Session) -> Draft:
    """Raises `UnknownDraft`."""
    found = session.get(Draft, draft_id)
    if found is None or found.account_id != account_id:
        raise UnknownDraft(draft_id)
    return found


def drafts_of(account_id: str, session: Session, items: Collection[str] | None = None) -> list[View]:
    """The account's unfinished drafts, the one saved last first; only of these items when any are named."""
    wanted = select(Draft).where(
        draft_table.c.account_id == account_id, draft_table.c.application_no.is_(None)
    )
    if items is not None:
        wanted = wanted.where(draft_table.c.procedure.in_(sorted(items)))
    found = session.scalars(wanted.order_by(draft_table.c.saved_at.desc()).limit(MOST_DRAFTS))
    return [draft_view(draft, session) for draft in found]


def draft_view(draft: Draft, session: Session) -> View:
    """A draft with the slots that its answers call for so far."""
    known = replica.newest_procedure(draft.procedure, session)
    called = called_for(known.procedure, asked_only(known.procedure, draft.answers))
    files = [] if draft.application_no else _files(session, material.c.draft_id == draft.draft_id)
    uses = _uses(session, certificate_use.c.draft_id == draft.draft_id)
    now = clock.now()
    return {
        "draft_id": draft.draft_id,
        "procedure": draft.procedure,
        "version": known.procedure.version,
        "title": known.procedure.title,
        "answers": draft.answers,
        "origins": draft.origins,
        "revision": draft.revision,
        "begun_at": draft.begun_at,
        "saved_at": draft.saved_at,
        "application_no": draft.application_no,
        "materials": [
            _shown(slot, now)
            for slot in slots(
                specs_for(known.procedure, called), files, accepted=False, why={}, certificates=uses
            )
        ],
    }


def slots_of(
    found: Application, session: Session, *, only: Collection[str] | None = None, unsent: bool = False
) -> list[View]:
    """An application's slots; ``only`` those a department may see, ``unsent`` with what the applicant has
    uploaded but not handed in yet."""
    procedure = replica.known_procedure(found.procedure, found.version, session).procedure
    files = _files(session, material.c.application_no == found.application_no)
    there = {file.code for file in files}
    specs = [
        spec
        for spec in procedure.materials
        if spec in specs_for(procedure, found.called) or spec.code in there
        if only is None or spec.code in only
    ]
    shown = [file for file in files if unsent or file.handed_in_at is not None]
    accepted = found.accepted_at is not None
    uses = _uses(session, certificate_use.c.application_no == found.application_no)
    now = clock.now()
    return [
        _shown(slot, now)
        for slot in slots(specs, shown, accepted=accepted, why=_sent_back(found, session), certificates=uses)
    ]


def material_for(
    material_id: str, account_id: str, department: str | None, is_desk: bool, session: Session
) -> tuple[Material, str | None]:
    """A file for its applicant, for the desk of the leading department (``is_desk``), and for the
    departments whose branch declares it while they may read; with the branch it is read for.

    Raises `UnknownMaterial`.
    """
    found = session.get(Material, material_id)
    if found is None:
        raise UnknownMaterial(material_id)
    if found.application_no is None:
        draft = session.get(Draft, found.draft_id)
        if draft is None or draft.account_id != account_id:
            raise UnknownMaterial(material_id)
        return found, None
    filed = session.get(Application, found.application_no)
    assert filed is not None, "a material's application is never deleted"
    if filed.applicant == account_id:
        return found, None
    if department is None or found.handed_in_at is None:
        raise UnknownMaterial(material_id)
    if is_desk and filed.lead_department == department:
        return found, None
    return found, _reading_branch(filed, found.code, department, session)


def _reading_branch(filed: Application, code: str, department: str, session: Session) -> str:
    procedure = replica.known_procedure(filed.procedure, filed.version, session).procedure
    declares = {b.key for b in procedure.branches if code in b.materials}
    for branch_no, branch in sorted(filed.case.branches.items()):
        state = branch.state
        readable = state.status in (*BEING_HANDLED, *FINISHED)
        if state.department == department and state.key in declares and readable:
            return branch_no
    raise UnknownMaterial(code)


def _files(session: Session, where: Any) -> list[Material]:
    return list(session.scalars(select(Material).where(where)))


def _uses(session: Session, where: Any) -> dict[str, CertificateUse]:
    return {use.code: use for use in session.scalars(select(CertificateUse).where(where))}


def _sent_back(found: Application, session: Session) -> Mapping[str, str]:
    """Why the desk sent materials back, by slot."""
    if found.status != "returned":
        return {}
    table = acceptance_act.c
    words = session.scalar(
        select(table.words)
        .where(table.application_no == found.application_no)
        .order_by(table.number.desc())
        .limit(1)
    )
    return {reason["field"]: reason["reason"] for reason in words or ()}


def offered(draft_id: str, session: Session) -> dict[str, str]:
    """Certificates by material, as the library offered them for a draft."""
    t = certificate_use.c
    rows = session.execute(select(t.code, t.certificate_id).where(t.draft_id == draft_id))
    return {code: certificate_id for code, certificate_id in rows}


def certificate_view(use: CertificateUse, now: datetime) -> View:
    """As it stands today. What stands on it is there with consent only."""
    facts = use.facts or {}
    return {
        "certificate_id": use.certificate_id,
        "code": use.code,
        "title": use.title,
        "state": use.state_on(now.astimezone(SHANGHAI).date()),
        "valid_until": use.valid_until,
        "given": use.given,
        **{name: facts.get(name) for name in ("number", "issuer_name", "issued_at", "contents")},
    }


def _shown(slot: Slot, now: datetime) -> View:
    spec = slot.spec
    return {
        "code": spec.code,
        "title": spec.title,
        "how": spec.how,
        "required": spec.required,
        "needed_when": spec.needed_when,
        "formats": slot.formats,
        "state": slot.state,
        "why": slot.why,
        "file": slot.file,
        "older": slot.older,
        "certificate": certificate_view(slot.certificate, now) if slot.certificate else None,
    }
