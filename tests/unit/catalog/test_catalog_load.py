from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chassis.database import Database
from chassis.fakes.database import events_of
from contracts.catalog import (
    CalendarPublished,
    DepartmentPublished,
    GuidePublished,
    ProcedureClosed,
    ProcedurePublished,
)
from services.catalog import domain, handlers, sample
from tests.unit.catalog.helpers import SAMPLE

Edit = Callable[[str, Callable[[Any], Any]], None]


def load(database: Database, folder: Path = SAMPLE) -> handlers.Loaded:
    with database.transaction() as uow:
        return handlers.load(folder, uow)


def problems(database: Database, folder: Path) -> set[tuple[str, str]]:
    with pytest.raises(domain.InvalidCatalogue) as caught:
        load(database, folder)
    assert all(p.reason and str(p) for p in caught.value.problems)
    return {(p.file, p.field) for p in caught.value.problems}


def published(database: Database, code: str) -> list[int]:
    events = (e.event for e in events_of(database, ProcedurePublished))
    return [e.version for e in events if isinstance(e, ProcedurePublished) and e.code == code]


def test_loading_publishes_departments_calendar_and_procedures(database: Database) -> None:
    load(database)
    assert len(events_of(database, DepartmentPublished)) == 18
    editions = sum(1 for kind in ("items", "packages") for _ in (SAMPLE / kind).iterdir())
    guides = events_of(database, GuidePublished)
    assert len(events_of(database, ProcedurePublished)) + len(guides) == editions
    assert "passport" in {e.subject for e in guides}
    calendars = [e.event for e in events_of(database, CalendarPublished)]
    years = {c.year: c for c in calendars if isinstance(c, CalendarPublished)}
    assert sorted(years) == [2025, 2026, 2027, 2028]
    assert date(2026, 10, 7) in years[2026].holidays
    assert date(2026, 10, 10) in years[2026].extra_workdays
    assert [years[y].provisional for y in sorted(years)] == [False, False, True, True]


def test_loading_twice_changes_nothing(database: Database) -> None:
    assert load(database)
    before = events_of(database)
    assert not load(database)
    assert events_of(database) == before


def test_the_sample_entry_loads_the_same(database: Database) -> None:
    with database.transaction() as uow:
        assert sample.load(SAMPLE, uow)
    assert not load(database)


def test_a_changed_item_is_a_new_version_of_it_and_of_its_packages(
    database: Database, folder: Path, edit: Edit
) -> None:
    load(database)
    edit("items/food-licence.yaml", lambda item: item["statutory"].update(value=12))
    changed = load(database, folder)
    assert changed.procedures == {"food-licence": 2, "open-restaurant": 2}
    assert published(database, "food-licence") == [1, 2]
    assert published(database, "shop-sign") == [1]


def test_a_changed_guide_text_is_a_new_version_too(database: Database, folder: Path, edit: Edit) -> None:
    load(database)
    edit("items/shop-sign.yaml", lambda item: item.update(faq=[]))
    assert load(database, folder).procedures == {"shop-sign": 2}


def test_a_changed_department_and_year_are_published_again(
    database: Database, folder: Path, edit: Edit
) -> None:
    load(database)
    edit("departments.yaml", lambda all_of_them: all_of_them[0]["name"].update(zh="政务服务管理局"))
    notice = {"provisional": False, "holidays": ["2027-01-01"], "extra_workdays": ["2027-01-02"]}
    edit("calendar.yaml", lambda calendar: calendar["years"].update({2027: notice}))
    changed = load(database, folder)
    assert (changed.departments, changed.years) == (["ZW"], [2027])
    last = events_of(database, CalendarPublished)[-1].event
    assert last == CalendarPublished(
        year=2027, holidays=(date(2027, 1, 1),), extra_workdays=(date(2027, 1, 2),), provisional=False
    )


