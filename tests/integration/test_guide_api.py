from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chassis.database import Database
from chassis.fakes.web import Mint, client
from services.catalog.web import create_app
from tests.migrated import migrated, sample_catalogue

SAMPLE = Path(__file__).parents[2] / "sample_city"
BASE = "/api/catalog"
PUBLIC = (
    "/themes",
    "/places",
    "/materials",
    "/materials/m03",
    "/policies",
    "/policies?item=house-transfer",
    "/policies/rent-fund",
    "/synonyms",
    "/guide",
    "/guide/open-restaurant",
    "/guide/open-restaurant?answers=licence:yes,area:large",
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = migrated("catalog", tmp_path_factory.mktemp("catalog"), sample_catalogue)
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(database: Database) -> Flask:
    return create_app(database.config, database=database)


@pytest.fixture
def anyone(app: Flask) -> FlaskClient:
    return client(app)


def read(anyone: FlaskClient, path: str) -> Any:
    answer = anyone.get(BASE + path)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


@pytest.mark.parametrize("path", PUBLIC)
def test_everybody_reads_the_guide_whoever_they_are(app: Flask, database: Database, path: str) -> None:
    mint = Mint()
    mint.install(database)
    tokens = [
        None,
        mint.token("acc-1", kind="person"),
        mint.token("acc-2", kind="staff", roles=["officer"], dept="SJ"),
        mint.token("acc-1", kind="person", lives=-10),
        "rubbish",
    ]
    answers = [client(app, *filter(None, [token])).get(BASE + path) for token in tokens]
    assert [a.status_code for a in answers] == [200] * 5
    assert all(a.get_json() == answers[0].get_json() for a in answers)


@pytest.mark.parametrize("path", PUBLIC)
def test_the_guide_is_only_read(anyone: FlaskClient, path: str) -> None:
    assert anyone.post(BASE + path).status_code == 405


def test_places_come_as_a_tree(anyone: FlaskClient) -> None:
    places = read(anyone, "/places")["items"]
    assert places[0]["parent"] is None
    seen = set()
    for place in places:
        assert place["parent"] is None or place["parent"] in seen
        seen.add(place["code"])


def test_themes_and_scenes_come_in_their_order(anyone: FlaskClient) -> None:
    themes = read(anyone, "/themes")["items"]
    assert themes[0] == {
        "key": "start_business",
        "kind": "theme",
        "title": {"zh": "企业开办", "en": "Starting a business"},
    }
    assert {t["kind"] for t in themes} == {"theme", "scene"}


def test_policies_come_newest_first_and_by_item(anyone: FlaskClient) -> None:
    every = read(anyone, "/policies")["items"]
    assert [p["published_on"] for p in every] == sorted((p["published_on"] for p in every), reverse=True)
    assert "paragraphs" not in every[0]
    assert [p["code"] for p in read(anyone, "/policies?item=rent-withdrawal")["items"]] == ["rent-fund"]
    assert read(anyone, "/policies?item=moon")["items"] == []
    policy = read(anyone, "/policies/rent-fund")
    assert policy["department_name"]["zh"] == "住房公积金管理中心"
    assert policy["about"][0] == {
        "code": "rent-withdrawal",
        "kind": "item",
        "title": {"zh": "公积金租房提取", "en": "Housing fund: withdrawal for rent"},
    }
    assert policy["paragraphs"][0]["en"]


def test_a_guide_gives_this_persons_own_way(anyone: FlaskClient) -> None:
    answers = "licence:no,area:small,flame:no,sign:yes,water:no,online:yes,meter:no"
    found = read(anyone, f"/guide/open-restaurant?answers={answers}")
    assert (found["kind"], found["version"], found["open"]) == ("package", 1, True)
    assert (found["complete"], found["next"]) == (True, None)
    assert [i["code"] for i in found["items"]] == ["food-licence", "shop-sign"]
    assert found["promised"] == {"value": 7, "unit": "working_days"}
    assert found["needs_first"][0]["code"] == "sole-trader-registration"
    assert found["needs_first"][0]["kind"] == "item"
    assert found["form"] == {
        "open_flame": False,
        "has_sign": True,
        "greasy_water": False,
        "online_ordering": True,
        "needs_water": False,
    }
    assert found["notes"]


def test_a_guide_asks_question_by_question(anyone: FlaskClient) -> None:
    found = read(anyone, "/guide/id-card-reissue")
    assert (found["complete"], found["next"]) == (False, "why")
    after = read(anyone, "/guide/id-card-reissue?answers=why:lost")
    assert after["next"] == "urgent"
    assert after["questions"][0]["answer"] == "lost"
    assert {g["code"] for g in read(anyone, "/guide")["items"]} >= {"id-card-reissue", "new-company"}


@pytest.mark.parametrize("path", ["/materials/m99", "/policies/moon", "/guide/moon", "/guide/water-fault"])
def test_what_does_not_exist_is_not_found(anyone: FlaskClient, path: str) -> None:
    answer = anyone.get(BASE + path)
    assert (answer.status_code, answer.get_json()["type"]) == (404, "not-found")


def test_answers_that_are_no_choice_are_named_all_at_once(anyone: FlaskClient) -> None:
    answer = anyone.get(f"{BASE}/guide/open-restaurant?answers=area:huge,moon:full")
    problem = answer.get_json()
    assert (answer.status_code, problem["type"]) == (422, "wrong-answers")
    assert {e["field"] for e in problem["errors"]} == {"answers.area", "answers.moon"}
    assert all(e["zh"] and e["en"] for e in problem["errors"])


@pytest.mark.parametrize(
    "query",
    ["answers=area", "answers=area:large,", "answers=<script>", "answers=" + "a:b," * 400, "colour=red"],
)
def test_answers_of_another_shape_are_refused(anyone: FlaskClient, query: str) -> None:
    assert anyone.get(f"{BASE}/guide/open-restaurant?{query}").status_code == 422
