"""What is already known for a form, asked in the holder's own name; and what the holder agreed to.

Values come from the verified account and from certificates that are valid today. What was read is written
down with its purpose. A certificate is used for a case with consent only, given by case and certificate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from chassis.uow import UnitOfWork
from chassis.workdays import SHANGHAI
from services.identity.domain import Account, UnknownAccount
from services.identity.domain.space import shown
from services.identity.handlers.audit import write_down
from services.identity.handlers.library import BUSINESS_LICENCE, UnknownCertificate
from services.identity.handlers.readings import SELF, Reading, note
from services.identity.orm.space import certificate, certificate_consent, issuing, material_kind

CHECKED = 2
PREFILL = "prefill"
REUSE = "reuse"
PREFILL_LICENCE = "business_licence"
"""What forms call the business licence as a source."""
OF_ACCOUNT = {"name": "display_name", "id_number": "id_number"}
OF_FIRM = {"company_name": "display_name", "credit_code": "credit_code"}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a form needs: its elements, each with the known data it may be filled in with (or None), and
    the materials that the city may hold."""

    procedure: str
    fields: Mapping[str, str | None]
    materials: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """``certificate`` names the one it stands on; None: the verified account."""

    field: str
    value: Any
    certificate: Row | None = None


def known_for(asked: Asked, holder: str, uow: UnitOfWork) -> tuple[list[Value], list[Row]]:
    """Values for the form's elements, and the holder's certificates for its materials, of each material
    the best one. Raises `UnknownAccount`."""
    account = uow.session.get(Account, holder)
    if account is None:
        raise UnknownAccount(holder)
    owned = certificates_of(holder, uow.session, uow.now)
    wanted = set(asked.materials)
    if PREFILL_LICENCE in asked.fields.values():
        wanted |= {row["code"] for row in owned if row["kind"] == BUSINESS_LICENCE}
    usable = [row for row in owned if row["state"] == "valid" and row["code"] in wanted]
    values = _values(asked.fields, account, usable)
    if values:
        note(_readings(values, asked, holder, uow), uow)
    changed = _changed_by(asked.procedure, uow.session)
    return values, _best((row for row in owned if row["code"] in asked.materials), changed)


def own_place(id_numbers: Sequence[str], account_id: str, uow: UnitOfWork) -> tuple[int | None, int]:
    """Where in this list the person's own number stands, once it has been checked (L2); and the level. Raises
    `UnknownAccount`."""
    account = uow.session.get(Account, account_id)
    if account is None:
        raise UnknownAccount(account_id)
    write_down(account_id, "compare_id_number", [account_id], uow)
    is_checked = account.kind == "person" and account.level >= CHECKED and account.id_number
    place = id_numbers.index(account.id_number) if is_checked and account.id_number in id_numbers else None
    return place, account.level


def certificates_of(holder: str, session: Session, now: datetime) -> list[Row]:
    """All of them as they stand today: valid ones first, the next to expire before the others."""
    t = certificate.c
    rows = session.execute(select(certificate).where(t.holder == holder)).all()
    kinds = {row.licence_type or row.code: row for row in session.execute(select(material_kind))}
    today = now.astimezone(SHANGHAI).date()
    found = []
    for row in rows:
        kind = kinds.get(row.kind)
        found.append(
            dict(row._mapping)
            | {
                "code": kind.code if kind else None,
                "title": kind.title if kind else row.title,
                "gives": kind.gives if kind else [],
                "state": shown(row.state, row.valid_until, today),
                "days_left": (row.valid_until - today).days if row.valid_until else None,
            }
        )
    return sorted(found, key=_place)


