"""One case: what its page says, and what its applicant can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import FakeCity
from tests.unit.portal.forms import COMPANY, RESTAURANT

Visit = Callable[..., Browser]


@pytest.fixture
def case(city: FakeCity) -> dict[str, Any]:
    return city.file("open-restaurant", dict(RESTAURANT), "acc-heji")


def address(case: dict[str, Any], rest: str = "") -> str:
    return f"/cases/{case['application_no']}{rest}"


def branch(case: dict[str, Any], key: str) -> str:
    return next(b["branch_no"] for b in case["branches"] if b["key"] == key)


def test_the_list_of_cases_is_ones_own_space(visit: Visit, case: dict[str, Any]) -> None:
    browser = visit("heji")
    assert case["application_no"] in browser.get("/cases").text and browser.address == "/space"


def test_a_case_says_what_happens_now_and_what_to_do(visit: Visit, case: dict[str, Any]) -> None:
    page = visit("heji").get(address(case)).text
    assert "3 个部门已同时开始办理（0/3）" in page
    assert "现在不用做什么" in page
    assert f'data-stream="/stream{address(case)}?from=' in page


def test_answers_show_at_the_join_and_in_the_lane(visit: Visit, city: FakeCity, case: dict[str, Any]) -> None:
    city.reply(branch(case, "food-licence"), "agree", "现场布局与图纸一致。")
    page = visit("heji").get(address(case)).text
    assert "已答复 1/3" in page
    assert "现场布局与图纸一致。" in page
    assert "食品经营许可（新办）已办好，户外招牌设施设置、污水排入排水管网许可正在办（1/3）" in page


def test_the_same_step_of_several_departments_is_one_line(
    visit: Visit, city: FakeCity, case: dict[str, Any]
) -> None:
    for key in ("food-licence", "shop-sign"):
        city.reply(branch(case, key))
    page = visit("heji").get(address(case)).text
    assert "<b>食品经营许可（新办）、户外招牌设施设置</b> <span>部门已答复</span>" in page


def test_opinions_may_be_missing_while_approval_is_away(
    visit: Visit, city: FakeCity, case: dict[str, Any]
) -> None:
    city.down = {"approval"}
    assert visit("heji").get(address(case)).status_code == 200


def test_a_closed_case_lists_its_licences(visit: Visit, city: FakeCity) -> None:
    case = city.file("new-company", dict(COMPANY), "acc-shen")
    for one in case["branches"]:
        city.reply(one["branch_no"])
    page = visit("shenjiahe").get(address(case)).text
    assert "全部办好了" in page and "营业执照" in page and "公章刻制备案回执" in page


def test_another_persons_case_is_not_found(visit: Visit, case: dict[str, Any]) -> None:
    browser = visit("shenjiahe")
    assert browser.get(address(case)).status_code == 404
    assert browser.client.get(f"/stream{address(case)}").status_code == 404


def test_a_stream_needs_somebody_who_may_see_the_case(visit: Visit, case: dict[str, Any]) -> None:
    assert visit().client.get(f"/stream{address(case)}").status_code == 403


def test_corrections_stand_beside_their_fields_and_are_sent_once(
    visit: Visit, city: FakeCity, case: dict[str, Any]
) -> None:
    city.ask(
        branch(case, "shop-sign"), {"sign_width_cm": "宽度与效果图不一致", "sign_text": "文字要与执照一致"}
    )
    browser = visit("heji")
    assert "等您补正" in browser.get(address(case)).text
    page = browser.get(address(case, "/fix")).text
    assert "一共 2 处" in page and "宽度与效果图不一致" in page and 'value="480"' in page
    page = browser.post(address(case, "/fix"), sign_width_cm="420", sign_text="").text
    assert "请填写店招文字" in page
    browser.post(address(case, "/fix"), sign_width_cm="420", sign_text="禾记")
    assert browser.address == address(case)
    assert city.forms[case["application_no"]]["sign_width_cm"] == 420


def test_a_returned_application_is_put_right_as_a_whole(visit: Visit, city: FakeCity) -> None:
    case = city.file("food-licence", dict(RESTAURANT), "acc-heji", desk=True)
    reasons = [{"field": "shop_name", "reason": "与执照不一致"}]
    case |= {"status": "returned", "returned": {"round": 1, "reasons": reasons}}
    browser = visit("heji")
    assert "还缺 1 样" in browser.get(address(case)).text
    browser.post(address(case, "/fix"), shop_name="禾记河虾面馆（学府路店）")
    assert case["status"] == "awaiting_acceptance"
    assert city.forms[case["application_no"]]["shop_name"] == "禾记河虾面馆（学府路店）"
    assert city.forms[case["application_no"]]["area"] == 120


def test_withdrawing_asks_once_and_then_happens(visit: Visit, case: dict[str, Any]) -> None:
    browser = visit("heji")
    assert "各部门都会停办" in browser.get(address(case, "/withdraw")).text
    assert case["status"] == "in_approval"
    assert "已撤回" in browser.post(address(case, "/withdraw")).text
    assert case["status"] == "withdrawn"


def test_number_and_code_show_progress_without_an_account(visit: Visit, case: dict[str, Any]) -> None:
    browser = visit()
    page = browser.post(
        "/track", application_no=f" {case['application_no'].lower()} ", query_code="7kq2 m4xd"
    ).text
    assert browser.address == f"/track/{case['application_no']}"
    assert "开饭店" in page and "撤回" not in page
    stream = browser.client.get(f"/stream{address(case)}", buffered=False)
    assert stream.status_code == 200 and stream.mimetype == "text/event-stream"
    stream.close()


def test_wrong_codes_are_told_and_then_slowed_down(visit: Visit, case: dict[str, Any]) -> None:
    browser = visit()
    for _ in range(5):
        page = browser.post("/track", application_no=case["application_no"], query_code="AAAAAAAA")
        assert page.status_code == 422 and "对不上" in page.text
    page = browser.post("/track", application_no=case["application_no"], query_code="AAAAAAAA")
    assert page.status_code == 429 and "请过 10 分钟再试" in page.text


def test_an_untracked_number_asks_for_its_code(visit: Visit, case: dict[str, Any]) -> None:
    browser = visit()
    page = browser.get(f"/track/{case['application_no']}")
    assert browser.address == "/track" and case["application_no"] in page.text


def test_the_receipts_code_opens_the_progress_page_and_a_changed_one_opens_nothing(
    visit: Visit, app: Any, case: dict[str, Any]
) -> None:
    token = app.extensions["portal"].links.seal([case["application_no"], case["query_code"]])
    browser = visit()
    assert "开饭店" in browser.get(f"/t/{token}").text
    assert visit().get(f"/t/{token[:-2]}AA").status_code == 404


def test_my_cases_stand_by_what_they_need(visit: Visit, city: FakeCity, case: dict[str, Any]) -> None:
    city.ask(branch(case, "shop-sign"), {"sign_text": "不一致"})
    done = city.file("new-company", dict(COMPANY), "acc-heji")
    for one in done["branches"]:
        city.reply(one["branch_no"])
    page = visit("heji").get("/space").text
    assert page.index("等您处理") < page.index(case["application_no"]) < page.index("已结束")
    assert page.index("已结束") < page.index(done["application_no"])
