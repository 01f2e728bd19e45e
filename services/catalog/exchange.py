"""Items in and out: what editors take out, change elsewhere and bring back; all of it or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import marshmallow as ma
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.field_errors import flatten
from chassis.uow import UnitOfWork
from services.catalog import domain, handlers, manuscripts, orm
from services.catalog.file_schemas import ItemFile
from services.catalog.files import read_city
from services.catalog.sample_forms import form_problems

_AT_ONCE = 1_000


@dataclass(frozen=True, kw_only=True)
class Row:
    """One item as it was read; ``number`` is what the editor's program shows beside it."""

    number: int
    content: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class RowProblem:
    """One thing wrong: the row (0 for none alone), the column, and why, in both languages."""

    row: int
    column: str
    zh: str
    en: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.column}: {self.en}" if self.row else f"{self.column}: {self.en}"


class BadRows(Exception):
    """An import that can't be published; names every problem at once."""

    def __init__(self, problems: Sequence[RowProblem]):
        super().__init__("\n".join(map(str, problems)))
        self.problems = sorted(problems, key=lambda p: (p.row, p.column))


class NoCity(Exception):
    """Nothing is loaded yet that an item could stand on: departments, elements, materials."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """How many rows there were, and how many items (and packages of theirs) are now other than before."""

    rows: int
    changed: int


def contents(session: Session) -> list[Mapping[str, Any]]:
    """Every item as it was written, in order of their codes."""
    return [content for _, content in manuscripts.all_of(session, "items")]


def publish(rows: Sequence[Row], uow: UnitOfWork) -> Done:
    """Publish these items, and again the packages that stand on them. Raises `BadRows`, `NoCity`."""
    problems = _repeated(rows)
    if not manuscripts.read(uow.session, manuscripts.SHARED[:1]):
        raise NoCity
    stored = _stored(uow)
    defaults = (stored.get("city.yaml") or {}).get("item_defaults", {})
    written, numbers = {}, {}
    for row in rows:
        problems += _shape(row, defaults)
        name = f"items/{row.content.get('code')}.yaml"
        written[name], numbers[name] = dict(row.content), row.number
    if problems:
        raise BadRows(problems)
    city, found = read_city(manuscripts.Stored({**stored, **written}))
    if city is None:
        raise BadRows([_of(p, numbers) for p in found])
    forms = _sample_forms(uow, {*city.items, *city.packages})
    found += [p for p in domain.problems_of(city) if p.file in written or p.file.startswith("packages/")]
    found += _taken(city, written, uow)
    editions = [] if found else domain.editions(city, forms)
    concerned = [
        e for e in editions if f"items/{e.procedure.code}.yaml" in written or e.procedure.kind == "package"
    ]
    codes = {e.procedure.code for e in concerned}
    found += form_problems(concerned, {code: form for code, form in forms.items() if code in codes})
    if found:
        raise BadRows([_of(p, numbers) for p in found])
    changed = handlers.publish(concerned, uow)
    manuscripts.keep(written, uow)
    return Done(rows=len(rows), changed=len(changed))


def _repeated(rows: Iterable[Row]) -> list[RowProblem]:
    rows = list(rows)
    counted = Counter(row.content.get("code") for row in rows if isinstance(row.content.get("code"), str))
    return [
        RowProblem(
            row=row.number, column="code", zh="同一个代码出现了不止一次。", en="The code is given twice."
        )
        for row in rows
        if counted[row.content.get("code")] > 1
    ]


def _shape(row: Row, defaults: Mapping[str, Any]) -> list[RowProblem]:
    try:
        ItemFile().load({**defaults, **row.content, "file": "row"})
    except ma.ValidationError as error:
        return [
            RowProblem(row=row.number, column=e["field"], zh=e["zh"], en=e["en"])
            for e in flatten(error.messages)
        ]
    return []


def _stored(uow: UnitOfWork) -> dict[str, Any]:
    """The files all items stand on, packages, and the items those and materials name."""
    files = manuscripts.read(uow.session, manuscripts.SHARED) | dict(
        manuscripts.all_of(uow.session, "packages")
    )
    files["calendar.yaml"] = {**files["calendar.yaml"], "years": {}}  # an import changes no calendar
    named = {m.get("renewed_by") for m in files.get("materials.yaml") or ()}
    for name, content in files.items():
        if name.startswith("packages/"):
            named |= {b["item"] for b in content["branches"]}
            named |= {n["item"] for n in content.get("needs_first", ())}
    return files | manuscripts.read(uow.session, [f"items/{code}.yaml" for code in named if code])


def _taken(city: domain.City, written: Mapping[str, Any], uow: UnitOfWork) -> list[domain.Problem]:
    """Basic codes that items outside the import have already."""
    mine = {i.basic_code: i for i in city.items.values() if i.file in written}
    found = []
    basic = orm.ProcedureVersion.facts["basic_code"].as_string()
    codes = sorted(mine)
    for start in range(0, len(codes), _AT_ONCE):
        query = (
            select(orm.Procedure.code, basic)
            .join(
                orm.ProcedureVersion,
                (orm.ProcedureVersion.code == orm.Procedure.code)
                & (orm.ProcedureVersion.version == orm.Procedure.version),
            )
            .where(basic.in_(codes[start : start + _AT_ONCE]))
        )
        found += [
            domain.Problem(file=mine[taken].file, field="basic_code", reason="another item has the same")
            for code, taken in uow.session.execute(query)
            if mine[taken].code != code
        ]
    return found


def _sample_forms(uow: UnitOfWork, codes: set[str]) -> dict[str, Any]:
    """The sample forms that are published now: an import leaves them as they are."""
    wanted = sorted(codes)
    found: dict[str, Any] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = (
            select(orm.Procedure.code, orm.ProcedureVersion.facts["sample_form"])
            .join(
                orm.ProcedureVersion,
                (orm.ProcedureVersion.code == orm.Procedure.code)
                & (orm.ProcedureVersion.version == orm.Procedure.version),
            )
            .where(orm.Procedure.code.in_(wanted[start : start + _AT_ONCE]))
        )
        found |= {code: form for code, form in uow.session.execute(query) if form}
    return found


def _of(problem: domain.Problem, numbers: Mapping[str, int]) -> RowProblem:
    row = numbers.get(problem.file, 0)
    column = problem.field if row else ".".join(filter(None, (problem.file, problem.field)))
    return RowProblem(row=row, column=column, zh=f"不符合目录规则：{problem.reason}", en=problem.reason)