def test_a_broken_folder_reports_every_problem_and_changes_nothing(
    database: Database, folder: Path, edit: Edit
) -> None:
    wrong = {"tier": "z", "colour": "red", "promised": {"unit": "weeks"}}
    edit("items/shop-sign.yaml", lambda item: item | wrong)
    five_days = {"value": 5, "unit": "working_days"}
    edit("items/drainage-permit.yaml", lambda item: item.update(statutory=five_days))
    edit("packages/new-company.yaml", lambda package: package["join"].update(over=["moon"]))
    (folder / "items" / "food-licence.yaml").write_text("code: [", encoding="utf-8")
    (folder / "items" / "water-connection.yaml").write_text("code: a\ncode: b\n", encoding="utf-8")
    (folder / "items" / "notes.txt").write_text("?", encoding="utf-8")
    assert problems(database, folder) == {
        ("items/shop-sign.yaml", "tier"),
        ("items/shop-sign.yaml", "colour"),
        ("items/shop-sign.yaml", "promised.value"),
        ("items/shop-sign.yaml", "promised.unit"),
        ("items/drainage-permit.yaml", "promised"),
        ("items/drainage-permit.yaml", "branches.0.promised"),
        ("items/food-licence.yaml", ""),
        ("items/water-connection.yaml", ""),
        ("items/notes.txt", ""),
        ("packages/new-company.yaml", "join.over"),
    }
    assert events_of(database) == []


def test_what_all_stand_on_is_reported_before_the_rest(database: Database, folder: Path, edit: Edit) -> None:
    edit("departments.yaml", lambda them: them[1].update(credit_code="11329982MB9A00022Y"))
    edit("elements.yaml", lambda them: them["elements"][-1].update(schema={"type": "text"}))
    edit("materials.yaml", lambda them: them.append(them[0]))
    edit("items/shop-sign.yaml", lambda item: item.update(visits="none"))
    edit("calendar.yaml", lambda c: c["years"][2027].update(extra_workdays=["2027-01-04", "2026-01-03"]))
    (folder / "city.yaml").unlink()
    found = problems(database, folder)
    assert {
        ("departments.yaml", "SJ.credit_code"),
        ("elements.yaml", "elements.agent_mobile.schema"),
        ("materials.yaml", "code"),
        ("items/shop-sign.yaml", "visits"),
        ("calendar.yaml", "years.2027"),
        ("city.yaml", ""),
    } <= found
    assert events_of(database) == []


def test_keys_and_conditions_of_no_use_are_reported(database: Database, folder: Path, edit: Edit) -> None:
    (folder / "items" / "food-licence.yaml").write_text("? [code]\n: 1\n", encoding="utf-8")
    (folder / "materials.yaml").write_text("", encoding="utf-8")
    (folder / "departments.yaml").write_bytes(b"\xff\xfe\xff")

    def spoil(item: Any) -> None:
        item["branches"][2]["when"][0]["equals"] = ["building"]

    edit("items/outdoor-advertising.yaml", spoil)
    assert problems(database, folder) == {
        ("items/food-licence.yaml", ""),
        ("materials.yaml", ""),
        ("departments.yaml", ""),
        ("items/outdoor-advertising.yaml", "branches.2.when.0.equals"),
    }


def test_an_empty_folder_says_what_is_missing(database: Database, tmp_path: Path) -> None:
    assert {file for file, _ in problems(database, tmp_path / "nowhere")} == {
        "city.yaml",
        "departments.yaml",
        "elements.yaml",
        "materials.yaml",
        "calendar.yaml",
        "items",
        "packages",
    }


def test_what_is_closed_stays_closed_until_it_changes(database: Database, folder: Path, edit: Edit) -> None:
    load(database)
    with database.transaction() as uow:
        closed = handlers.close("shop-sign", uow)
    assert (closed.code, closed.version) == ("shop-sign", 1)
    assert [e.event for e in events_of(database, ProcedureClosed)] == [closed]
    assert not load(database)
    with database.transaction() as uow, pytest.raises(domain.IllegalMove, match="closed"):
        handlers.close("shop-sign", uow)
    edit("items/shop-sign.yaml", lambda item: item.update(faq=[]))
    assert load(database, folder).procedures == {"shop-sign": 2}
    with database.transaction() as uow:
        assert handlers.close("shop-sign", uow).version == 2


def test_an_unknown_procedure_can_not_be_closed(database: Database) -> None:
    with database.transaction() as uow, pytest.raises(domain.UnknownProcedure):
        handlers.close("moon", uow)


def test_events_of_one_procedure_are_numbered_without_gaps(
    database: Database, folder: Path, edit: Edit
) -> None:
    load(database)
    with database.transaction() as uow:
        handlers.close("shop-sign", uow)
    edit("items/shop-sign.yaml", lambda item: item.update(faq=[]))
    load(database, folder)
    of_sign = [e for e in events_of(database) if e.subject == "shop-sign"]
    assert [e.sequence for e in of_sign] == [1, 2, 3]
    assert {e.department for e in of_sign if isinstance(e.event, ProcedurePublished)} == {"CG"}
