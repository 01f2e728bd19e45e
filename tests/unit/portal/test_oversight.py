"""A case as leaders, supervision and heads look at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import FakeCity
from tests.unit.portal.fake_follow import FollowCity
from tests.unit.portal.forms import RESTAURANT
from tests.unit.portal.test_follow import NO, told

Visit = Callable[..., Browser]


@pytest.fixture
def case(city: FakeCity) -> dict[str, Any]:
    found = city.file("open-restaurant", dict(RESTAURANT), "acc-heji")
    found["branches"][0].update(status="claimed", handler="acc-lu")
    return found


@pytest.mark.parametrize("login", ["leader", "zhou-sup", "xukeqin"])
def test_who_oversees_sees_how_it_stands_and_not_whose_it_is(
    visit: Visit, case: dict[str, Any], login: str
) -> None:
    page = visit(login).get(f"/lead/cases/{case['application_no']}").text
    assert "开饭店" in page and "经办 陆明远" in page and "承诺" in page and "已受理" in page
    for private in ("禾记", "沈佳禾", "10012345678", case["query_code"], "/files/"):
        assert private not in page


@pytest.mark.parametrize("login", ["heji", "luming", "qianxiaowen", "admin"])
def test_nobody_else_does(visit: Visit, case: dict[str, Any], login: str) -> None:
    assert visit(login).get(f"/lead/cases/{case['application_no']}").status_code == 403


def test_a_visitor_signs_in_first_and_an_unknown_case_is_not_found(visit: Visit) -> None:
    browser = visit()
    browser.get("/lead/cases/SJ20261124000999K")
    assert browser.address == "/sign-in/account"
    assert visit("leader").get("/lead/cases/SJ20261124000999K").status_code == 404


def test_the_page_is_live_for_who_may_see_it(visit: Visit, case: dict[str, Any]) -> None:
    answer = visit("leader").client.get(f"/stream/cases/{case['application_no']}")
    assert answer.content_type.startswith("text/event-stream")
    answer.close()
    assert visit("leader").client.get("/stream/cases/SJ20261124000999K").status_code == 404


def test_the_cases_behind_a_number_can_be_opened(visit: Visit, city: FollowCity) -> None:
    city.tell(told())
    page = visit("leader").get("/lead/cases?show=open").text
    assert f'href="/lead/cases/{NO}"' in page
