"""The window clerk's page, with the real identity behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert

from chassis.database import Database
from chassis.fakes.web import Mint
from services.identity import orm
from services.identity.numbers import blind_index
from services.portal.web import create_app
from tests.integration.identity_office import PASSWORD
from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import catalog
from tests.unit.portal.staff_city import StaffCity

ID_NUMBER = "329982199403037041"
AWAY = "329982199001016029"
SEEN = {"login": "lulan", "name": "陆晓岚", "number": ID_NUMBER, "window": "12", "same_person": "1"}
PATH = "/window/real-name"


@pytest.fixture
def town(mint: Mint, catalog_folder: Path, tmp_path: Path, database: Database) -> Iterator[StaffCity]:
    made = StaffCity(tmp_path, mint, catalog(catalog_folder), database)
    made.heard_by(database)
    key = made.office.database.config.master_key
    with made.office.database.transaction() as uow:
        people = ((ID_NUMBER, "陆晓岚", False), (AWAY, "何久等", True))
        rows = [
            {"id_index": blind_index(key, number), "name": name, "represents": [], "is_away": away}
            for number, name, away in people
        ]
        uow.session.execute(insert(orm.sandbox_person), rows)
    made.office.open("lulan")
    yield made
    made.close()


@pytest.fixture
def site(database: Database, town: StaffCity) -> Flask:
    return town.at(create_app(database.config, database=database))


def visitor(site: Flask, town: StaffCity, login: str, *roles: str) -> Browser:
    browser = Browser(site.test_client())
    if login not in town.office.ids:
        town.office.open(login, *roles, is_demonstration=True)
    browser.get("/sign-in")
    browser.give(login, PASSWORD)
    return browser


def test_a_clerk_confirms_who_is_at_the_window_and_the_holder_and_the_auditor_read_it(
    site: Flask, town: StaffCity
) -> None:
    clerk = visitor(site, town, "clerk", "window_clerk")
    assert clerk.address == PATH and "核对本人" in clerk.get(PATH).text
    page = clerk.post(PATH, **SEEN | {"number": "３２９９８２ 19940303 7041", "window": "１２"}).text
    assert "现在是 L3 实名" in page and 'value="12"' in page and ID_NUMBER not in page
    assert ID_NUMBER not in clerk.address and "陆" not in clerk.address
    holder = visitor(site, town, "lulan")
    read = holder.get("/space/readings").text
    assert "12 号窗口" in read and "当面核对本人" in read
    audit = visitor(site, town, "auditor", "auditor").get("/admin/audit").text
    assert "在 12 号窗口当面核对" in audit and "当面核实为 L3" in audit


def test_everything_missing_is_named_at_once_and_nothing_is_sent(site: Flask, town: StaffCity) -> None:
    clerk = visitor(site, town, "clerk", "window_clerk")
    answer = clerk.post(PATH)
    assert answer.status_code == 422
    for field in ("login", "name", "number", "window", "same_person"):
        assert f'href="#{field}"' in answer.text and f'id="{field}-wrong"' in answer.text
    not_agreed = clerk.post(PATH, **{k: v for k, v in SEEN.items() if k != "same_person"})
    assert "人和证件一致才能确认" in not_agreed.text and ID_NUMBER in not_agreed.text
    assert "Only when person and document agree" in clerk.post(f"/en{PATH}").text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"login": "nobody"}, "没有这个个人或企业账号"),
        ({"login": "clerk"}, "没有这个个人或企业账号"),
        ({"number": "329982199403037042"}, "请照证件再核对"),
        ({"window": "十二号"}, "窗口号用数字"),
        ({"name": "陆小兰"}, "对不上"),
        ({"name": "何久等", "number": AWAY}, "没有确认"),
    ],
)
def test_what_does_not_agree_is_said_and_the_level_stays(
    site: Flask, town: StaffCity, changes: dict[str, str], said: str
) -> None:
    clerk = visitor(site, town, "clerk", "window_clerk")
    answer = clerk.post(PATH, **SEEN | changes)
    assert (answer.status_code, said in answer.text) == (422, True), answer.text[-3000:]
    assert "L3 实名" not in visitor(site, town, "lulan").get("/me/real-name").text.partition("<ol")[0]


@pytest.mark.parametrize(
    "role", ["officer", "acceptance_clerk", "platform_admin", "security_admin", "auditor"]
)
def test_it_is_the_window_clerks_page(site: Flask, town: StaffCity, role: str) -> None:
    other = visitor(site, town, f"a-{role.replace('_', '-')}", role)
    assert (other.get(PATH).status_code, other.post(PATH, **SEEN).status_code) == (403, 403)
    person = visitor(site, town, "lulan")
    assert person.post(PATH, **SEEN).status_code == 403
    nobody = Browser(site.test_client())
    nobody.get(PATH)
    assert nobody.address == "/sign-in/account"
