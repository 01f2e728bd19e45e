"""Pages where people find their thing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from werkzeug.datastructures import MultiDict

from services.portal.contrast import contrast, shades
from services.portal.finding import addresses, answers_in, asked_in
from services.portal.place import HOME_PARTS, Place, WrongPlace
from tests.unit.portal.conftest import Browser
from tests.unit.portal.fake_city import FakeCity

Visit = Callable[..., Browser]
PAGES = (
    "/",
    "/items",
    "/items?q=饭店&department=SJ",
    "/items/passport",
    "/packages/open-restaurant?a-area=large",
    "/policies",
    "/policies/restaurant-once",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_in_both_languages_with_one_heading(visit: Visit, path: str) -> None:
    for page in (visit().get(path), visit().get("/en" + path)):
        assert page.status_code == 200
        assert page.text.count("<h1") == 1


def test_words_lead_to_the_thing_and_choices_narrow_down(visit: Visit) -> None:
    page = visit().get("/items?q=饭店").text
    assert page.index("/packages/open-restaurant") < page.index("/items/food-licence")
    assert "department=SJ" in page and 'value="饭店"' in page


def test_nothing_found_says_what_to_do_and_is_noted(visit: Visit, city: FakeCity) -> None:
    page = visit().get("/items?q=qqqqqq").text
    assert "没有找到" in page and "100 0032 0001" in page
    city.down = {"catalog"}
    assert visit().get("/items?q=qqqqqq").status_code == 503


@pytest.mark.parametrize(
    "query", ["a" * 10_000, "长" * 3_000, "%01%1B%E2%80%AE", "%F0%90%80%80", "%ED%A0%80", "%00"]
)
def test_odd_and_long_words_get_a_clear_answer(visit: Visit, query: str) -> None:
    page = visit().get(f"/items?q={query}")
    assert page.status_code == 200
    assert "搜一搜" in page.text


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "page=99999999", "page=²", "theme=", "theme=moon&moon=1"]
)
def test_nonsense_in_an_address_counts_as_nothing(visit: Visit, query: str) -> None:
    assert visit().get(f"/items?{query}").status_code == 200


def test_an_item_is_no_package_and_a_package_no_item(visit: Visit) -> None:
    assert visit().get("/items/new-company").status_code == 404
    assert visit().get("/packages/food-licence").status_code == 404


def test_answers_change_what_is_needed_and_go_on_into_the_form(visit: Visit) -> None:
    plain = visit().get("/packages/open-restaurant").text
    assert "看看我需要什么" in plain and "按您回答的情况算出来的" not in plain
    guide = visit().get("/packages/open-restaurant?a-area=large").text
    assert "按您回答的情况算出来的" in guide
    assert "a-area=large" in guide.split('class="button primary"')[1].split(">")[0]


def test_answers_that_are_none_of_the_choices_are_left_aside(visit: Visit) -> None:
    page = visit().get("/packages/open-restaurant?a-area=moon&a-moon=1&a-x,y=z")
    assert page.status_code == 200 and "按您回答的情况算出来的" not in page.text


def test_what_another_system_handles_leads_there(visit: Visit) -> None:
    page = visit().get("/items/passport").text
    assert "https://exit-entry.example/apply" in page and "/apply/passport" not in page


def test_forms_are_downloaded_as_documents(visit: Visit) -> None:
    page = visit().get("/items/food-licence").text
    for which in ("blank", "sample"):
        assert f"/items/food-licence/forms/{which}" in page
        answer = visit().client.get(f"/items/food-licence/forms/{which}")
        assert answer.status_code == 200 and answer.data.startswith(b"PK")
        assert "wordprocessingml" in answer.headers["Content-Type"]
    assert visit().get("/items/moon/forms/blank").status_code == 404


def test_the_large_view_has_search_six_tasks_and_the_phone_and_one_question_a_page(visit: Visit) -> None:
    browser = visit()
    home = browser.post("/view", mode="elder", next="/").text
    assert home.count('class="six"') == 1
    assert home.split('class="six"')[1].split("</nav>")[0].count("<a ") == 6
    assert "打电话问" in home and 'type="search"' in home and "遇到这些事" not in home
    assert browser.get("/packages/open-restaurant").text.count('<fieldset class="question">') == 1
    assert "facets-box" not in browser.get("/items").text


def test_addresses_keep_the_question_and_put_choices_on_and_off() -> None:
    asked = asked_in(MultiDict([("q", " 饭 店\x07 "), ("theme", "permits"), ("page", "3")]))
    assert (asked["q"], asked["theme"], asked["page"]) == ("饭 店", ["permits"], 3)
    to = addresses("/items", asked)
    assert to(theme="permits") == "/items?q=%E9%A5%AD+%E5%BA%97"
    assert to(theme="tax").endswith("theme=permits&theme=tax")
    assert to(page=2).endswith("theme=permits&page=2")
    assert to(theme=None).endswith("%E5%BA%97")


def test_answers_are_read_from_the_address() -> None:
    assert answers_in(MultiDict([("a-area", "large"), ("b", "c"), ("a-x", "1,2"), ("a-y", "")])) == {
        "area": "large"
    }


def test_a_city_has_its_own_colour_if_it_can_be_read() -> None:
    assert round(contrast("#0E5A64", "#F8F7F3"), 1) == 7.4
    assert shades("#8A1C2B") is not None
    assert shades("#FFCC00") is None and shades("red") is None
    assert Place(colour="#0E5A64").face is None
    assert Place(colour="#FFCC00").face is None
    assert Place.from_env({"ONEWINDOW_PLACE": '{"colour": "#8A1C2B"}'}).face == shades("#8A1C2B")


def test_the_start_page_is_ordered_by_configuration() -> None:
    assert Place.from_env({}).home == HOME_PARTS
    assert list(Place.from_env({"ONEWINDOW_PLACE": '{"home": ["events", "used"]}'}).home) == [
        "events",
        "used",
    ]
    for wrong in ('{"home": ["carousel"]}', '{"emblem": "M0 0\\"/><script>"}'):
        with pytest.raises(WrongPlace):
            Place.from_env({"ONEWINDOW_PLACE": wrong})


def test_the_citys_colour_is_a_style_sheet_of_its_own(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    assert visit().get("/face.css").status_code == 404
    monkeypatch.setenv("ONEWINDOW_PLACE", '{"colour": "#8A1C2B", "home": ["notices", "packages"]}')
    app = request.getfixturevalue("app")
    from services.portal.web.portal import Portal

    coloured = Portal(app.extensions["portal"].config)
    coloured.http.mount("http://", request.getfixturevalue("city").adapter())
    app.extensions["portal"] = coloured
    home = visit().get("/").text
    assert "/face.css?v=8A1C2B" in home
    assert home.index("新政策") < home.index("一件事，一次办")
    assert "#8A1C2B" in visit().client.get("/face.css").text
