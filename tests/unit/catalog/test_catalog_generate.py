"""Plausible items by the thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.database import Database
from chassis.fakes.database import events_of
from contracts.catalog import GuidePublished, ProcedurePublished
from services.catalog import bulk, domain, exchange, finding, folders, handlers
from services.catalog.files import read_city
from services.catalog.orm import Procedure
from tests.unit.catalog.helpers import SAMPLE

COUNT = 1_100


@pytest.fixture(scope="module")
def shop() -> bulk.Workshop:
    return bulk.workshop(SAMPLE)


def test_the_city_is_large_enough_for_a_hundred_thousand_no_two_alike(shop: bulk.Workshop) -> None:
    made = list(shop.made(100_000))
    for what in ("code", "basic_code", "zh", "en"):
        assert len({getattr(one, what) for one in made}) == 100_000
    assert max(len(one.code) for one in made) <= 60
    assert list(shop.made(4_103)) == made[:4_103]


def test_every_department_is_among_the_first_of_them(shop: bulk.Workshop) -> None:
    departments = {shop.items[one.template]["department"] for one in shop.made(200)}
    assert departments == {i["department"] for i in shop.items.values()}


def test_a_folder_of_them_is_a_valid_city(shop: bulk.Workshop, tmp_path: Path) -> None:
    told: list[int] = []
    folders.write(shop, 300, SAMPLE, tmp_path / "made", told.append)
    city, problems = read_city(tmp_path / "made")
    assert city is not None and problems == []
    assert domain.problems_of(city) == []
    assert len(city.items) == len(shop.items) + 300
    assert told[-1] == 300


def test_by_the_bulk_and_one_by_one_the_same_is_published(
    shop: bulk.Workshop, database: Database, tmp_path: Path
) -> None:
    with database.transaction() as uow:
        handlers.load(SAMPLE, uow)
    assert bulk.load(shop, 150, database, lambda _: None) == 150
    folders.write(shop, 150, SAMPLE, tmp_path / "made", lambda _: None)
    with database.transaction() as uow:
        assert handlers.load(tmp_path / "made", uow).procedures == {}


def test_they_are_announced_by_name_alone_found_listed_and_taken_out(
    shop: bulk.Workshop, database: Database
) -> None:
    with database.transaction() as uow:
        handlers.load(SAMPLE, uow)
    before = len(events_of(database, ProcedurePublished))
    told: list[int] = []
    assert bulk.load(shop, COUNT, database, told.append) == COUNT
    assert bulk.load(shop, COUNT, database, lambda _: None) == 0
    assert told[-1] == COUNT and told == sorted(told)
    guides = [e.event for e in events_of(database, GuidePublished)]
    assert len(events_of(database, ProcedurePublished)) == before
    one = next(shop.made(1))
    assert {g.title.zh for g in guides if isinstance(g, GuidePublished) and g.code == one.code} == {one.zh}
    with database.read() as session:
        assert finding.search(session, finding.Wanted(query=one.zh))["items"][0]["code"] == one.code
        assert finding.search(session, finding.Wanted())["total"] == COUNT + len(shop.items) + len(
            list((SAMPLE / "packages").iterdir())
        )
        assert len(exchange.contents(session)) == COUNT + len(shop.items)


def test_an_item_that_moves_to_another_system_is_no_longer_filed_here(
    database: Database, folder: Path, shop: bulk.Workshop
) -> None:
    import yaml

    with database.transaction() as uow:
        handlers.load(folder, uow)
    path = folder / "items" / "hall-help.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    external = next(iter(shop.templates.values()))["external"]
    content |= {"tier": "c", "depth": 2, "external": external}
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with database.transaction() as uow:
        assert handlers.load(folder, uow).procedures == {"hall-help": 2}
    types = [e.type for e in events_of(database) if e.subject == "hall-help"]
    assert types == ["catalog.procedure_published", "catalog.procedure_closed", "catalog.guide_published"]
    with database.read() as session:
        assert session.get_one(Procedure, "hall-help").closed_at is None
