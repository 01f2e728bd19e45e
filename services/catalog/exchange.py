"""Items in and out: what editors take out, change elsewhere and bring back; all of it or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import marshmallow as ma
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.field_errors import flatten
from chassis.offload import offload
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


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What an import stands on: the files all items share, packages and the items those name; the sample
    forms of its items; who has its basic codes."""

    stored: Mapping[str, Any]
    forms: Mapping[str, Any]
    basic_codes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """An import without problems, as long as what it stands on is the same."""

    rows: Sequence[Row]
    standing: Standing
    written: Mapping[str, Any]
    editions: list[domain.Edition]


def bring(rows: Sequence[Row], database: Database) -> Done:
    """Publish these items, and again the packages that stand on them. Raises `BadRows`, `NoCity`.

    They are checked before the transaction, beside everything else, and again when what they stand on was
    changed meanwhile.
    """
    while True:
        with database.read() as session:
            standing = stand(rows, session)
        checked = offload(check, rows, standing)
        done = database.write(partial(publish, checked))
        if done is not None:
            return done


def stand(rows: Sequence[Row], session: Session) -> Standing:
    """What these rows stand on now. Raises `NoCity`."""
    stored = _stored(session)
    codes = {str(row.content.get("code")) for row in rows}
    codes |= {content["code"] for name, content in stored.items() if name.startswith("packages/")}
    basic = {str(row.content.get("basic_code")) for row in rows}
    return Standing(stored=stored, forms=_sample_forms(session, codes), basic_codes=_taken(session, basic))


def check(rows: Sequence[Row], standing: Standing) -> Checked:
    """Look at every row; touches nothing. Raises `BadRows`."""
    problems = _repeated(rows)
    stored = standing.stored
    defaults = (stored.get("city.yaml") or {}).get("item_defaults", {})
    written, numbers, items, shape = {}, {}, {}, ItemFile()
    for row in rows:
        name = f"items/{row.content.get('code')}.yaml"
        written[name], numbers[name] = dict(row.content), row.number
        try:
            items[name] = shape.load({**defaults, **row.content, "file": name})
        except ma.ValidationError as error:
            problems += [
                RowProblem(row=row.number, column=e["field"], zh=e["zh"], en=e["en"])
                for e in flatten(error.messages)
            ]
    if problems:
        raise BadRows(problems)
    city, found = read_city(manuscripts.Stored({**stored, **written}, items))
    if city is None:
        raise BadRows([_of(p, numbers) for p in found])
    found += [p for p in domain.problems_of(city) if p.file in written or p.file.startswith("packages/")]
    found += [
        domain.Problem(file=item.file, field="basic_code", reason="another item has the same")
        for item in items.values()
        if standing.basic_codes.get(item.basic_code, item.code) != item.code
    ]
    editions = [] if found else domain.editions(city, standing.forms)
    concerned = [
        e for e in editions if f"items/{e.procedure.code}.yaml" in written or e.procedure.kind == "package"
    ]
    codes = {e.procedure.code for e in concerned}
    found += form_problems(concerned, {code: f for code, f in standing.forms.items() if code in codes})
    if found:
        raise BadRows([_of(p, numbers) for p in found])
    return Checked(rows=rows, standing=standing, written=written, editions=concerned)


def publish(checked: Checked, uow: UnitOfWork) -> Done | None:
    """Publish what was checked; None, and nothing is done, when what it stands on is not the same now."""
    if stand(checked.rows, uow.session) != checked.standing:
        return None
    changed = handlers.publish(checked.editions, uow)
    manuscripts.keep(checked.written, uow)
    return Done(rows=len(checked.rows), changed=len(changed))


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


def _stored(session: Session) -> dict[str, Any]:
    """The files all items stand on, packages, and the items those and materials name."""
    files = manuscripts.read(session, manuscripts.SHARED)
    if "city.yaml" not in files:
        raise NoCity
    files |= dict(manuscripts.all_of(session, "packages"))
    files["calendar.yaml"] = {**files["calendar.yaml"], "years": {}}  # an import changes no calendar
    named = {m.get("renewed_by") for m in files.get("materials.yaml") or ()}
    for name, content in files.items():
        if name.startswith("packages/"):
            named |= {b["item"] for b in content["branches"]}
            named |= {n["item"] for n in content.get("needs_first", ())}
    return files | manuscripts.read(session, [f"items/{code}.yaml" for code in named if code])


def _taken(session: Session, basic_codes: Collection[str]) -> dict[str, str]:
    """Which items have these basic codes now."""
    found: dict[str, str] = {}
    basic = orm.ProcedureVersion.facts["basic_code"].as_string()
    codes = sorted(basic_codes)
    for start in range(0, len(codes), _AT_ONCE):
        query = (
            select(basic, orm.Procedure.code)
            .join(
                orm.ProcedureVersion,
                (orm.ProcedureVersion.code == orm.Procedure.code)
                & (orm.ProcedureVersion.version == orm.Procedure.version),
            )
            .where(basic.in_(codes[start : start + _AT_ONCE]))
        )
        found |= {taken: code for taken, code in session.execute(query)}
    return found


def _sample_forms(session: Session, codes: Collection[str]) -> dict[str, Any]:
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
        found |= {code: form for code, form in session.execute(query) if form}
    return found


def _of(problem: domain.Problem, numbers: Mapping[str, int]) -> RowProblem:
    row = numbers.get(problem.file, 0)
    column = problem.field if row else ".".join(filter(None, (problem.file, problem.field)))
    return RowProblem(row=row, column=column, zh=f"不符合目录规则：{problem.reason}", en=problem.reason)
