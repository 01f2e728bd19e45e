from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from chassis.database import Database
from chassis.fakes.database import events_of
from contracts.catalog import PlacePublished
from services.catalog import domain, guide_queries, handlers, orm
from tests.unit.catalog.helpers import SAMPLE

Edit = Callable[[str, Callable[[Any], Any]], None]


def load(database: Database, folder: Path = SAMPLE) -> handlers.Loaded:
    with database.transaction() as uow:
        return handlers.load(folder, uow)


def problems(database: Database, folder: Path) -> dict[tuple[str, str], str]:
    with pytest.raises(domain.InvalidCatalogue) as caught, database.transaction() as uow:
        handlers.load(folder, uow)
    assert events_of(database) == []
    return {(p.file, p.field): p.reason for p in caught.value.problems}


def test_places_are_told_once_and_again_when_they_change_or_go(
    database: Database, folder: Path, edit: Edit
) -> None:
    load(database, folder)
    load(database, folder)
    places = [e.event for e in events_of(database, PlacePublished)]
    assert len({p.subject for p in places}) == len(places) == 26
    village = next(p for p in places if p.subject == "329982100200")
    assert isinstance(village, PlacePublished)
    assert (village.name.zh, village.kind, village.parent) == ("北圩村", "village", "329982100")

    def change(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        entries[-1]["kind"] = "town"
        return [e for e in entries if e["code"] != "329982100201"]

    edit("places.yaml", change)
    load(database, folder)
    later = [e.event.to_data() for e in events_of(database, PlacePublished)[26:]]
    assert [(p["code"], p["kind"], p["is_gone"]) for p in later] == [
        ("329982100201", "village", True),
        ("329982400", "town", False),
    ]


def test_loading_publishes_the_guidance(database: Database) -> None:
    assert load(database).guidance.keys() == {"theme", "place", "material", "policy", "synonym", "situation"}
    with database.read() as session:
        places = {p["code"]: p for p in guide_queries.places(session)}
        assert places["329982100200"]["name"]["zh"] == "北圩村"
        assert places["329982100200"]["parent"] == "329982100"
        assert guide_queries.policies(session, "house-transfer")[0]["code"] == "home-transfer-utilities"
        assert session.scalar(select(func.count()).select_from(orm.Synonym)) >= 120


def test_loading_again_changes_no_row_and_a_change_changes_one(
    database: Database, folder: Path, edit: Edit
) -> None:
    load(database)
    edit("synonyms.yaml", lambda them: them[0].update(words=["吃饭"]))
    edit("places.yaml", lambda them: them[1].update(windows=5))
    assert load(database, folder).guidance == {"place": 1, "synonym": 1}
    assert load(database, folder).guidance == {}


def test_what_the_folder_no_longer_has_is_gone(database: Database, folder: Path) -> None:
    load(database)
    (folder / "policies" / "no-proofs.yaml").unlink()
    (folder / "situations" / "passport.yaml").unlink()
    assert load(database, folder).guidance == {"policy": 1, "situation": 1}
    with database.read() as session:
        assert guide_queries.policy(session, "no-proofs") is None
        assert guide_queries.guide(session, "passport", {}) is None


def test_a_filled_sample_form_stands_beside_its_item(database: Database) -> None:
    load(database)
    with database.read() as session:
        stored = session.get_one(orm.ProcedureVersion, ("shop-sign", 1))
    written = json.loads((SAMPLE / "forms" / "shop-sign.json").read_text(encoding="utf-8"))
    assert stored.facts["sample_form"] == written


def test_a_changed_item_may_not_contradict_its_sample_situations(
    database: Database, folder: Path, edit: Edit
) -> None:
    edit("items/id-card-reissue.yaml", lambda item: item["fee"].update(fen=5000))
    found = problems(database, folder)
    where = ("situations/id-card-reissue.yaml", "samples.0.expect.fee_fen")
    assert found[where] == "expected 4000, got 5000"


def test_every_wrong_reference_is_named_at_once(database: Database, folder: Path, edit: Edit) -> None:
    def spoil(it: Any) -> None:
        it["questions"][1]["when"] = {"moon": "full", "licence": ["maybe"]}
        it["questions"][3]["choices"][0]["fills"] = {"moon": True}
        it["effects"][0]["when"] = {"licence": "perhaps"}
        it["effects"][0]["first"]["item"] = "moon"
        it["effects"][1]["adds_materials"] = [
            {"material": "m03", "how": "upload"},
            {"material": "m99", "how": "upload"},
            {"material": "n2", "how": "upload"},
        ]

    edit("situations/open-restaurant.yaml", spoil)
    edit("policies/rent-fund.yaml", lambda it: it.update(department="QQ", items=["moon"]))
    edit("synonyms.yaml", lambda them: them.append({"say": "月亮", "items": ["moon"]}))
    edit("synonyms.yaml", lambda them: them.append({"say": "空"}))
    edit("places.yaml", lambda them: them[2].update(parent="329982999"))
    edit("items/passport.yaml", lambda item: item.update(theme=["moon"]))
    (folder / "forms" / "moon.json").write_text("{}", encoding="utf-8")
    found = problems(database, folder)
    restaurant = "situations/open-restaurant.yaml"
    assert found.keys() == {
        (restaurant, "questions.1.when"),
        (restaurant, "questions.3.choices"),
        (restaurant, "effects.0.when"),
        (restaurant, "effects.0"),
        (restaurant, "effects.1"),
        ("policies/rent-fund.yaml", "department"),
        ("policies/rent-fund.yaml", "items.0"),
        ("synonyms.yaml", "月亮.items"),
        ("synonyms.yaml", "空"),
        ("places.yaml", "329982001001.parent"),
        ("items/passport.yaml", "theme"),
        ("forms/moon.json", ""),
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda it: it["samples"].clear(), "samples"),
        (lambda it: it["samples"][0]["answers"].pop("meter"), "samples.0.answers"),
        (lambda it: it["samples"][0]["answers"].update(moon="full"), "samples.0.answers"),
        (lambda it: it["questions"].append(it["questions"][0]), "questions.7"),
        (lambda it: it["effects"][0].update(when={}), "effects.0.when"),
        (lambda it: it["questions"][0]["choices"].append(it["questions"][0]["choices"][0]), "questions.0"),
        (lambda it: it["questions"][0].update(colour="red"), "questions.0.colour"),
        (lambda it: it["questions"][0].update(choices=[]), "questions.0.choices"),
        (lambda it: it["effects"][0].update(when={"licence": []}), "effects.0.when.licence.value"),
    ],
)
def test_a_guide_that_cannot_be_asked_is_refused(
    database: Database, folder: Path, edit: Edit, change: Callable[[Any], Any], field: str
) -> None:
    edit("situations/open-restaurant.yaml", lambda it: change(it) and None)
    assert ("situations/open-restaurant.yaml", field) in problems(database, folder)


