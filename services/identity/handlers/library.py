"""The certificate library 证照库: filled by what others say, asked by how a certificate stands.

Certificates come in any order and any number of times and end up the same: `domain.standings` is a
function of the whole set of a holder's certificates of one kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, tuple_, update

from chassis.uow import NotYet, UnitOfWork
from chassis.wake import EFFECTS
from chassis.workdays import SHANGHAI
from contracts.approval import BranchAnswered, LicenceIssued
from contracts.cloudevents import Envelope
from contracts.identity import CertificateChanged
from contracts.intake import ApplicationAccepted, CertificatesUsed
from contracts.procedure import Limit
from services.identity.domain.space import Ending, Issue, last_day, standings
from services.identity.handlers import firms
from services.identity.numbers import is_credit_code
from services.identity.orm import account as account_table
from services.identity.orm.space import (
    case_of,
    certificate,
    certificate_consent,
    certificate_ending,
    issuing,
    material_kind,
)

BUSINESS_LICENCE = "business-licence"
AGREED = ("agree", "agree_with_conditions")
LONGEST_PAUSE = timedelta(minutes=10)
Row = dict[str, Any]
Group = tuple[str, str]


class UnknownCertificate(LookupError):
    """No such certificate, or none that the caller may know of."""


def follow(events: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Take in cases, certificates used in them, licences issued and licences ended. Raises `NotYet` for what
    comes before its case or before the procedure it was filed under."""
    events = list(events)
    _keep_uses([e.event for e in events if isinstance(e.event, CertificatesUsed)], uow)
    _keep_cases([e.event for e in events if isinstance(e.event, ApplicationAccepted)], uow)
    about = [e for e in events if isinstance(e.event, LicenceIssued | BranchAnswered)]
    cases = _cases({e.subject for e in about}, uow)
    procedures = _procedures({(c["procedure"], c["version"]) for c in cases.values()}, uow)
    issued, ended = [], []
    for envelope in about:
        case = cases.get(envelope.subject)
        procedure = procedures.get((case["procedure"], case["version"])) if case else None
        if case is None or procedure is None:
            raise NotYet(envelope)
        event = envelope.event
        if isinstance(event, LicenceIssued):
            issued.append(_certificate(event, case, procedure))
        elif isinstance(event, BranchAnswered) and (row := _ending(event, case, procedure, envelope)):
            ended.append(row)
    keep(issued, ended, uow)


def keep(certificates: Collection[Row], endings: Collection[Row], uow: UnitOfWork) -> None:
    """Put these into the library, those that are there already again without effect."""
    if not certificates and not endings:
        return
    uow.one_by_one("identity.certificates")
    known = set(uow.session.scalars(select(material_kind.c.licence_type)))
    rows = [
        row
        | {
            "state": "valid",
            "valid_until": row["issued_until"],
            "contents_due_at": uow.now if row["application_no"] and row["kind"] in known else None,
            "tries": 0,
        }
        for row in sorted(certificates, key=lambda r: str(r["certificate_id"]))
    ]
    new: set[str] = set()
    if rows:
        statement = uow.insert(certificate).on_conflict_do_nothing().returning(certificate.c.certificate_id)
        new = set(uow.session.scalars(statement, rows))
    if endings:
        statement = uow.insert(certificate_ending).on_conflict_do_nothing()
        uow.session.execute(statement, sorted(endings, key=lambda r: str(r["ending_id"])))
    groups = {(r["holder"], r["kind"]) for r in (*certificates, *endings)}
    # a licence that names another holder by now stands among that one's
    moved = uow.session.execute(
        select(certificate.c.holder, certificate.c.kind).where(
            certificate.c.certificate_id.in_([r["certificate_id"] for r in rows])
        )
    )
    _stand_again(groups | {(row.holder, row.kind) for row in moved}, uow, new)
    if any(row["contents_due_at"] for row in rows):
        uow.wake_up(EFFECTS)


def revoke(certificate_id: str, department: str | None, uow: UnitOfWork) -> Row:
    """End a certificate, by the department that issued it. Raises `UnknownCertificate`."""
    found = (
        uow.session.execute(
            select(certificate.c.holder, certificate.c.kind).where(
                certificate.c.certificate_id == certificate_id, certificate.c.issuer == department
            )
        )
        .mappings()
        .first()
    )
    if found is None:
        raise UnknownCertificate(certificate_id)
    ending = dict(found) | {
        "ending_id": f"revoked-{certificate_id}"[:80],
        "certificate_id": certificate_id,
        "at": uow.now,
    }
    keep([], [ending], uow)
    return dict(_one(certificate_id, uow))


