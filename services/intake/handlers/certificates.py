"""Certificates of the library in drafts and cases: offered, agreed to, kept up to date."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, or_, select, update

from chassis.uow import UnitOfWork
from chassis.workdays import SHANGHAI
from contracts.cloudevents import Envelope
from contracts.identity import CertificateChanged
from contracts.intake import CertificatesUsed
from contracts.intake import CertificateUse as UsedNow
from contracts.procedure import MaterialSpec
from services.intake.domain import AlreadyFiled, Draft, NoSuchSlot, UnknownDraft
from services.intake.domain.certificates import CertificateUse
from services.intake.forms import FieldError
from services.intake.papers import certificate_use as table

Found = Mapping[str, Any]
ENDED = {
    "expired": ("已过期", "has expired"),
    "revoked": ("已被撤销", "has been revoked"),
    "superseded": ("已换发新证", "has been replaced"),
}


def offer(draft_id: str, account_id: str, found: Iterable[Found], uow: UnitOfWork) -> None:
    """Keep which certificates the library has for a draft's materials. Consent stays with its certificate.

    Raises `UnknownDraft`, `AlreadyFiled`.
    """
    _open(draft_id, account_id, uow)
    known: dict[str, CertificateUse] = {use.code: use for use in uses_of(uow, table.c.draft_id == draft_id)}
    offered = {f["code"]: f for f in found if f.get("code")}
    for code, gone in known.items():
        if code not in offered:
            uow.session.delete(gone)
    for code, certificate in sorted(offered.items()):
        if code not in known:
            known[code] = CertificateUse(
                draft_id=draft_id,
                code=code,
                application_no=None,
                certificate_id="",
                title={},
                state="",
                valid_until=None,
                given=None,
                facts=None,
                sequence=0,
                at=uow.now,
            )
            uow.session.add(known[code])
        use = known[code]
        if use.certificate_id != certificate["certificate_id"]:
            use.given, use.facts, use.sequence = None, None, 0
        use.certificate_id, use.title = certificate["certificate_id"], dict(certificate["title"])
        use.state, use.valid_until = _base(certificate["state"]), _day(certificate.get("valid_until"))
    uow.session.flush()


def decide(
    draft_id: str, account_id: str, decided: Mapping[str, bool], used: Iterable[Found], uow: UnitOfWork
) -> None:
    """Keep what the applicant agreed to, by material, with what stands on the certificates that may be used.

    Raises `UnknownDraft`, `AlreadyFiled`, `NoSuchSlot`.
    """
    _open(draft_id, account_id, uow)
    known = {use.code: use for use in uses_of(uow, table.c.draft_id == draft_id)}
    facts = {f["certificate_id"]: dict(f) for f in used}
    for code, given in decided.items():
        if code not in known:
            raise NoSuchSlot(code)
        use = known[code]
        use.given, use.at = given, uow.now
        use.facts = facts.get(use.certificate_id) if given else None


def hand_over(draft_id: str, number: str, applicant: str, needed: Collection[str], uow: UnitOfWork) -> None:
    """The draft has become a case: what was agreed to for its materials goes with it."""
    mine = table.c.draft_id == draft_id
    uow.session.execute(delete(table).where(mine, or_(table.c.given.is_(None), table.c.code.not_in(needed))))
    uow.session.execute(update(table).where(mine).values(application_no=number))
    used = [use for use in uses_of(uow, mine) if use.given]
    if used:
        uow.emit(
            CertificatesUsed(
                application_no=number,
                matter=draft_id,
                applicant=applicant,
                certificates=tuple(
                    UsedNow(material=use.code, certificate_id=use.certificate_id) for use in used
                ),
                used_at=uow.now,
            ),
            case=number,
        )


def ended(draft_id: str, needed: Iterable[MaterialSpec], uow: UnitOfWork) -> list[FieldError]:
    """Certificates that the applicant agreed to for required materials and that no longer are valid."""
    required = {spec.code: spec.title for spec in needed if spec.required}
    today = uow.now.astimezone(SHANGHAI).date()
    return [
        {
            "field": f"materials.{use.code}",
            "zh": f"{required[use.code].zh}{ENDED[state][0]}，不能再用，请先办好新的",
            "en": f"{required[use.code].en} {ENDED[state][1]}; please renew it first",
        }
        for use in uses_of(uow, table.c.draft_id == draft_id)
        if use.given and use.code in required and (state := use.state_on(today)) != "valid"
    ]


def forget(draft_ids: Collection[str], uow: UnitOfWork) -> None:
    """Drafts that go take their offers with them; what a case uses stays."""
    uow.session.execute(
        delete(table).where(table.c.draft_id.in_(draft_ids), table.c.application_no.is_(None))
    )


def follow(events: Iterable[Envelope], uow: UnitOfWork) -> None:
    """A certificate stands differently: each case and draft that uses it shows that. Each word is the whole
    state, so an older one changes nothing."""
    for envelope in sorted(events, key=lambda e: (e.subject, e.sequence)):
        event = envelope.event
        if isinstance(event, CertificateChanged):
            uow.session.execute(
                update(table)
                .where(table.c.certificate_id == event.certificate_id, table.c.sequence < envelope.sequence)
                .values(state=event.state, valid_until=event.valid_until, sequence=envelope.sequence)
            )


def uses_of(uow: UnitOfWork, where: Any) -> list[CertificateUse]:
    return list(uow.session.scalars(select(CertificateUse).where(where).order_by(table.c.code)))


def _open(draft_id: str, account_id: str, uow: UnitOfWork) -> None:
    found = uow.lock(Draft, [draft_id]).get(draft_id)
    if found is None or found.account_id != account_id:
        raise UnknownDraft(draft_id)
    if found.application_no is not None:
        raise AlreadyFiled(found.application_no)


def _base(state: str) -> str:
    """The library tells “expired” by the day; here it follows from the day."""
    return "valid" if state == "expired" else state


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
