"""Accounts, real names, firms and agents on pages, over the real identity and the real intake."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from chassis.database import Database
from services.portal.web import create_app
from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import catalog
from tests.unit.portal.fake_firms import FirmCity

ITEM = "packaged-food-filing"
FORM = {
    "credit_code": "91329982MA9A00045Y",
    "shop_name": "禾记小铺",
    "shop_address": "云渡街道学府路 9 号",
    "operator_name": "沈佳禾",
    "operator_mobile": "10099000001",
}
HEJI = "江塘禾记餐饮有限公司"


@pytest.fixture
def city(catalog_folder: Path, tmp_path: Path, database: Database) -> Iterator[FirmCity]:
    made = FirmCity(tmp_path, catalog(catalog_folder), database)
    yield made
    made.close()


@pytest.fixture
def app(database: Database, city: FirmCity) -> Flask:
    return city.at(create_app(database.config, database))


Visit = Callable[..., Browser]


def invited(firm: Browser, **changes: Any) -> str:
    """The firm invites 钱芸; the code."""
    firm.get("/space/firm")
    answer = firm.post(
        "/space/firm/invite", **({"name": "钱芸", "items": ITEM, "until": day(firm)} | changes)
    )
    assert answer.status_code == 200, answer.text
    return re.findall(r'big-code">([A-Z0-9]{5} [A-Z0-9]{5})<', answer.text)[0]


def day(firm: Browser) -> str:
    assert firm.page is not None
    return re.findall(r'name="until" type="date" value="([0-9-]+)"', firm.page.text)[0]


def agent_of(visit: Visit, city: FirmCity, firm: Browser, **changes: Any) -> Browser:
    code, agent = invited(firm, **changes), visit("qianyun")
    agent.get("/space/invitation")
    assert HEJI in agent.post("/space/invitation", code=code).text
    accepted = agent.post("/space/invitation", code=code, act="accept").text
    assert agent.address == "/acting" and "已接受" in accepted
    agent.post("/acting", firm=re.findall(r'name="firm" value="(\w+)"', accepted)[0])
    assert "授权正在生效" in agent.page.text  # type: ignore[union-attr]
    city.hear()
    return agent


def filed(agent: Browser) -> str:
    """File the item by its pages; the case's address."""
    agent.get(f"/apply/{ITEM}")
    agent.post(f"/apply/{ITEM}")
    while agent.address.rpartition("/")[2].isdigit():
        agent.post(agent.address, **FORM)
    assert agent.address.endswith(("/materials", "/check")), agent.address
    check = agent.address.rpartition("/")[0] + "/check"
    agent.get(check)
    agent.post(check, declared="yes")
    assert agent.address.endswith("/done"), agent.page.text  # type: ignore[union-attr]
    return agent.address.removesuffix("/done")


def test_a_firm_invites_an_agent_who_files_and_is_stopped_when_it_is_taken_back(
    visit: Visit, city: FirmCity
) -> None:
    firm = visit("heji")
    agent = agent_of(visit, city, firm)
    bar = agent.get("/space").text
    assert f"您正以 {HEJI} 的名义办理" in bar and "换回本人" in bar
    case = filed(agent)
    assert "经办人：您" in agent.get(case).text
    assert "经办人：钱芸" in firm.get(case).text
    page = firm.get("/space/firm").text
    firm.post(re.findall(r'action="(/space/firm/agencies/\w+)"', page)[0])
    city.hear()
    gone = agent.get("/space")
    assert gone.status_code == 403
    assert f"您不再以 {HEJI} 的名义办理" in gone.text
    own = agent.get("/space")
    assert own.status_code == 200 and "您正以" not in own.text
    assert agent.get(case).status_code == 404


def test_another_name_is_chosen_and_given_up(visit: Visit, city: FirmCity) -> None:
    agent = agent_of(visit, city, visit("heji"))
    case = filed(agent)
    agent.post("/acting")
    found = agent.get(case)
    assert "这件是企业的" in found.text
    agent.post("/acting", firm=re.findall(r'name="firm" value="(\w+)"', found.text)[0], next=case)
    assert agent.address == case and "经办人：您" in agent.page.text  # type: ignore[union-attr]
    leave = re.findall(r'action="(/space/firms/\w+/renounce)"', agent.get("/acting").text)[0]
    agent.post(leave)
    city.hear()
    agent.get("/acting")
    assert "还没有企业授权您" in agent.page.text  # type: ignore[union-attr]


def test_outside_the_scope_the_page_says_who_can_change_it(visit: Visit, city: FirmCity) -> None:
    agent = agent_of(visit, city, visit("heji"), items="gas-connection")
    agent.get(f"/apply/{ITEM}")
    answer = agent.post(f"/apply/{ITEM}")
    assert answer.status_code == 403 and "没有授权您办理这个事项" in answer.text