def fill(certificate_id: str, contents: Mapping[str, Any], uow: UnitOfWork) -> None:
    """Write down what stands on a certificate. A business licence thereby founds the firm's space: from
    then on it is the firm's, and whose application it came from administers it."""
    row = _one(certificate_id, uow)
    if row["contents_due_at"] is None:
        return
    whole = {**row["contents"], **contents}
    change: Row = {"contents": whole, "contents_due_at": None, "tries": row["tries"] + 1}
    if row["kind"] == BUSINESS_LICENCE and not row["replaces"]:
        change["holder"] = _found_firm(whole, row["holder"], uow) or row["holder"]
    uow.session.execute(
        update(certificate).where(certificate.c.certificate_id == certificate_id).values(change)
    )
    if change.get("holder", row["holder"]) != row["holder"]:
        uow.one_by_one("identity.certificates")
        groups = {(row["holder"], row["kind"]), (change["holder"], row["kind"])}
        _stand_again(groups, uow, {certificate_id})


def put_off(certificate_id: str, uow: UnitOfWork) -> None:
    """Nobody could say what stands on it: ask again later, in steps up to ten minutes."""
    row = _one(certificate_id, uow)
    pause = min(timedelta(seconds=2 ** min(row["tries"], 10)), LONGEST_PAUSE)
    uow.session.execute(
        update(certificate)
        .where(certificate.c.certificate_id == certificate_id)
        .values(tries=row["tries"] + 1, contents_due_at=uow.now + pause)
    )


def _found_firm(contents: Mapping[str, Any], representative: str, uow: UnitOfWork) -> str | None:
    code, name = contents.get("credit_code"), contents.get("company_name")
    if not code or not name or not is_credit_code(str(code)):
        return None
    firms.found(str(code), str(name), representative, uow)
    uow.session.flush()
    return uow.session.scalar(
        select(account_table.c.account_id).where(account_table.c.credit_code == str(code))
    )


def _certificate(event: LicenceIssued, case: Row, procedure: Row) -> Row:
    spec = _spec(procedure["branches"], issues=event.licence_type, item=event.item)
    valid_for = Limit(**spec["valid_for"]) if spec.get("valid_for") else None
    return {
        "certificate_id": event.licence_no,
        "holder": case["applicant"],
        "kind": event.licence_type,
        "title": spec.get("result") or procedure["title"],
        "number": event.licence_no,
        "issuer": spec.get("department", ""),
        "issued_at": event.issued_at,
        "issued_until": last_day(event.issued_at.astimezone(SHANGHAI).date(), valid_for),
        "replaces": bool(spec.get("replaces")),
        "contents": dict(event.results),
        "application_no": event.application_no,
        "branch_no": event.branch_no,
        "item": event.item,
    }


def _ending(event: BranchAnswered, case: Row, procedure: Row, envelope: Envelope) -> Row | None:
    spec = _spec(procedure["branches"], key=event.branch.key)
    if not spec.get("revokes") or event.branch.answer not in AGREED:
        return None
    return {
        "ending_id": event.branch.branch_no,
        "holder": case["applicant"],
        "kind": spec["revokes"],
        "certificate_id": None,
        "at": event.branch.answered_at or envelope.time,
    }


def _spec(branches: Iterable[Row], **wanted: str) -> Row:
    return next((b for b in branches if all(b.get(name) == value for name, value in wanted.items())), {})


def _keep_uses(used: Collection[CertificatesUsed], uow: UnitOfWork) -> None:
    """The consents of a draft are those of the case it has become: whichever was heard of first, the licence
    that comes of it or this, it takes the place of the certificate that was used."""
    if not used:
        return
    uow.one_by_one("identity.certificates")
    t = certificate_consent.c
    ids: set[str] = set()
    for event in used:
        mine = [c.certificate_id for c in event.certificates]
        uow.session.execute(
            update(certificate_consent)
            .where(t.matter == event.matter, t.certificate_id.in_(mine))
            .values(application_no=event.application_no)
        )
        ids.update(mine)
    rows = uow.session.execute(
        select(certificate.c.holder, certificate.c.kind).where(certificate.c.certificate_id.in_(sorted(ids)))
    )
    _stand_again({(row.holder, row.kind) for row in rows}, uow, ())