def agree(
    matter: str, procedure: str, decided: Mapping[str, bool], holder: str, by: str, uow: UnitOfWork
) -> list[Row]:
    """Record what the holder agreed to, or did not, by certificate; replaces what was said before in this
    matter. Returns those that may be used now, with all that stands on them: that is their reading.

    Raises `UnknownCertificate` for another's.
    """
    owned = {row["certificate_id"]: row for row in certificates_of(holder, uow.session, uow.now)}
    for certificate_id in decided:
        if certificate_id not in owned:
            raise UnknownCertificate(certificate_id)
    mine = (certificate_consent.c.matter == matter, certificate_consent.c.holder == holder)
    not_filed = certificate_consent.c.application_no.is_(None)
    uow.session.execute(delete(certificate_consent).where(*mine, not_filed))
    rows = [
        {
            "matter": matter,
            "certificate_id": certificate_id,
            "holder": holder,
            "procedure": procedure,
            "purpose": REUSE,
            "given": given,
            "by": by,
            "at": uow.now,
        }
        for certificate_id, given in sorted(decided.items())
    ]
    if rows:
        uow.session.execute(insert(certificate_consent), rows)
    used = [owned[c] for c, given in decided.items() if given and owned[c]["state"] == "valid"]
    note(
        (
            Reading(
                holder=holder,
                reader=SELF,
                what="certificate",
                purpose=REUSE,
                about=procedure,
                detail=row["certificate_id"],
                at=uow.now,
            )
            for row in used
        ),
        uow,
    )
    return used


def _values(fields: Mapping[str, str | None], account: Account, usable: list[Row]) -> list[Value]:
    found: list[Value] = []
    for name, kind in fields.items():
        if account.kind == "person" and kind in OF_ACCOUNT:
            if value := getattr(account, OF_ACCOUNT[kind]):
                found.append(Value(field=name, value=value))
            continue
        source = next((row for row in usable if _answers(row, name, kind)), None)
        if source is not None:
            found.append(Value(field=name, value=source["contents"][name], certificate=source))
        elif kind == PREFILL_LICENCE and (value := _of_firm(account, name)):
            found.append(Value(field=name, value=value))
    return found


def _of_firm(account: Account, name: str) -> Any:
    return getattr(account, OF_FIRM[name]) if account.kind == "firm" and name in OF_FIRM else None


def _answers(row: Row, name: str, kind: str | None) -> bool:
    if kind == PREFILL_LICENCE and row["kind"] != BUSINESS_LICENCE:
        return False
    return name in row["gives"] and bool(row["contents"].get(name))


def _readings(values: Iterable[Value], asked: Asked, holder: str, uow: UnitOfWork) -> set[Reading]:
    return {
        Reading(
            holder=holder,
            reader=SELF,
            what="certificate" if value.certificate else "account",
            purpose=PREFILL,
            about=asked.procedure,
            detail=value.certificate["certificate_id"] if value.certificate else "",
            at=uow.now,
        )
        for value in values
    }


def _changed_by(procedure: str, session: Session) -> set[str]:
    """Kinds of licence that the procedure renews, changes or ends."""
    newest = session.scalar(
        select(issuing.c.branches)
        .where(issuing.c.procedure == procedure)
        .order_by(issuing.c.version.desc())
        .limit(1)
    )
    return {
        kind
        for branch in newest or ()
        if (kind := branch["issues"] if branch.get("replaces") else branch.get("revokes"))
    }


def _best(rows: Iterable[Row], changed: Collection[str]) -> list[Row]:
    """Of each material one: a valid one before the others, then the one issued last; of those that are
    themselves to be ``changed`` (renewed, ended) the next to expire."""

    def place(row: Row) -> tuple[Any, ...]:
        if row["kind"] in changed:
            return _place(row)
        return _ORDER.index(row["state"]), -row["issued_at"].timestamp()

    best: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: (row["code"], *place(row))):
        best.setdefault(row["code"], row)
    return [best[code] for code in sorted(best)]


_ORDER = ("valid", "expired", "revoked", "superseded")


def _place(row: Row) -> tuple[Any, ...]:
    days = row["days_left"]
    return (
        _ORDER.index(row["state"]),
        10**6 if days is None else days,
        -row["issued_at"].timestamp(),
        row["certificate_id"],
    )