def test_an_invitation_shows_every_wrong_field_and_refuses_who_it_is_not_for(
    visit: Visit, city: FirmCity
) -> None:
    firm = visit("heji")
    firm.get("/space/firm")
    answer = firm.post("/space/firm/invite", name="", until="", more="no-such-item")
    assert answer.status_code == 422
    for field in ("name", "until", "more"):
        assert f'href="#{field}"' in answer.text
    code, boss = invited(firm), visit("shenjiahe")
    boss.get("/space/invitation")
    refused = boss.post("/space/invitation", code=code)
    assert refused.status_code == 422 and "不是发给您的" in refused.text
    agent = visit("qianyun")
    agent.get("/space/invitation")
    agent.post("/space/invitation", code=code, act="decline")
    agent.get("/space/invitation")
    assert "已经谢绝" in agent.post("/space/invitation", code=code, act="accept").text
    assert "refused_IllegalMove" in city.acts()


def test_the_representative_administers_the_firm_in_its_name(visit: Visit, city: FirmCity) -> None:
    boss = visit("shenjiahe")
    page = boss.get("/space").text
    assert HEJI in page
    boss.post("/acting", firm=re.findall(r'name="firm" value="(\w+)"', page)[0], next="/space/firm")
    assert boss.address == "/space/firm" and "邀请经办人" in boss.page.text  # type: ignore[union-attr]
    assert len(invited(boss)) == 11
    agent = visit("qianyun")
    agent.get("/space/firm")
    assert agent.address == "/acting"


def test_registering_tells_all_errors_at_once_and_leads_to_the_real_name(
    visit: Visit, city: FirmCity
) -> None:
    somebody = visit()
    somebody.get("/register?kind=firm")
    wrong = somebody.post(
        "/register", kind="firm", login="!", credit_code="91329982MA9A00045X", password="short", again="other"
    )
    assert wrong.status_code == 422
    for field in ("display_name", "credit_code", "login", "password", "again"):
        assert f'href="#{field}"' in wrong.text
    right = {"kind": "person", "display_name": "陆晓岚", "password": "long enough", "again": "long enough"}
    taken = somebody.post("/register", login="qianyun", **right)
    assert 'href="#login"' in taken.text
    somebody.post("/register", login="luxiaolan", **right)
    assert somebody.address == "/sign-in/account"


def test_who_may_not_file_yet_raises_the_level_and_comes_back_to_the_draft(
    visit: Visit, city: FirmCity
) -> None:
    somebody = visit()
    somebody.get("/register")
    right = {"kind": "person", "display_name": "陆某", "password": "long enough", "again": "long enough"}
    somebody.post("/register", login="luxiaolan", **right)
    somebody.give("luxiaolan", "long enough")
    code = "water-fault"
    somebody.get(f"/apply/{code}")
    somebody.post(f"/apply/{code}")
    answers = {
        "applicant_name": "陆晓岚",
        "applicant_mobile": "10099000002",
        "supply_address": "学府路 3 号",
        "fault": "no_water",
    }
    while somebody.address.rpartition("/")[2].isdigit():
        page = somebody.page.text  # type: ignore[union-attr]
        options = dict(re.findall(r'type="radio" name="(\w+)" value="(\w+)"', page))
        somebody.post(somebody.address, **(answers | options))
    check = somebody.address
    somebody.post(check, declared="yes")
    assert somebody.address == "/me/real-name"
    page = somebody.page.text  # type: ignore[union-attr]
    assert "接着要办的这一项要 L2" in page and f'name="next" value="{check}"' in page
    back = {"need": "2", "next": check}
    wrong = somebody.post("/me/real-name/number", name="陆晓岚", id_number="329982199403037042", **back)
    assert wrong.status_code == 422 and "抄错了一位" in wrong.text
    other = somebody.post("/me/real-name/number", name="陆小兰", id_number="329982199403037041", **back)
    assert "姓名和号码对不上" in other.text
    away = somebody.post("/me/real-name/number", name="何久等", id_number="329982199001016029", **back)
    assert "没有算作一次" in away.text
    somebody.post("/me/real-name/number", name="陆晓岚", id_number="329982199403037041", **back)
    assert somebody.address == check
    somebody.post(check, declared="yes")
    assert somebody.address.endswith("/done")
    assert {"wrong_number", "real_name_no_match", "registry_away", "real_name_level_2"} <= set(city.acts())


def test_a_phone_is_confirmed_by_the_code_that_was_sent(visit: Visit, city: FirmCity) -> None:
    somebody = visit()
    somebody.get("/register")
    right = {"kind": "person", "display_name": "陆某", "password": "long enough", "again": "long enough"}
    somebody.post("/register", login="lu-mou", **right)
    somebody.give("lu-mou", "long enough")
    somebody.get("/me/real-name")
    assert somebody.post("/me/real-name/phone", phone="123").status_code == 422
    sent = somebody.post("/me/real-name/phone", phone="１００ 9900 0003")
    assert "验证码已发出" in sent.text
    wrong = somebody.post("/me/real-name/code", code="x")
    assert wrong.status_code == 422 and "验证码不对" in wrong.text
    somebody.post("/me/real-name/code", code=city.code_sent())
    page = somebody.page.text  # type: ignore[union-attr]
    assert "您现在是 L1 实名" in page and "100****0003" in page
