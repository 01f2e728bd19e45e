"""The read side of co-signing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.procedure import Procedure
from services.intake import replica
from services.intake.domain import Application, Draft, Material, asked_only
from services.intake.domain.signing import (
    MOST_INVITATIONS,
    Person,
    Signer,
    SigningRound,
    UnknownSigning,
    signers_of,
)
from services.intake.papers import material
from services.intake.queries import READABLE, DossierClosed
from services.intake.signatures import signer, signing_round

View = dict[str, Any]


def round_of(draft: Draft, session: Session) -> View:
    """The newest round of a draft; before the first one, and where the draft names others by now, whom it
    would go to."""
    found = session.scalars(
        select(SigningRound)
        .where(signing_round.c.draft_id == draft.draft_id)
        .order_by(signing_round.c.started_at.desc(), signing_round.c.round_id.desc())
        .limit(1)
    ).first()
    procedure = replica.newest_procedure(draft.procedure, session).procedure
    if found is not None and (found.outcome is None or found.application_no is not None):
        return round_view(found, procedure)
    people = signers_of(procedure, asked_only(procedure, draft.answers))
    if found is not None and [(s.name, s.id_number) for s in found.signers] == [
        (p.name, p.id_number) for p in people
    ]:
        return round_view(found, procedure)
    return {
        "round_id": found.round_id if found else None,
        "outcome": found.outcome if found else None,
        "expires_at": None,
        "application_no": None,
        "signers": [_to_invite(person, procedure) for person in people],
    }


def round_view(found: SigningRound, procedure: Procedure) -> View:
    """A round for its applicant, with the reasons given."""
    return {
        "round_id": found.round_id,
        "outcome": found.outcome,
        "expires_at": found.expires_at,
        "application_no": found.application_no,
        "signers": [_shown(one, found, procedure) for one in found.signers],
    }


def invitation(found: SigningRound, one: Signer, session: Session) -> View:
    """What goes round, for one who was invited. Raises `UnknownSigning` once the draft is gone."""
    draft = session.get(Draft, found.draft_id)
    if draft is None:
        raise UnknownSigning(found.round_id)
    procedure = replica.known_procedure(found.procedure, found.version, session).procedure
    titles = {spec.code: spec.title for spec in procedure.materials}
    return {
        "procedure": found.procedure,
        "title": procedure.title,
        "version": found.version,
        "digest": found.digest,
        "form": asked_only(procedure, draft.answers) if found.outcome is None else {},
        "files": [
            {"material_id": m.material_id, "title": titles[m.code], "file_name": m.file_name, "size": m.size}
            for m in files_of(found, session)
            if m.code in titles
        ],
        "me": _shown(one, found, procedure),
        "others": [
            _shown(other, found, procedure) | {"reason": None} for other in found.signers if other is not one
        ],
        "outcome": found.outcome,
        "expires_at": found.expires_at,
    }


def files_of(found: SigningRound, session: Session) -> list[Material]:
    """The newest file of each slot while the round runs."""
    if found.outcome is not None:
        return []
    newest: dict[str, Material] = {}
    rows = select(Material).where(material.c.draft_id == found.draft_id).order_by(material.c.version)
    for one in session.scalars(rows):
        newest[one.code] = one
    return [newest[code] for code in sorted(newest)]


def signatures(number: str, session: Session) -> list[View]:
    """Who signed a filed application, as which and when."""
    found = session.scalars(select(SigningRound).where(signing_round.c.application_no == number)).first()
    if found is None:
        return []
    procedure = replica.known_procedure(found.procedure, found.version, session).procedure
    return [
        {
            "name": one.name,
            "roles": _roles(one.roles, procedure),
            "level": one.level,
            "signed_at": one.answered_at,
            "digest": found.digest,
        }
        for one in found.signers
    ]


def reading_branch(found: Application, department: str | None) -> str | None:
    """The department's branch by which it may read the case now. Raises `DossierClosed` without one; None
    for the desk that leads, and for no department."""
    if department is None or department == found.lead_department:
        return None
    states = [b.state for b in found.case.branches.values() if b.state.department == department]
    open_to = [state.branch_no for state in states if state.status in READABLE]
    if not open_to:
        raise DossierClosed(states[0].status)
    return min(open_to)


def to_send(signer_id: str, session: Session) -> View | None:
    """Phone, token and what it is about, while the invitation is open."""
    row = session.execute(
        select(signer.c.phone, signer.c.token, signing_round.c.procedure, signing_round.c.version)
        .join(signing_round, signing_round.c.round_id == signer.c.round_id)
        .where(
            signer.c.signer_id == signer_id, signer.c.state == "invited", signing_round.c.outcome.is_(None)
        )
    ).first()
    if row is None or row.token is None or row.phone is None:
        return None
    title = replica.known_procedure(row.procedure, row.version, session).procedure.title
    return {"phone": row.phone, "token": row.token, "title": title}


def _to_invite(person: Person, procedure: Procedure) -> View:
    return {
        "signer_id": None,
        "name": person.name,
        "roles": _roles(person.roles, procedure),
        "state": "to_invite",
        "answered_at": None,
        "reason": None,
        "may_invite_again": False,
    }


def _shown(one: Signer, found: SigningRound, procedure: Procedure) -> View:
    return {
        "signer_id": one.signer_id,
        "name": one.name,
        "roles": _roles(one.roles, procedure),
        "state": one.state,
        "answered_at": one.answered_at,
        "reason": one.reason,
        "may_invite_again": found.outcome is None
        and one.state == "invited"
        and one.invitations < MOST_INVITATIONS,
    }


def _roles(roles: Any, procedure: Procedure) -> list[Any]:
    titles = {spec.role: spec.title for spec in procedure.signers}
    return [titles[role] for role in roles if role in titles]
