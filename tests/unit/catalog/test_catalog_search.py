"""Finding one's thing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.database import Database
from services.catalog import finding, handlers, indexing, misses
from services.catalog.finding import Wanted
from tests.unit.catalog.helpers import SAMPLE

QUERIES = yaml.safe_load((Path(__file__).parents[2] / "search" / "queries.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from chassis.fakes.database import memory_database
    from services.catalog import orm

    made = memory_database("catalog", tmp_path_factory.mktemp("search"), orm.Base.metadata)
    load(made, SAMPLE)
    yield made
    made.close()


def load(database: Database, folder: Path) -> None:
    with database.transaction() as uow:
        handlers.load(folder, uow)


def search(database: Database, query: str = "", **wanted: Any) -> dict[str, Any]:
    with database.read() as session:
        return finding.search(session, Wanted(query=query, **wanted))


def codes(answer: dict[str, Any]) -> list[str]:
    return [card["code"] for card in answer["items"]]


def counts(answer: dict[str, Any], facet: str) -> dict[str, int]:
    return {choice["value"]: choice["count"] for choice in answer["facets"][facet]}


def test_the_list_has_sixty_everyday_queries() -> None:
    assert len(QUERIES) == len({entry["query"] for entry in QUERIES}) == 60


@pytest.mark.parametrize("entry", QUERIES, ids=[entry["query"] for entry in QUERIES])
def test_an_everyday_query_finds_the_right_thing_among_the_first_three(
    loaded: Database, entry: dict[str, Any]
) -> None:
    assert set(codes(search(loaded, entry["query"]))[:3]) & set(entry["finds"])


def test_without_words_everything_is_there_packages_first(loaded: Database) -> None:
    answer = search(loaded, limit=50)
    with loaded.read() as session:
        from sqlalchemy import func, select

        from services.catalog import orm

        everything = session.scalar(select(func.count()).select_from(orm.Procedure))
    assert answer["total"] == everything
    assert [card["kind"] for card in answer["items"]][:2] == ["package", "package"]


def test_counts_say_what_a_further_choice_would_leave(loaded: Database) -> None:
    for chosen in ({}, {"department": ["SJ"]}, {"department": ["SJ"], "audience": ["person"]}):
        answer = search(loaded, "许可", chosen=chosen)
        for facet in finding.FACETS:
            if facet in chosen:
                continue
            for value, count in counts(answer, facet).items():
                narrowed = search(loaded, "许可", chosen={**chosen, facet: [value]})
                assert (facet, value, narrowed["total"]) == (facet, value, count)


def test_two_choices_of_one_facet_are_either_of_two_facets_both(loaded: Database) -> None:
    one, other = (search(loaded, chosen={"department": [d]})["total"] for d in ("YB", "JY"))
    assert search(loaded, chosen={"department": ["YB", "JY"]})["total"] == one + other
    assert search(loaded, chosen={"department": ["YB"], "audience": ["person"]})["total"] <= one


def test_a_choice_that_leaves_nothing_stays_to_be_undone(loaded: Database) -> None:
    answer = search(loaded, "结婚", chosen={"department": ["SJ"]})
    assert answer["total"] == 0
    assert [c for c in answer["facets"]["department"] if c["chosen"]] == [
        {"value": "SJ", "title": answer["facets"]["department"][0]["title"], "count": 0, "chosen": True}
    ] or any(c["chosen"] for c in answer["facets"]["department"])


def test_pages_show_everything_once(loaded: Database) -> None:
    for query in ("", "登记"):
        first = search(loaded, query, limit=7)
        pages = -(-first["total"] // 7)
        found = [c for n in range(pages) for c in codes(search(loaded, query, limit=7, page=n + 1))]
        assert len(found) == len(set(found)) == first["total"]
        assert codes(search(loaded, query, limit=7, page=pages + 1)) == []


@pytest.mark.parametrize("query", ["\x00\x01\u202e", "　", "%%%", "😀", "\ud800", "' OR 1=1 --"])
def test_odd_signs_are_answered(loaded: Database, query: str) -> None:
    search(loaded, query)


def test_ten_thousand_letters_are_answered_by_their_beginning(loaded: Database) -> None:
    answer = search(loaded, "食品经营许可" + "长" * 10_000)
    assert answer["cut"]
    assert search(loaded, "w" * 10_000)["cut"]


def test_when_nothing_fits_the_nearest_is_named(loaded: Database) -> None:
    answer = search(loaded, "遛狗证")
    assert answer["total"] == 0 or answer["near"]
    assert search(loaded, "qqqqqq")["total"] == 0


def test_what_is_published_is_found_at_once_and_by_its_new_name(
    database: Database, folder: Path, edit: Callable[[str, Callable[[Any], Any]], None]
) -> None:
    load(database, folder)
    assert "shop-sign" not in codes(search(database, "喷泉秋千"))

    def rename(content: dict[str, Any]) -> None:
        content["title"]["zh"] = "喷泉秋千架设"

    edit("items/shop-sign.yaml", rename)
    load(database, folder)
    assert codes(search(database, "喷泉秋千"))[0] == "shop-sign"
    assert codes(search(database, "pqqqjs"))[0] == "shop-sign"


def test_a_publication_that_fails_leaves_the_index_as_it_was(database: Database, folder: Path) -> None:
    load(database, folder)
    before = search(database, "食品")
    with pytest.raises(ZeroDivisionError), database.transaction() as uow:
        handlers.close("food-licence", uow)
        raise ZeroDivisionError
    assert search(database, "食品") == before


def test_what_is_closed_comes_last(database: Database, folder: Path) -> None:
    load(database, folder)
    assert codes(search(database, "食品经营许可"))[0] == "food-licence"
    with database.transaction() as uow:
        handlers.close("food-licence", uow)
    after = search(database, "食品经营许可")
    assert codes(after)[0] != "food-licence"
    assert not next(c for c in after["items"] if c["code"] == "food-licence")["open"]


def test_an_index_made_anew_finds_the_same(database: Database, folder: Path) -> None:
    load(database, folder)
    before = [codes(search(database, entry["query"])) for entry in QUERIES]
    with database.transaction() as uow:
        assert indexing.rebuild(uow) > 100
    assert [codes(search(database, entry["query"])) for entry in QUERIES] == before


def test_misses_are_words_and_numbers_of_times_and_hold_no_personal_data(database: Database) -> None:
    with database.transaction() as uow:
        for query in ("遛狗证", "遛狗证", "怎么办遛狗证", "买飞机", "沈佳禾 329982199504183021", "x" * 50):
            misses.note(query, uow)
    with database.read() as session:
        assert misses.often(session) == [{"words": "遛狗证", "times": 3}]
