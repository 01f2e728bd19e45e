"""Search, forms, import and export over HTTP, on both databases."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from docx import Document
from flask import Flask
from flask.testing import FlaskClient

from chassis.database import Database
from chassis.fakes.web import Mint, client
from services.catalog import bulk, sheets
from services.catalog.web import create_app
from tests.migrated import migrated, sample_catalogue

TESTS = Path(__file__).parents[1]
SAMPLE = TESTS.parent / "sample_city"
BASE = "/api/catalog"
QUERIES = yaml.safe_load((TESTS / "search" / "queries.yaml").read_text(encoding="utf-8"))
GENERATED = 1_100


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    options = {}
    if request.param == "postgresql":
        options["database_url"] = request.getfixturevalue("databases")("catalog", sample_catalogue)
    made = migrated("catalog", tmp_path, sample_catalogue, **options)
    yield made
    made.close()


@pytest.fixture
def app(database: Database) -> Flask:
    return create_app(database.config, database=database)


@pytest.fixture
def anyone(app: Flask) -> FlaskClient:
    return client(app)


@pytest.fixture
def mint(database: Database) -> Mint:
    made = Mint()
    made.install(database)
    return made


@pytest.fixture
def editor(app: Flask, mint: Mint) -> FlaskClient:
    return client(app, mint.token("acc-editor", kind="staff", roles=["catalogue_editor"], dept="ZW"))


def read(anyone: FlaskClient, path: str) -> Any:
    answer = anyone.get(BASE + path)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_both_databases_find_the_same_in_the_same_order(tmp_path: Path, databases: Any) -> None:
    url = databases("catalog", sample_catalogue)
    both = [
        migrated("catalog", tmp_path / "a", sample_catalogue),
        migrated("catalog", tmp_path / "b", sample_catalogue, database_url=url),
    ]
    for database in both:
        bulk.load(bulk.workshop(SAMPLE), GENERATED, database, lambda _: None)
    askers = [client(create_app(d.config, database=d)) for d in both]
    for entry in [{"query": "", "finds": []}, *QUERIES]:
        for more in ("", "&department=SJ", "&audience=person&page=2"):
            one, other = (read(asker, f"/search?q={entry['query']}{more}") for asker in askers)
            assert one == other
            if entry["finds"] and not more:
                assert {card["code"] for card in one["items"][:3]} & set(entry["finds"]), entry["query"]
    for database in both:
        database.close()


def test_everybody_searches_and_narrows_down(anyone: FlaskClient) -> None:
    answer = read(anyone, "/search?q=饭店")
    assert answer["items"][0]["code"] == "open-restaurant"
    assert answer["items"][0]["line"]["zh"] and answer["items"][0]["lead_department_name"]["zh"]
    choice = answer["facets"]["department"][0]
    narrowed = read(anyone, f"/search?q=饭店&department={choice['value']}")
    assert narrowed["total"] == choice["count"]
    assert [c["chosen"] for c in narrowed["facets"]["department"]].count(True) == 1


@pytest.mark.parametrize(
    "query",
    ["q=%01%02%1B", "q=%E2%80%AE", "q=" + "a" * 10_000, "q=" + "%E9%95%BF" * 10_000, "department=%27&q=%25"],
)
def test_odd_and_long_queries_are_answered(anyone: FlaskClient, query: str) -> None:
    read(anyone, f"/search?{query}")


@pytest.mark.parametrize("query", ["page=0", "limit=1000", "kind=moon", "colour=red", "page=x"])
def test_a_wrong_query_is_refused(anyone: FlaskClient, query: str) -> None:
    assert anyone.get(f"{BASE}/search?{query}").status_code == 422


def test_a_miss_is_noted_by_anybody_and_read_by_editors(
    app: Flask, anyone: FlaskClient, editor: FlaskClient, mint: Mint
) -> None:
    for _ in range(3):
        assert anyone.post(f"{BASE}/search/misses", json={"q": "遛狗证"}).status_code == 204
    assert read(editor, "/search/misses")["items"] == [{"words": "遛狗证", "times": 3}]
    assert anyone.get(f"{BASE}/search/misses").status_code == 401
    officer = client(app, mint.token("acc-1", kind="staff", roles=["officer"], dept="CG"))
    assert officer.get(f"{BASE}/search/misses").status_code == 403
    statuses = [anyone.post(f"{BASE}/search/misses", json={"q": f"词{n}"}).status_code for n in range(40)]
    assert statuses[0] == 204 and statuses[-1] == 429


def test_the_front_shows_what_is_used_what_happens_and_what_is_new(anyone: FlaskClient) -> None:
    front = read(anyone, "/front")
    assert len(front["used"]) == 8 and all(card["open"] for card in front["used"])
    assert 1 <= len(front["events"]) <= 12 and len(front["news"]) == 2


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_forms_come_empty_and_filled_in(anyone: FlaskClient, lang: str) -> None:
    texts = {}
    for which in ("blank", "sample"):
        answer = anyone.get(f"{BASE}/items/open-restaurant/forms/{which}?lang={lang}")
        assert answer.status_code == 200
        assert f"open-restaurant-{which}.docx" in answer.headers["Content-Disposition"]
        document = Document(io.BytesIO(answer.data))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        texts[which] = "\n".join([*(p.text for p in document.paragraphs), *cells])
    assert "江塘禾记饭店" in texts["sample"] and "江塘禾记饭店" not in texts["blank"]
    assert ("开饭店" if lang == "zh" else "Opening a restaurant") in texts["blank"]


def test_forms_of_nothing_are_not_found(anyone: FlaskClient) -> None:
    assert anyone.get(f"{BASE}/items/moon/forms/blank").status_code == 404
    assert anyone.get(f"{BASE}/items/food-licence/forms/moon").status_code == 404
    assert anyone.get(f"{BASE}/items/food-licence/forms/blank?lang=fr").status_code == 422


@pytest.mark.parametrize("kind", sheets.TYPES)
def test_an_editor_takes_items_out_and_brings_them_back(editor: FlaskClient, kind: str) -> None:
    taken = editor.get(f"{BASE}/export?format={kind}")
    assert taken.status_code == 200 and taken.headers["Content-Type"] == sheets.TYPES[kind]
    brought = editor.post(f"{BASE}/import?format={kind}", data=taken.data)
    assert (brought.status_code, brought.get_json()["changed"]) == (200, 0)


def test_bad_rows_are_all_told_and_nothing_is_changed(editor: FlaskClient) -> None:
    items = json.loads(editor.get(f"{BASE}/export").data)
    items[0]["promised"] = {"value": 2, "unit": "working_days"}
    items[1]["tier"] = "z"
    items[2]["visits"] = "often"
    answer = editor.post(f"{BASE}/import", data=json.dumps(items))
    problem = answer.get_json()
    assert (answer.status_code, problem["type"], problem["problems"]) == (422, "bad-rows", 2)
    assert {(r["row"], r["column"]) for r in problem["rows"]} == {(2, "tier"), (3, "visits")}
    assert json.loads(editor.get(f"{BASE}/export").data) != items
    assert editor.post(f"{BASE}/import?format=xlsx", data=b"no").get_json()["type"] == "unreadable-file"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/export"), ("POST", "/import"), ("GET", "/search/misses")]
)
def test_only_editors_get_in(app: Flask, mint: Mint, anyone: FlaskClient, method: str, path: str) -> None:
    assert anyone.open(BASE + path, method=method).status_code == 401
    late = client(app, mint.token("acc-1", kind="staff", roles=["catalogue_editor"], lives=-700))
    assert late.open(BASE + path, method=method).status_code == 401
    for who in ({"kind": "person"}, {"kind": "staff", "roles": ["officer"], "dept": "SJ"}):
        other = client(app, mint.token("acc-2", **who))
        assert other.open(BASE + path, method=method).status_code == 403
