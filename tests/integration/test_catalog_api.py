from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chassis.database import Database
from chassis.fakes.database import events_of
from chassis.fakes.web import Mint, client
from contracts.catalog import ProcedureClosed
from services.catalog import handlers
from services.catalog.web import create_app
from tests.migrated import migrated, sample_catalogue

SAMPLE = Path(__file__).parents[2] / "sample_city"
BASE = "/api/catalog"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = migrated("catalog", tmp_path, sample_catalogue)
    yield made
    made.close()


@pytest.fixture
def app(database: Database) -> Flask:
    return create_app(database.config, database=database)


@pytest.fixture
def anyone(app: Flask) -> FlaskClient:
    return client(app)


def read(anyone: FlaskClient, path: str) -> Any:
    answer = anyone.get(BASE + path)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_everybody_reads_the_list_of_items_page_by_page(anyone: FlaskClient) -> None:
    everything = read(anyone, "/items?limit=200")
    found, cursor = [], ""
    while cursor is not None:
        page = read(anyone, f"/items?limit=50{cursor and '&cursor=' + cursor}")
        found += page["items"]
        cursor = page["next"]
    assert found == everything["items"]
    sign = next(i for i in found if i["code"] == "shop-sign")
    assert sign["title"] == {"zh": "户外招牌设施设置", "en": "Setting up a shop sign"}
    assert sign["promise"] == {"value": 3, "unit": "working_days", "path": ["shop-sign"]}
    assert (sign["fee_fen"], sign["visits"], sign["depth"], sign["tier"]) == (0, 0, 4, "a")
    assert sign["lead_department_name"]["zh"] == "城市管理局"


def test_packages_are_listed_with_their_summary(anyone: FlaskClient) -> None:
    packages = read(anyone, "/packages")["items"]
    assert [p["code"] for p in packages] == ["new-company", "open-restaurant"]
    assert packages[0]["promise"]["value"] == 1.5
    assert packages[0]["summary"]["zh"]


def test_a_procedure_is_given_in_full(anyone: FlaskClient) -> None:
    package = read(anyone, "/procedures/open-restaurant")
    assert package == read(anyone, "/packages/open-restaurant")
    assert (package["version"], package["kind"], package["open"]) == (1, "package", True)
    assert package["branches"][1]["when"] == [{"field": "area", "equals": None, "at_least": 300}]
    assert package["branches"][1]["department_name"]["zh"] == "消防救援大队"
    assert package["branches"][0]["fields"][0] == "shop_name"
    assert package["join"]["over"] == ["food-licence", "fire-safety-check", "drainage-permit"]
    assert package["form"]["properties"]["area"]["type"] == "number"
    assert package["form"]["x-groups"][0]["title"] == {"zh": "门店", "en": "The shop"}
    assert package["facts"]["needs_first"][0]["code"] == "sole-trader-registration"
    assert read(anyone, "/items/food-licence")["acceptance"] == "desk"


def test_an_older_version_can_still_be_read(anyone: FlaskClient, database: Database, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(SAMPLE, changed)
    sign = changed / "items" / "shop-sign.yaml"
    sign.write_text(sign.read_text(encoding="utf-8").replace("一店一招", "一店一牌"), encoding="utf-8")
    with database.transaction() as uow:
        assert handlers.load(changed, uow).procedures == {"open-restaurant": 2, "shop-sign": 2}
    newest = read(anyone, "/items/shop-sign")
    older = read(anyone, "/items/shop-sign?version=1")
    assert (newest["version"], newest["newest"], newest["open"]) == (2, True, True)
    assert (older["version"], older["newest"], older["open"]) == (1, False, False)
    assert older["facts"]["conditions"] != newest["facts"]["conditions"]


@pytest.mark.parametrize(
    "path",
    [
        "/items/moon",
        "/items/new-company",
        "/packages/shop-sign",
        "/procedures/moon",
        "/items/shop-sign?version=2",
        "/calendar/1900",
        "/calendar/99999999999999999999",
    ],
)
def test_what_does_not_exist_is_not_found(anyone: FlaskClient, path: str) -> None:
    answer = anyone.get(BASE + path)
    assert (answer.status_code, answer.get_json()["type"]) == (404, "not-found")


@pytest.mark.parametrize(
    "path", ["/items?limit=0", "/items?limit=many", "/items?colour=red", "/items/shop-sign?version=0"]
)
def test_a_wrong_query_is_refused(anyone: FlaskClient, path: str) -> None:
    assert anyone.get(BASE + path).status_code == 422


def test_departments_and_calendar_are_public(anyone: FlaskClient) -> None:
    departments = {d["code"]: d for d in read(anyone, "/departments")["items"]}
    assert len(departments) == 18
    assert departments["SJ"]["name"]["zh"] == "市场监督管理局"
    assert not departments["GS"]["is_government"]
    calendar = read(anyone, "/calendar/2026")
    assert "2026-10-01" in calendar["holidays"]
    assert calendar["extra_workdays"][-1] == "2026-10-10"
    assert not calendar["provisional"]
    assert read(anyone, "/calendar/2027")["provisional"]


def test_only_a_catalogue_editor_closes(app: Flask, anyone: FlaskClient, database: Database) -> None:
    mint = Mint()
    mint.install(database)
    close = f"{BASE}/procedures/shop-sign/close"
    assert anyone.post(close).status_code == 401
    officer = client(app, mint.token("acc-1", kind="staff", roles=["officer"], dept="CG"))
    assert officer.post(close).status_code == 403
    editor = client(app, mint.token("acc-2", kind="staff", roles=["catalogue_editor"], dept="ZW"))
    assert editor.post(f"{BASE}/procedures/moon/close").status_code == 404
    closed = editor.post(close)
    assert closed.status_code == 200
    assert closed.get_json()["version"] == 1
    assert read(anyone, "/items/shop-sign")["open"] is False
    again = editor.post(close)
    assert (again.status_code, again.get_json()["type"]) == (409, "illegal-move")
    assert (again.get_json()["state"], again.get_json()["move"]) == ("closed", "close")
    assert len(events_of(database, ProcedureClosed)) == 1


def test_the_migrated_schema_is_the_mapped_one(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from services.catalog import orm

    def ours(_object: Any, name: str, kind: str, _reflected: bool, _to: Any) -> bool:
        return kind != "table" or name in orm.Base.metadata.tables

    with database.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        assert compare_metadata(context, orm.Base.metadata) == []


def test_the_api_describes_itself(anyone: FlaskClient) -> None:
    document = json.loads(anyone.get(f"{BASE}/openapi.json").data)
    assert document["openapi"].startswith("3.1")
    paths = {f"{BASE}/items", f"{BASE}/procedures/{{code}}", f"{BASE}/calendar/{{year}}"}
    assert paths <= document["paths"].keys()