def _used_in(applications: Collection[str], uow: UnitOfWork) -> dict[str, set[str]]:
    """Certificates used with consent, by application."""
    t = certificate_consent.c
    found: dict[str, set[str]] = {}
    for row in uow.session.execute(
        select(t.application_no, t.certificate_id).where(
            t.application_no.in_(sorted(applications)), t.given.is_(True)
        )
    ):
        found.setdefault(row.application_no, set()).add(row.certificate_id)
    return found


def _stand_again(groups: Iterable[Group], uow: UnitOfWork, new: Collection[str]) -> None:
    """Reckon anew how the certificates of these holders and kinds stand, and say what changed."""
    wanted = sorted(set(groups))
    t, e = certificate.c, certificate_ending.c
    found = uow.session.execute(
        select(certificate)
        .where(tuple_(t.holder, t.kind).in_(wanted))
        .order_by(t.certificate_id)
        .with_for_update()
    ).all()
    endings = uow.session.execute(
        select(certificate_ending).where(tuple_(e.holder, e.kind).in_(wanted))
    ).all()
    changes = {row.application_no for row in found if row.application_no and row.replaces}
    used = _used_in(changes | {_application(row.ending_id) for row in endings}, uow)
    for holder, kind in wanted:
        mine = [row for row in found if (row.holder, row.kind) == (holder, kind)]
        ended = [row for row in endings if (row.holder, row.kind) == (holder, kind)]
        ids = [r.certificate_id for r in mine]

        def about(application: str | None, ids: list[str] = ids) -> str | None:
            return next((i for i in ids if i in used.get(application or "", ())), None)

        stand = standings(
            [
                Issue(r.certificate_id, r.issued_at, r.issued_until, r.replaces, about(r.application_no))
                for r in mine
            ],
            [Ending(r.ending_id, r.at, r.certificate_id or about(_application(r.ending_id))) for r in ended],
        )
        for row in mine:
            now = stand[row.certificate_id]
            if (row.state, row.valid_until) != (now.state, now.valid_until):
                uow.session.execute(
                    update(certificate)
                    .where(t.certificate_id == row.certificate_id)
                    .values(state=now.state, valid_until=now.valid_until)
                )
            elif row.certificate_id not in new:
                continue
            uow.emit(
                CertificateChanged(
                    certificate_id=row.certificate_id,
                    holder=holder,
                    licence_type=kind,
                    state=now.state,
                    valid_until=now.valid_until,
                    changed_at=uow.now,
                ),
                case=row.application_no,
            )


def _application(branch_no: str) -> str:
    """Of a branch's number; what isn't one names no application."""
    return branch_no.rpartition("-")[0]


def _one(certificate_id: str, uow: UnitOfWork) -> Row:
    row = uow.session.execute(
        select(certificate).where(certificate.c.certificate_id == certificate_id).with_for_update()
    ).first()
    if row is None:
        raise UnknownCertificate(certificate_id)
    return dict(row._mapping)


def _keep_cases(accepted: Iterable[ApplicationAccepted], uow: UnitOfWork) -> None:
    rows = {
        e.application_no: {
            "application_no": e.application_no,
            "applicant": e.applicant,
            "procedure": e.procedure,
            "version": e.version,
        }
        for e in accepted
    }
    if rows:
        statement = uow.insert(case_of).on_conflict_do_nothing()
        uow.session.execute(statement, [rows[no] for no in sorted(rows)])


def _cases(numbers: Collection[str], uow: UnitOfWork) -> dict[str, Row]:
    if not numbers:
        return {}
    rows = uow.session.execute(select(case_of).where(case_of.c.application_no.in_(sorted(numbers))))
    return {row.application_no: dict(row._mapping) for row in rows}


def _procedures(versions: Collection[tuple[str, int]], uow: UnitOfWork) -> dict[tuple[str, int], Row]:
    if not versions:
        return {}
    wanted = tuple_(issuing.c.procedure, issuing.c.version).in_(sorted(versions))
    rows = uow.session.execute(select(issuing).where(wanted))
    return {(row.procedure, row.version): dict(row._mapping) for row in rows}


def oldest_due(now: datetime, uow: UnitOfWork) -> Row | None:
    """A certificate about which somebody is to be asked, taken from the others for a minute."""
    t = certificate.c
    row = uow.session.execute(
        select(certificate)
        .where(t.contents_due_at <= now)
        .order_by(t.contents_due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    uow.session.execute(
        update(certificate)
        .where(t.certificate_id == row.certificate_id)
        .values(contents_due_at=now + timedelta(minutes=1))
    )
    return dict(row._mapping)
