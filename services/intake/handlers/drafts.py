"""What is done with drafts: begun, saved step by step, filed, or let go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select, update

from chassis.uow import UnitOfWork
from contracts.cloudevents import Envelope
from contracts.identity import AccountClosed
from services.intake import replica
from services.intake.domain import Application, Draft, UnknownDraft, asked_only, called_for, specs_for
from services.intake.domain.signing import LEVEL, Signer, SigningRound
from services.intake.forms import InvalidForm
from services.intake.handlers import certificates, kept, signing
from services.intake.handlers.applications import NothingCalledFor, WrongAudience, check_form, submit
from services.intake.handlers.materials import drop_all, withheld_of
from services.intake.handlers.prefill import KnownField, from_guide, write_down
from services.intake.papers import draft as table
from services.intake.papers import material

EXPIRES = "intake.draft_expires"
KEPT = timedelta(days=90)


def begin(
    code: str,
    account_id: str,
    kind: str,
    known: Mapping[str, KnownField],
    uow: UnitOfWork,
    *,
    reader: str | None = None,
    said: Mapping[str, Any] | None = None,
) -> tuple[Draft, bool]:
    """Open a draft with what is known filled in, or take up the account's unfinished one; says which.
    ``said`` are answers just given in the guide: they go into either.

    Raises `replica.UnknownProcedure`, `replica.NotOpenForFiling`, `WrongAudience`.
    """
    procedure = replica.open_procedure(code, uow.session).procedure
    if kind not in procedure.audience:
        raise WrongAudience(code)
    values = {
        "draft_id": str(uuid4()),
        "account_id": account_id,
        "procedure": code,
        "answers": {name: found.value for name, found in known.items()},
        "origins": {name: found.origin() for name, found in known.items()},
        "touched": {},
        "revision": 1,
        "begun_at": uow.now,
        "saved_at": uow.now,
    }
    opened = uow.insert(table).values(values).on_conflict_do_nothing().returning(table.c.draft_id)
    is_new = uow.session.scalar(opened) is not None
    found = uow.session.scalars(
        select(Draft).where(
            table.c.account_id == account_id, table.c.procedure == code, table.c.application_no.is_(None)
        )
    ).one()
    if is_new:
        uow.schedule(EXPIRES, found.draft_id, uow.now + KEPT)
        if known:
            write_down(code, account_id, known, uow, reader)
    taken = from_guide(procedure, said or {})
    if taken:
        found = locked(found.draft_id, account_id, uow)
        origins = {name: field.origin() for name, field in taken.items()}
        found.take_over({name: field.value for name, field in taken.items()}, origins, uow.now)
    return found, is_new


def save(draft_id: str, changes: Mapping[str, Any], seen: int, account_id: str, uow: UnitOfWork) -> Draft:
    """Keep the answers of a step. Raises `UnknownDraft`, `AlreadyFiled`, `ChangedMeanwhile`."""
    found = locked(draft_id, account_id, uow)
    found.save(changes, seen, uow.now)
    uow.schedule(EXPIRES, draft_id, uow.now + KEPT)
    signing.changed(draft_id, uow)
    return found


def file(
    draft_id: str,
    seen: int,
    account_id: str,
    kind: str,
    uow: UnitOfWork,
    filed_by: str | None = None,
    mine: Collection[str] = (),
) -> tuple[Application | None, str]:
    """File the draft (``filed_by`` an agent, for a firm); the application and its number. Filed before, only
    the number. ``mine`` are the ID numbers that are the caller's own.

    Raises `UnknownDraft`, `ChangedMeanwhile`, `SignaturesNeeded`, and whatever `submit` raises.
    """
    found = locked(draft_id, account_id, uow)
    if found.application_no is not None:
        return None, found.application_no
    found.seen_as(seen)
    procedure = replica.open_procedure(found.procedure, uow.session).procedure
    if procedure.signers:
        _check(found, kind, uow)
        signing.check_signed(procedure, asked_only(procedure, found.answers), mine)
    filed = _file(found, kind, uow, filed_by)
    return filed, filed.application_no


def send_round(
    draft_id: str,
    seen: int,
    account_id: str,
    kind: str,
    filed_by: str | None,
    own: tuple[str | None, str, int],
    phones: Mapping[str, str],
    token: Callable[[], str],
    uow: UnitOfWork,
) -> SigningRound:
    """Have everybody concerned sign the draft as it stands, which must be fit to be filed. ``own`` are the
    caller's own ID number where it is among them, account and level.

    Raises `UnknownDraft`, `AlreadyFiled`, `ChangedMeanwhile`, `NoSigners`, and whatever `submit` raises.
    """
    found = locked(draft_id, account_id, uow)
    found.must_be_open()
    found.seen_as(seen)
    _check(found, kind, uow)
    number, caller, level = own
    made = signing.start(found, kind, filed_by, number, level, caller, phones, token, uow)
    _file_if_signed(found, made, uow)
    return made


def sign(
    token: str, is_same: bool, account_id: str, level: int, uow: UnitOfWork
) -> tuple[SigningRound, Signer]:
    """Sign what goes round; with the last signature it is filed. A round whose draft can't be filed any more
    ends, with nothing lost.

    Raises `UnknownSigning`, `NotTheSigner`, `SigningOver`, `AlreadyAnswered`.
    """
    found, one = signing.by_token(token, uow)
    signing.check_person(one, is_same, level, LEVEL)
    found.must_run()
    if not signing.is_still(found, uow):
        return found, one
    found.sign(one.signer_id, account_id, level, uow.now)
    draft = uow.session.get_one(Draft, found.draft_id)
    _file_if_signed(draft, found, uow)
    return found, one


def _file_if_signed(draft: Draft, found: SigningRound, uow: UnitOfWork) -> None:
    if found.outcome is not None or any(s.state != "signed" for s in found.signers):
        return
    try:
        filed = _file(draft, found.kind, uow, found.filed_by)
    except (InvalidForm, replica.NotOpenForFiling, WrongAudience, NothingCalledFor):
        signing.end(found, "changed", uow)
        return
    signing.end(found, "filed", uow, filed)


def _check(found: Draft, kind: str, uow: UnitOfWork) -> None:
    """Tell everything wrong or missing, as filing would."""
    known = replica.open_procedure(found.procedure, uow.session)
    if kind not in known.procedure.audience:
        raise WrongAudience(found.procedure)
    form = asked_only(known.procedure, found.answers)
    filled = uow.session.scalars(select(material.c.code).where(material.c.draft_id == found.draft_id)).all()
    specs = specs_for(known.procedure, called_for(known.procedure, form))
    ended = certificates.ended(found.draft_id, specs, uow)
    check_form(known, form, set(filled), ended, withheld_of(found.draft_id, uow.session))


def _file(found: Draft, kind: str, uow: UnitOfWork, filed_by: str | None) -> Application:
    draft_id, account_id = found.draft_id, found.account_id
    known = replica.open_procedure(found.procedure, uow.session)
    form = asked_only(known.procedure, found.answers)
    filled = uow.session.scalars(select(material.c.code).where(material.c.draft_id == draft_id)).all()
    specs = specs_for(known.procedure, called_for(known.procedure, form))
    filed = submit(
        found.procedure,
        form,
        "portal",
        account_id,
        kind,
        uow,
        filled=set(filled),
        filed_by=filed_by,
        withheld=withheld_of(draft_id, uow.session),
        ended=certificates.ended(draft_id, specs, uow),
    )
    number = filed.application_no
    needed = {code for b in known.procedure.branches if b.key in filed.called for code in b.materials}
    drop_all(uow, material.c.draft_id == draft_id, material.c.code.not_in(needed))
    uow.session.execute(
        update(material)
        .where(material.c.draft_id == draft_id)
        .values(application_no=number, handed_in_at=uow.now)
    )
    certificates.hand_over(draft_id, number, account_id, needed, uow)
    found.filed(number)
    return filed


def discard(draft_id: str, account_id: str, uow: UnitOfWork) -> None:
    """Let an unfinished draft go with everything in it. Raises `UnknownDraft`."""
    found = locked(draft_id, account_id, uow)
    if found.application_no is None:
        signing.end_running(draft_id, "withdrawn", uow)
        drop_all(uow, material.c.draft_id == draft_id)
        certificates.forget([draft_id], uow)
    uow.session.delete(found)
    uow.unschedule(EXPIRES, draft_id)


def forget(draft_ids: list[str], uow: UnitOfWork) -> None:
    """Drafts nobody has touched for `KEPT` go, with their files; of filed ones the files are the case's."""
    drop_all(uow, material.c.draft_id.in_(draft_ids), material.c.application_no.is_(None))
    certificates.forget(draft_ids, uow)
    uow.session.execute(delete(table).where(table.c.draft_id.in_(draft_ids)))


def forget_accounts(events: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Accounts were closed: their drafts go, filed or not, and what they kept; what was handed in stays with
    its case."""
    gone = sorted(e.event.account_id for e in events if isinstance(e.event, AccountClosed))
    kept.forget_holders(gone, uow)
    found = list(uow.session.scalars(select(table.c.draft_id).where(table.c.account_id.in_(gone))))
    if found:
        forget(found, uow)
        uow.unschedule(EXPIRES, found)


def locked(draft_id: str, account_id: str, uow: UnitOfWork) -> Draft:
    found = uow.lock(Draft, [draft_id]).get(draft_id)
    if found is None or found.account_id != account_id:
        raise UnknownDraft(draft_id)
    return found
