"""Certificates used in cases, as identity says how they stand: one that ended after filing is seen before
somebody agrees."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import select

from chassis.uow import UnitOfWork
from chassis.workdays import SHANGHAI
from contracts.cloudevents import Envelope
from contracts.identity import CertificateChanged
from contracts.intake import CertificatesUsed
from contracts.procedure import Text
from services.approval import replica
from services.approval.domain import Branch, Case
from services.approval.orm import certificate_state, used_certificate

AGREED = ("agree", "agree_with_conditions")


class Ended(NamedTuple):
    """A certificate that stands for a material of a branch and is valid no more."""

    material: str
    certificate_id: str
    state: str
    title: Text


class CertificateEnded(Exception):
    """Nobody has acknowledged that these ended."""

    def __init__(self, ended: Collection[Ended]):
        super().__init__(", ".join(e.certificate_id for e in ended))
        self.ended = ended


def keep(envelopes: Iterable[Envelope], uow: UnitOfWork) -> None:
    """Keep which certificates are used and how each stands, in any order. Each word on a certificate is its
    whole state."""
    used, states = [], {}
    for envelope in sorted(envelopes, key=lambda e: e.sequence):
        event = envelope.event
        if isinstance(event, CertificatesUsed):
            used += [
                {
                    "application_no": event.application_no,
                    "material": c.material,
                    "certificate_id": c.certificate_id,
                }
                for c in event.certificates
            ]
        elif isinstance(event, CertificateChanged):
            states[event.certificate_id] = {
                "certificate_id": event.certificate_id,
                "state": event.state,
                "valid_until": event.valid_until,
                "sequence": envelope.sequence,
            }
    if used:
        used.sort(key=lambda row: (row["application_no"], row["material"]))
        uow.session.execute(uow.insert(used_certificate).on_conflict_do_nothing(), used)
    replica.keep_newest(certificate_state, "certificate_id", [states[key] for key in sorted(states)], uow)


def ended_of(pairs: Iterable[tuple[Case, Branch]], uow: UnitOfWork) -> dict[str, list[Ended]]:
    """By branch the certificates it reads that are valid no more today; one nobody has spoken of is valid."""
    pairs = list(pairs)
    today = uow.now.astimezone(SHANGHAI).date()
    used, states = used_certificate.c, certificate_state.c
    rows = uow.session.execute(
        select(used.application_no, used.material, used.certificate_id, states.state, states.valid_until)
        .join(certificate_state, states.certificate_id == used.certificate_id)
        .where(used.application_no.in_(sorted({case.application_no for case, _ in pairs})))
        .order_by(used.application_no, used.material)
    ).all()
    found: dict[str, list[Ended]] = {}
    for case, branch in pairs:
        declared = case.spec(branch).materials
        titles = _titles(case, uow)
        for row in rows:
            is_over = row.valid_until is not None and row.valid_until < today
            state = "expired" if row.state == "valid" and is_over else row.state
            if row.application_no == case.application_no and row.material in declared and state != "valid":
                title = titles.get(row.material) or Text(zh=row.material, en=row.material)
                found.setdefault(branch.branch_no, []).append(
                    Ended(row.material, row.certificate_id, state, title)
                )
    return found


def acknowledged(ended: Collection[Ended], seen: Collection[str]) -> list[dict[str, Any]]:
    """What is written down beside the answer. Raises `CertificateEnded` naming those nobody has seen."""
    if unseen := [e for e in ended if e.material not in seen]:
        raise CertificateEnded(unseen)
    return [{"material": e.material, "certificate_id": e.certificate_id, "state": e.state} for e in ended]


def _titles(case: Case, uow: UnitOfWork) -> dict[str, Text]:
    procedure = replica.procedure(case.procedure_code, case.version, uow.session)
    return {m.code: m.title for m in procedure.materials} if procedure is not None else {}