def test_an_eighth_question_is_one_too_many(database: Database, folder: Path, edit: Edit) -> None:
    def more(it: Any) -> None:
        it["questions"].append({**it["questions"][0], "key": "again"})
        for sample in it["samples"]:
            sample["answers"]["again"] = "yes"

    edit("situations/open-restaurant.yaml", more)
    assert problems(database, folder)[("situations/open-restaurant.yaml", "questions")] == (
        "asks 8, at most 7 are allowed"
    )


def test_a_sample_form_that_could_not_be_filed_is_refused(database: Database, folder: Path) -> None:
    path = folder / "forms" / "shop-sign.json"
    form = json.loads(path.read_text(encoding="utf-8"))
    form.update(sign_lit="maybe", colour="red")
    path.write_text(json.dumps(form), encoding="utf-8")
    assert problems(database, folder).keys() == {
        ("forms/shop-sign.json", "sign_lit"),
        ("forms/shop-sign.json", ""),
    }


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_sample_form_of_another_shape_is_refused(database: Database, folder: Path, content: str) -> None:
    (folder / "forms" / "shop-sign.json").write_text(content, encoding="utf-8")
    (folder / "forms" / "notes.txt").write_text("?", encoding="utf-8")
    assert problems(database, folder).keys() == {("forms/shop-sign.json", ""), ("forms/notes.txt", "")}


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ({"kind": "village", "parent": "329982"}, "a village lies in none of these"),
        ({"kind": "town", "parent": None}, "a town lies in another place"),
        ({"code": "329983001", "kind": "town"}, "the code begins with that of the place it lies in"),
    ],
)
def test_a_place_lies_where_its_kind_can_lie(
    database: Database, folder: Path, edit: Edit, place: dict[str, Any], reason: str
) -> None:
    made = {"code": "329982777", "name": {"zh": "样例", "en": "Sample"}, "parent": "329982", **place}
    edit("places.yaml", lambda them: them.append(made))
    assert problems(database, folder) == {("places.yaml", f"{made['code']}.parent"): reason}
