"""The officer's tools, the head's desk and the calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import FakeCity
from tests.unit.portal.forms import RESTAURANT

Visit = Callable[..., Browser]
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()


@pytest.fixture
def foods(city: FakeCity) -> list[dict[str, Any]]:
    """Twelve food licences, all alike."""
    return [city.file("food-licence", dict(RESTAURANT), "acc-heji")["branches"][0] for _ in range(12)]


@pytest.fixture
def mine(foods: list[dict[str, Any]]) -> dict[str, Any]:
    foods[0].update(status="claimed", handler="acc-lu", may_extend=10)
    return foods[0]


def at(branch: dict[str, Any], rest: str = "") -> str:
    return f"/work/{branch['branch_no']}{rest}"


def test_the_list_shows_the_firm_and_hides_part_of_a_persons_name(visit: Visit, city: FakeCity) -> None:
    city.file("food-licence", dict(RESTAURANT), "acc-heji")
    city.file("food-licence", dict(RESTAURANT), "acc-shen")
    page = visit("luming").get("/work").text
    assert "江塘禾记餐饮有限公司" in page
    assert "沈*禾" in page and "沈佳禾" not in page


def test_take_next_opens_what_is_due_first(visit: Visit, foods: list[dict[str, Any]]) -> None:
    foods[7]["statutory_due"] = datetime.now(UTC).isoformat()
    browser = visit("luming")
    browser.post("/work/next")
    assert browser.address == at(foods[7])
    for branch in foods:
        branch.update(status="claimed", handler="acc-wang")
    assert "没有等着认领的件" in browser.post("/work/next").text


def test_twelve_alike_are_answered_together_and_what_was_taken_meanwhile_is_named(
    visit: Visit, foods: list[dict[str, Any]]
) -> None:
    browser = visit("luming")
    page = browser.get(at(foods[0])).text
    assert "同样的 12 件一起答复" in page
    numbers = [b["branch_no"] for b in foods]
    page = browser.get("/work/many?" + "&".join(f"no={n}" for n in numbers)).text
    assert "12 件一起答复" in page
    foods[3].update(status="claimed", handler="acc-wang")
    page = browser.post("/work/many", no=numbers, answer="agree", opinion="材料齐全。").text
    assert "11/12 件已答复" in page and "已被别人认领" in page and "王敏 在办" in page
    assert [b["status"] for b in foods].count("answered") == 11
    assert foods[3]["status"] == "claimed"


def test_what_is_gone_before_the_answer_is_said_on_the_page(
    visit: Visit, foods: list[dict[str, Any]]
) -> None:
    foods[1].update(status="claimed", handler="acc-wang")
    query = "&".join(f"no={b['branch_no']}" for b in foods[:2]) + "&no=SJ1-01"
    page = visit("luming").get(f"/work/many?{query}").text
    assert "1 件一起答复" in page and "王敏 在办" in page and "有 1 件已经不在待办里" in page


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"answer": "agree"}, "请至少勾选一件"),
        ({"no": "x"}, "请选择您的答复"),
        ({"no": "x", "answer": "refuse"}, "请写明理由"),
        ({"no": "x", "answer": "agree_with_conditions"}, "请写明条件"),
    ],
)
def test_an_incomplete_answer_to_many_is_not_sent(
    visit: Visit, city: FakeCity, foods: list[dict[str, Any]], form: dict[str, str], message: str
) -> None:
    form = {k: foods[0]["branch_no"] if v == "x" else v for k, v in form.items()}
    page = visit("luming").post("/work/many", **form)
    assert page.status_code == 422
    assert message in page.text or "没有可以一起答复的件" in page.text
    assert not any(r.endswith("/answers") for r in city.requests)


def test_a_refusal_waits_for_the_head_and_the_head_signs_in_two_taps(
    visit: Visit, city: FakeCity, mine: dict[str, Any]
) -> None:
    city.desk.two_hands = True
    browser = visit("luming")
    browser.get(at(mine))
    page = browser.post(at(mine, "/answer"), answer="refuse", opinion="布局不符", act="answer").text
    assert "已送负责人签批" in page and 'name="answer"' not in page
    head = visit("xukeqin")
    assert head.address == "/head"
    page = head.get("/head").text
    assert "1 件等您决定" in page and "陆明远 拟不同意" in page and "布局不符" in page
    path = f"/head/signature/{mine['branch_no']}"
    assert "请选一条理由，或自己写" in head.post(path, act="yes").text
    page = head.post(path, act="yes", reason="事实清楚，依据充分，同意").text
    assert "已签批，决定生效" in page and "没有等您决定的件" in page
    assert (mine["answer"], mine["decided"]["reason"]) == ("refuse", "事实清楚，依据充分，同意")
    assert "这件现在的状态不能这样办" in head.post(path, act="no", words="晚了一步").text


def test_an_extension_is_asked_for_and_refused_in_ones_own_words(
    visit: Visit, city: FakeCity, mine: dict[str, Any]
) -> None:
    browser = visit("luming")
    assert "申请延期" in browser.get(at(mine)).text
    assert "请写整天数" in browser.post(at(mine, "/extend"), days="几天", extend="x").text
    assert "最多可延 10 天" in browser.post(at(mine, "/extend"), days="11", extend="复核").text
    page = browser.post(at(mine, "/extend"), days="5", extend="需现场复核").text
    assert "已申请延期 5 天，等负责人决定" in page
    head = visit("xukeqin")
    assert "需现场复核" in head.get("/head").text
    head.post(f"/head/extension/{mine['branch_no']}", act="no", words="人手够", reason="理由不足，请按期办结")
    assert mine["decided"] == {"approved": False, "reason": "人手够"}


def test_a_pause_names_its_ground_its_reason_and_how_long(visit: Visit, mine: dict[str, Any]) -> None:
    browser = visit("luming")
    page = browser.post(at(mine, "/pause")).text
    assert "请选择依法暂停的事由" in page
    page = browser.post(at(mine, "/pause"), ground="testing", pause="水质送检", expected_end=TOMORROW).text
    assert "已暂停计时" in page and "检测" in page and "水质送检" in page and "恢复计时" in page
    assert mine["pauses"][0]["expected_end"] == TOMORROW
    assert "已恢复计时" in browser.post(at(mine, "/resume")).text
    assert mine["status"] == "claimed"


def test_a_supervision_is_answered_in_writing_by_the_one_named(
    visit: Visit, city: FakeCity, mine: dict[str, Any]
) -> None:
    record = {
        "branch_no": mine["branch_no"],
        "responsible": "acc-lu",
        "state": "open",
        "answer_due": f"{TOMORROW}T09:00:00+00:00",
        "answer": None,
    }
    city.desk.supervisions.append(record)
    mine["light"] = "black"
    assert "答复督办" not in visit("wangmin").get(at(mine)).text
    head = visit("xukeqin").get("/head").text
    assert "责任人 陆明远" in head and "超法定" in head and "陆明远 在办" in head
    browser = visit("luming")
    assert "督办：超过法定期限" in browser.get(at(mine)).text
    assert "请先写答复" in browser.post(at(mine, "/explain"), answer=" ").text
    page = browser.post(at(mine, "/explain"), answer="周五前办结").text
    assert "督办已书面答复" in page and record["answer"] == "周五前办结"


def test_a_template_fills_the_opinion_without_script(
    visit: Visit, city: FakeCity, mine: dict[str, Any]
) -> None:
    browser = visit("luming")
    browser.get("/work/opinions")
    assert "请填写" in browser.post("/work/opinions", answer="agree").text
    browser.post("/work/opinions", answer="agree", title="齐全", text="材料齐全，符合条件。")
    template = city.desk.templates[0]
    assert template["own"] is True
    page = browser.post(at(mine, "/answer"), act=f"template:{template['id']}", note="内部").text
    assert ">材料齐全，符合条件。</textarea>" in page and ">内部</textarea>" in page
    assert mine["status"] == "claimed"
    browser.post("/work/opinions/drop", id=template["id"])
    assert city.desk.templates == []


def test_only_a_head_makes_a_template_for_everybody(visit: Visit, city: FakeCity) -> None:
    assert 'name="shared"' not in visit("luming").get("/work/opinions").text
    head = visit("xukeqin")
    head.post("/work/opinions", answer="refuse", title="不符", text="不符合规定。", shared="yes")
    assert city.desk.templates[0]["own"] is False


def test_filters_are_saved_used_and_forgotten(
    visit: Visit, city: FakeCity, foods: list[dict[str, Any]]
) -> None:
    foods[2]["light"] = "red"
    browser = visit("luming")
    page = browser.get("/work?show=todo&light=red").text
    assert foods[2]["branch_no"] in page and foods[1]["branch_no"] not in page
    page = browser.post("/work/filters", name="红灯", show="todo", light="red", item="").text
    assert city.desk.filters == {"红灯": {"show": "todo", "light": "red"}}
    assert "存好的筛选" in page and "show=todo&amp;light=red" in page
    assert "请给筛选起个名字" in browser.post("/work/filters", name="").text
    browser.post("/work/filters/drop", name="红灯")
    assert city.desk.filters == {}


def test_an_absence_is_entered_and_ended(visit: Visit, city: FakeCity) -> None:
    browser = visit("luming")
    page = browser.post("/work/absence").text
    assert "请选择谁来代" in page and "请选择日期" in page
    page = browser.post("/work/absence", delegate="acc-wang", begins=TOMORROW, ends=TOMORROW).text
    assert "王敏 代 陆明远" in page
    given = city.desk.delegations[0]
    assert given["ends"] == f"{TOMORROW}T17:00:00+08:00"
    assert "现在没有人委托" in browser.post("/work/absence/end", id=given["id"]).text


def test_the_calendar_is_edited_day_by_day(visit: Visit, city: FakeCity) -> None:
    year = datetime.now(UTC).year + 1
    browser = visit("editor")
    assert browser.address == f"/edit/calendar/{year - 1}"
    page = browser.get(f"/edit/calendar/{year}").text
    known = city.answer("catalog").get(f"/api/catalog/calendar/{year}").json
    days = [datetime(year, 1, 1) + timedelta(days=n) for n in range(365)]
    worked = [
        d.date().isoformat()
        for d in days
        if d.weekday() < 5 and d.date().isoformat() not in known["holidays"]
    ]
    assert page.count(" checked") == len(worked) + 1
    saturday = next(d for d in days if d.weekday() == 5).date().isoformat()
    page = browser.post(
        f"/edit/calendar/{year}", worked=[*worked, saturday], mark=known["mark"], provisional="no"
    ).text
    assert "已发布" in page and "目录编辑" in page
    after = city.answer("catalog").get(f"/api/catalog/calendar/{year}").json
    assert (after["extra_workdays"], after["provisional"]) == ([saturday], False)
    stale = browser.post(f"/edit/calendar/{year}", worked=worked, mark=known["mark"], provisional="no")
    assert stale.status_code == 422 and "已被他人更改" in stale.text
    assert browser.get(f"/edit/calendar/{year + 9}").status_code == 404


@pytest.mark.parametrize(
    ("login", "paths"),
    [
        ("heji", ["/work", "/work/many", "/work/opinions", "/work/absence", "/head", "/edit/calendar/2026"]),
        ("qianxiaowen", ["/work/many", "/work/opinions", "/head", "/edit/calendar/2026"]),
        ("luming", ["/edit/calendar/2026"]),
        ("editor", ["/head", "/work/many"]),
    ],
)
def test_pages_are_for_those_whose_work_it_is(visit: Visit, login: str, paths: list[str]) -> None:
    browser = visit(login)
    assert {p: browser.get(p).status_code for p in paths} == dict.fromkeys(paths, 403)
    stranger = visit()
    for path in paths:
        stranger.get(path)
        assert stranger.address == "/sign-in/account"
