"""What is done with signatures: a version sent round, signed or objected to, filed with the last one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from chassis import metrics
from chassis.sealing import blind_index, blind_indexes
from chassis.uow import UnitOfWork
from contracts.intake import SignerInvited, SigningEnded
from services.intake import replica
from services.intake.domain import Application, Draft, asked_only
from services.intake.domain.signing import (
    LASTS,
    NoSigners,
    NotTheSigner,
    Outcome,
    Person,
    SignaturesNeeded,
    Signer,
    SigningRound,
    UnknownSigning,
    all_roles,
    frozen,
    signers_of,
)
from services.intake.forms import InvalidForm
from services.intake.papers import material
from services.intake.signatures import TOKEN_INDEX, signer, signing_round

EXPIRES = "intake.signing_expires"
NEEDS_PHONE = ("请填写这位签署人的手机号", "Please give this person's mobile number")


def people_of(draft: Draft, uow: UnitOfWork) -> list[Person]:
    """Whom the draft as it stands names as signers."""
    procedure = replica.open_procedure(draft.procedure, uow.session).procedure
    return signers_of(procedure, asked_only(procedure, draft.answers))


def check_signed(procedure: Any, form: Mapping[str, Any], mine: Collection[str]) -> None:
    """Nobody but the applicant has to sign: filing is the signature. Raises `SignaturesNeeded`. ``mine`` are
    the ID numbers that identity says are the caller's own."""
    others = [p for p in signers_of(procedure, form) if p.id_number not in mine]
    if others:
        raise SignaturesNeeded(all_roles(others))


def start(
    draft: Draft,
    kind: str,
    filed_by: str | None,
    own_number: str | None,
    level: int,
    account_id: str,
    phones: Mapping[str, str],
    token: Any,
    uow: UnitOfWork,
) -> SigningRound:
    """Send the draft round as it stands; one that runs already for the same version goes on. ``phones`` are
    by the person's place in the list, ``token()`` makes a new link. The applicant's own signature is given by
    sending. Raises `NoSigners`, `InvalidForm` for every phone that is missing."""
    people = people_of(draft, uow)
    if not people:
        raise NoSigners(draft.procedure)
    digest, version = digest_of(draft, uow)
    running = running_round(draft.draft_id, uow)
    if running is not None and running.digest == digest:
        return running
    if running is not None:
        end(running, "changed", uow)
        uow.session.flush()
    missing = [
        {"field": f"phones.{n}", "zh": NEEDS_PHONE[0], "en": NEEDS_PHONE[1]}
        for n, person in enumerate(people)
        if person.id_number != own_number and not phones.get(str(n))
    ]
    if missing:
        raise InvalidForm(missing)
    made = SigningRound(
        round_id=str(uuid4()),
        draft_id=draft.draft_id,
        applicant=draft.account_id,
        kind=kind,
        filed_by=filed_by,
        procedure=draft.procedure,
        version=version,
        digest=digest,
        started_at=uow.now,
        expires_at=uow.now + LASTS,
    )
    for place, person in enumerate(people):
        made.signers.append(_signer(made, place, person, own_number, phones, token, uow))
    uow.session.add(made)
    uow.session.flush()
    uow.schedule(EXPIRES, made.round_id, made.expires_at)
    metrics.SIGNING_ROUNDS.labels("started").inc()
    for one in made.signers:
        if one.token is None:
            made.sign(one.signer_id, account_id, level, uow.now)
        else:
            _invite(made, one, uow)
    return made


def invite_again(found: SigningRound, signer_id: str, token: Any, uow: UnitOfWork) -> None:
    """Send another link. Raises what `SigningRound.invite_again` raises."""
    secret = token()
    one = found.invite_again(signer_id, secret, blind_index(uow.master_key, TOKEN_INDEX, secret))
    _invite(found, one, uow)


def by_token(token: str, uow: UnitOfWork) -> tuple[SigningRound, Signer]:
    """Who was invited by this link, the round locked. One whose version is no longer the draft's ends here.
    Raises `UnknownSigning`."""
    indexes = blind_indexes(uow.master_key, TOKEN_INDEX, token)
    row = uow.session.execute(
        select(signer.c.round_id, signer.c.signer_id).where(signer.c.token_index.in_(indexes))
    ).first()
    if row is None:
        raise UnknownSigning
    found = locked(row.round_id, uow)
    return found, found.signer(row.signer_id)


def check_person(one: Signer, is_same: bool, level: int, needed: int) -> None:
    """Raises `NotTheSigner`."""
    if not is_same:
        raise NotTheSigner("other_person")
    if level < needed:
        raise NotTheSigner("level")


