"""What the catalogue does: load a folder, close a procedure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chassis.uow import UnitOfWork
from contracts.catalog import ProcedureClosed
from services.catalog import domain, guidance, indexing, manuscripts, orm
from services.catalog.files import read_city
from services.catalog.guide_files import read_guidance
from services.catalog.sample_forms import form_problems


@dataclass
class Loaded:
    """What a load changed: departments and years by key, procedures with their new version, and how many
    rows of each table of guidance."""

    departments: list[str] = field(default_factory=list)
    years: list[int] = field(default_factory=list)
    procedures: dict[str, int] = field(default_factory=dict)
    guidance: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.departments or self.years or self.procedures or self.guidance)


def load(folder: Path, uow: UnitOfWork) -> Loaded:
    """Publish what a catalogue folder says and what differs from what is published; all or nothing.

    A changed item or package becomes a new version, open for filing even if the old one was closed.
    The same content again changes nothing; what the folder no longer has stays as it is.

    Raises `domain.InvalidCatalogue` naming every bad file and field.
    """
    city, guide, editions = _read(folder)
    loaded = Loaded()
    rows = _locked(editions, uow)
    _publish_departments(city.departments, uow, loaded)
    _publish_calendar(city.calendar, uow, loaded)
    _publish_procedures(editions, rows, uow, loaded)
    loaded.guidance = guidance.publish(guide, city, uow)
    manuscripts.keep(manuscripts.of_folder(folder), uow)
    indexing.refresh(indexing.everyday_words(uow), uow, [e.procedure.code for e in editions])
    return loaded


def publish(editions: list[domain.Edition], uow: UnitOfWork) -> dict[str, int]:
    """Publish those editions that differ from what is published. Returns their new versions."""
    loaded = Loaded()
    _publish_procedures(editions, _locked(editions, uow), uow, loaded)
    indexing.refresh(indexing.everyday_words(uow), uow, loaded.procedures)
    return loaded.procedures


def _read(folder: Path) -> tuple[domain.City, domain.Guidance, list[domain.Edition]]:
    """A folder without problems; those that stand on others are looked for once the others are gone."""
    city, problems = read_city(folder)
    guide, guide_problems = read_guidance(folder)
    problems += guide_problems
    if city is not None:
        problems += domain.problems_of(city)
    if city is None or problems:
        raise domain.InvalidCatalogue(problems)
    editions = domain.editions(city, guide.forms)
    problems = [*domain.guidance_problems(guide, city), *form_problems(editions, guide.forms)]
    if problems:
        raise domain.InvalidCatalogue(problems)
    return city, guide, editions


def close(code: str, uow: UnitOfWork) -> ProcedureClosed:
    """End filing under a code. Raises `domain.UnknownProcedure`, `domain.IllegalMove`."""
    row = uow.lock(orm.Procedure, [code]).get(code)
    if row is None:
        raise domain.UnknownProcedure(code)
    closed = domain.close(code, row.version, row.closed_at, uow.now)
    row.closed_at = closed.closed_at
    uow.emit(closed)
    indexing.refresh(indexing.everyday_words(uow), uow, [code])
    return closed


def _publish_departments(
    departments: Mapping[str, domain.Department], uow: UnitOfWork, loaded: Loaded
) -> None:
    known = uow.lock(orm.Department, departments)
    for code, department in sorted(departments.items()):
        row = orm.Department(
            code=code,
            name_zh=department.name.zh,
            name_en=department.name.en,
            is_government=department.is_government,
            phone=department.phone,
        )
        if not _differs(known.get(code), row):
            continue
        uow.session.merge(row)
        uow.emit(domain.department_published(department), department=code)
        loaded.departments.append(code)


def _publish_calendar(years: Iterable[domain.CalendarYear], uow: UnitOfWork, loaded: Loaded) -> None:
    known = uow.lock(orm.CalendarYear, [y.year for y in years])
    for year in years:
        row = orm.CalendarYear(
            year=year.year,
            holidays=[day.isoformat() for day in year.holidays],
            extra_workdays=[day.isoformat() for day in year.extra_workdays],
            provisional=year.provisional,
        )
        old = known.get(year.year)
        if (old is not None and old.edited_at is not None) or not _differs(old, row):
            continue
        uow.session.merge(row)
        uow.emit(domain.calendar_published(year))
        loaded.years.append(year.year)


def _differs(old: orm.Base | None, new: orm.Base) -> bool:
    return old is None or any(
        getattr(old, column.key) != getattr(new, column.key) for column in new.__table__.columns
    )


def _publish_procedures(
    editions: list[domain.Edition], rows: dict[str, orm.Procedure], uow: UnitOfWork, loaded: Loaded
) -> None:
    for edition in editions:
        code = edition.procedure.code
        row = rows[code]
        if row.digest == edition.digest:
            continue
        if edition.guide_only and row.version:
            _end_filing(row, uow)
        row.kind, row.digest, row.closed_at = edition.procedure.kind, edition.digest, None
        row.version += 1
        uow.session.add(
            orm.ProcedureVersion(
                code=code,
                version=row.version,
                definition=edition.definition(row.version),
                facts=edition.facts,
                published_at=uow.now,
            )
        )
        uow.emit(edition.as_version(row.version), department=edition.procedure.lead_department)
        loaded.procedures[code] = row.version


def _end_filing(row: orm.Procedure, uow: UnitOfWork) -> None:
    """What becomes a guide to another system is no longer filed here."""
    before = uow.session.get(orm.ProcedureVersion, (row.code, row.version))
    if before is not None and before.facts["tier"] != domain.GUIDE_ONLY and row.closed_at is None:
        uow.emit(domain.close(row.code, row.version, None, uow.now))


def _locked(editions: list[domain.Edition], uow: UnitOfWork) -> dict[str, orm.Procedure]:
    """A locked row for every edition. New codes get one first, so that of two loads at once the second
    waits here and then finds everything published."""
    uow.session.execute(
        uow.insert(orm.Procedure).on_conflict_do_nothing(),
        [{"code": e.procedure.code, "kind": e.procedure.kind, "version": 0, "digest": ""} for e in editions],
    )
    return uow.lock(orm.Procedure, [e.procedure.code for e in editions])
