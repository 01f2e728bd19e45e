"""The officer's desk and the acceptance desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import FakeCity
from tests.unit.portal.forms import RESTAURANT

Visit = Callable[..., Browser]


@pytest.fixture
def case(city: FakeCity) -> dict[str, Any]:
    return city.file("open-restaurant", dict(RESTAURANT), "acc-heji")


def food(case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(b for b in case["branches"] if b["key"] == "food-licence")
    return found


def desk(case: dict[str, Any], rest: str = "") -> str:
    return f"/work/{food(case)['branch_no']}{rest}"


def test_the_inbox_stands_by_the_laws_due_date_with_lights_in_words(visit: Visit, city: FakeCity) -> None:
    late, early = (city.file("food-licence", dict(RESTAURANT), "acc-heji")["branches"][0] for _ in range(2))
    early |= {"statutory_due": (city.now - timedelta(days=3)).isoformat(), "light": "black"}
    page = visit("luming").get("/work").text
    assert page.index(early["branch_no"]) < page.index(late["branch_no"])
    assert "超法定" in page and "正常" in page


def test_an_officer_claims_answers_and_moves_on(visit: Visit, city: FakeCity, case: dict[str, Any]) -> None:
    browser = visit("luming")
    page = browser.get(desk(case)).text
    assert "认领这件" in page and "禾记河虾面馆" in page and "其他部门" in page
    assert 'name="answer"' not in page
    assert 'name="answer"' in browser.post(desk(case, "/claim")).text
    page = browser.post(desk(case, "/answer"), answer="agree", opinion="符合规定。", act="answer").text
    assert "已答复" in page
    assert food(case)["answer"] == "agree" and food(case)["opinion"] == "符合规定。"


@pytest.mark.parametrize("told_before", [True, False], ids=["in the dossier", "by approval alone"])
def test_who_agrees_although_a_certificate_ended_ticks_that_it_was_seen(
    visit: Visit, city: FakeCity, case: dict[str, Any], told_before: bool
) -> None:
    city.ended = {"m03"}
    if told_before:
        revoked = {"m03": {"certificate": {"given": True, "state": "revoked"}, "state": "from_library"}}
        city.slots[case["application_no"]] = revoked
    browser = visit("luming")
    page = browser.post(desk(case, "/claim")).text
    assert ("我已看到，仍要同意" in page, "已注销或撤销" in page) == (told_before, told_before)
    page = browser.post(desk(case, "/answer"), answer="agree", opinion="已核实。", act="answer").text
    assert "申请后营业执照已被撤销" in page and 'href="#acknowledged"' in page and "已核实。" in page
    assert 'name="acknowledged" value="m03"' in page and food(case)["answer"] is None
    seen = {"answer": "agree", "opinion": "已核实。", "acknowledged": "m03", "act": "answer"}
    assert "已答复" in browser.post(desk(case, "/answer"), **seen).text
    assert food(case)["answer"] == "agree"


def test_somebody_elses_claim_is_said_and_not_taken(visit: Visit, case: dict[str, Any]) -> None:
    food(case).update(status="claimed", handler="acc-xf")
    browser = visit("luming")
    page = browser.get(desk(case)).text
    assert "方立 正在办这件" in page and 'name="answer"' not in page
    assert "已经有人认领" in browser.post(desk(case, "/claim")).text


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({}, "请选择您的答复"),
        ({"answer": "refuse"}, "请写明理由"),
        ({"answer": "agree_with_conditions"}, "请写明条件"),
        ({"answer": "not_competent", "opinion": "不归我们"}, "请选择该由哪个部门办"),
        ({"act": "correction"}, "请至少勾选一项"),
        ({"act": "correction", "field": "area"}, "请写明哪里要改"),
    ],
)
def test_an_incomplete_answer_is_not_sent(
    visit: Visit, city: FakeCity, case: dict[str, Any], form: dict[str, str], message: str
) -> None:
    browser = visit("luming")
    browser.post(desk(case, "/claim"))
    page = browser.post(desk(case, "/answer"), **form)
    assert page.status_code == 422 and message in page.text
    assert not any(r.endswith("/answer") for r in city.requests)


def test_a_correction_names_the_field_and_the_reason(visit: Visit, case: dict[str, Any]) -> None:
    browser = visit("luming")
    browser.post(desk(case, "/claim"))
    browser.post(desk(case, "/answer"), act="correction", field="area", **{"reason__area": "与图纸不符"})
    assert food(case)["asked"] == [{"field": "area", "reason": "与图纸不符"}]
    assert "等申请人补正" in browser.get("/work?show=suspended").text


def test_the_desk_accepts(visit: Visit, city: FakeCity) -> None:
    case = city.file("food-licence", dict(RESTAURANT), "acc-heji", desk=True)
    browser = visit("qianxiaowen")
    assert case["application_no"] in browser.get("/work").text
    assert browser.address == "/work/accept"
    assert "已受理" in browser.post(f"/work/accept/{case['application_no']}", act="accept").text
    assert case["status"] == "in_approval"


def test_the_desk_returns_everything_at_once(visit: Visit, city: FakeCity) -> None:
    case = city.file("food-licence", dict(RESTAURANT), "acc-heji", desk=True)
    browser, path = visit("qianxiaowen"), f"/work/accept/{case['application_no']}"
    assert "请勾选所有要补正的项" in browser.post(path, act="return").text
    browser.post(path, act="return", field="shop_name", reason__shop_name="与执照不一致")
    assert case["returned"]["reasons"] == [{"field": "shop_name", "reason": "与执照不一致"}]


def test_the_desk_refuses_only_with_ground_and_reason(visit: Visit, city: FakeCity) -> None:
    case = city.file("food-licence", dict(RESTAURANT), "acc-heji", desk=True)
    browser, path = visit("qianxiaowen"), f"/work/accept/{case['application_no']}"
    page = browser.post(path, act="refuse", ground="not_competent").text
    assert "请写明理由" in page and "请选择该由哪个部门办" in page
    browser.post(path, act="refuse", ground="no_licence_needed", reason="自产自销农产品不需要许可")
    assert case["status"] == "not_accepted"