def object_to(
    found: SigningRound, one: Signer, account_id: str, level: int, reason: str, uow: UnitOfWork
) -> None:
    """Raises `SigningOver`, `AlreadyAnswered`."""
    found.object(one.signer_id, account_id, level, reason, uow.now)
    _say_ended(found, uow)


def locked(round_id: str, uow: UnitOfWork) -> SigningRound:
    """The draft first, then the round: as filing does. Raises `UnknownSigning`."""
    draft_id = uow.session.scalar(
        select(signing_round.c.draft_id).where(signing_round.c.round_id == round_id)
    )
    if draft_id is None:
        raise UnknownSigning(round_id)
    uow.lock(Draft, [draft_id])
    return uow.lock(SigningRound, [round_id])[round_id]


def is_still(found: SigningRound, uow: UnitOfWork) -> bool:
    """Whether the draft is what goes round; a round of another version ends."""
    draft = uow.session.get(Draft, found.draft_id)
    if found.outcome is None and (draft is None or digest_of(draft, uow)[0] != found.digest):
        end(found, "changed", uow)
    return found.outcome is None


def changed(draft_id: str, uow: UnitOfWork) -> None:
    """Something in the draft may have changed: signatures count for what was signed alone."""
    uow.session.flush()
    running = running_round(draft_id, uow)
    if running is not None:
        is_still(running, uow)


def end(found: SigningRound, outcome: Outcome, uow: UnitOfWork, filed: Application | None = None) -> None:
    """Raises `SigningOver` when it has ended before."""
    found.end(outcome, uow.now, filed.application_no if filed else None)
    _say_ended(found, uow)


def end_running(draft_id: str, outcome: Outcome, uow: UnitOfWork) -> None:
    """End the round of this draft, if one runs."""
    running = running_round(draft_id, uow)
    if running is not None:
        end(running, outcome, uow)


def expire(round_ids: Iterable[str], uow: UnitOfWork) -> None:
    """Their time is over."""
    for round_id in sorted(round_ids):
        found = locked(round_id, uow)
        if found.outcome is None:
            end(found, "expired", uow)


def running_round(draft_id: str, uow: UnitOfWork) -> SigningRound | None:
    """The draft must be locked."""
    running = select(signing_round.c.round_id).where(
        signing_round.c.draft_id == draft_id, signing_round.c.outcome.is_(None)
    )
    round_id = uow.session.scalar(running)
    return uow.lock(SigningRound, [round_id])[round_id] if round_id else None


def digest_of(draft: Draft, uow: UnitOfWork) -> tuple[str, int]:
    """What would be signed now, in one figure, and the item's version."""
    procedure = replica.open_procedure(draft.procedure, uow.session).procedure
    newest = select(material.c.code, material.c.digest).where(material.c.draft_id == draft.draft_id)
    files: dict[str, str] = {
        code: digest for code, digest in uow.session.execute(newest.order_by(material.c.version))
    }
    return frozen(procedure.version, asked_only(procedure, draft.answers), files), procedure.version


def _signer(
    made: SigningRound,
    place: int,
    person: Person,
    own_number: str | None,
    phones: Mapping[str, str],
    token: Any,
    uow: UnitOfWork,
) -> Signer:
    is_applicant = person.id_number == own_number
    secret = None if is_applicant else token()
    return Signer(
        signer_id=str(uuid4()),
        round_id=made.round_id,
        position=place,
        roles=list(person.roles),
        name=person.name,
        id_number=person.id_number,
        phone=None if is_applicant else phones[str(place)],
        token=secret,
        token_index=None if secret is None else blind_index(uow.master_key, TOKEN_INDEX, secret),
        invitations=0 if is_applicant else 1,
    )


def _invite(found: SigningRound, one: Signer, uow: UnitOfWork) -> None:
    uow.emit(
        SignerInvited(
            signer_id=one.signer_id,
            round_id=found.round_id,
            procedure=found.procedure,
            expires_at=found.expires_at,
        )
    )


def _say_ended(found: SigningRound, uow: UnitOfWork) -> None:
    assert found.outcome is not None and found.ended_at is not None
    uow.unschedule(EXPIRES, found.round_id)
    metrics.SIGNING_ROUNDS.labels(found.outcome).inc()
    uow.emit(
        SigningEnded(
            round_id=found.round_id,
            procedure=found.procedure,
            applicant=found.applicant,
            outcome=found.outcome,
            signers=found.signed_by,
            application_no=found.application_no,
            ended_at=found.ended_at,
        )
    )
