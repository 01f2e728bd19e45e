"""What identity keeps of the catalogue: licences that items produce, what they answer, names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import or_, select, update

from chassis.uow import UnitOfWork
from chassis.wake import EFFECTS
from contracts.catalog import DepartmentPublished, ProcedurePublished
from contracts.cloudevents import Envelope
from contracts.procedure import Procedure
from services.identity.orm.space import certificate, department_name, issuing, material_kind

Row = dict[str, Any]


def keep(envelopes: Iterable[Envelope], uow: UnitOfWork) -> None:
    """In any order: versions never change, of materials and names the last word counts."""
    found = [(e.sequence, e.event) for e in envelopes]
    procedures = [(n, e.procedure) for n, e in found if isinstance(e, ProcedurePublished)]
    _keep_versions([p for _, p in procedures], uow)
    _keep_materials(procedures, uow)
    names = [
        {"code": e.code, "name": asdict(e.name), "sequence": n}
        for n, e in found
        if isinstance(e, DepartmentPublished)
    ]
    for row in sorted(names, key=lambda r: (r["code"], r["sequence"])):
        statement = uow.insert(department_name).values(row)
        new = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=["code"],
            set_={"name": new.name, "sequence": new.sequence},
            where=new.sequence > department_name.c.sequence,
        )
        uow.session.execute(statement)


def _keep_versions(procedures: Iterable[Procedure], uow: UnitOfWork) -> None:
    rows = {
        (p.code, p.version): {
            "procedure": p.code,
            "version": p.version,
            "title": asdict(p.title),
            "branches": [
                {
                    "key": b.key,
                    "item": b.item,
                    "department": b.department,
                    "issues": b.issues,
                    "result": asdict(b.result) if b.result else None,
                    "valid_for": asdict(b.valid_for) if b.valid_for else None,
                    "replaces": b.replaces,
                    "revokes": b.revokes,
                }
                for b in p.branches
                if b.issues or b.revokes
            ],
        }
        for p in procedures
    }
    if rows:
        statement = uow.insert(issuing).on_conflict_do_nothing()
        uow.session.execute(statement, [rows[key] for key in sorted(rows)])


def _keep_materials(procedures: Iterable[tuple[int, Procedure]], uow: UnitOfWork) -> None:
    rows: dict[str, Row] = {}
    for sequence, procedure in sorted(procedures, key=lambda p: (p[0], p[1].code)):
        for material in procedure.materials:
            rows[material.code] = {
                "code": material.code,
                "title": asdict(material.title),
                "licence_type": material.licence_type,
                "gives": list(material.gives),
                "sequence": sequence,
                "procedure": procedure.code,
            }
    if not rows:
        return
    known = set(uow.session.scalars(select(material_kind.c.licence_type)))
    statement = uow.insert(material_kind)
    new, old = statement.excluded, material_kind.c
    later = or_(new.sequence > old.sequence, (new.sequence == old.sequence) & (new.procedure > old.procedure))
    columns = ("title", "licence_type", "gives", "sequence", "procedure")
    statement = statement.on_conflict_do_update(
        index_elements=["code"], set_={name: new[name] for name in columns}, where=later
    )
    uow.session.execute(statement, [rows[code] for code in sorted(rows)])
    _ask_for_contents({r["licence_type"] for r in rows.values() if r["licence_type"]} - known, uow)


def _ask_for_contents(licence_types: set[str], uow: UnitOfWork) -> None:
    """What stands on licences that were issued before anybody said what they answer."""
    if not licence_types:
        return
    t = certificate.c
    uow.session.execute(
        update(certificate)
        .where(
            t.kind.in_(sorted(licence_types)),
            t.application_no.is_not(None),
            t.tries == 0,
            t.contents_due_at.is_(None),
        )
        .values(contents_due_at=uow.now)
    )
    uow.wake_up(EFFECTS)
