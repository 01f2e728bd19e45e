from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.catalog.domain import City, Guidance, WrongAnswers, guidance_problems
from services.catalog.domain.guide_checks import answered
from services.catalog.guide_files import read_guidance
from tests.unit.catalog.helpers import SAMPLE

RESTAURANT = "open-restaurant"
HOT_POT = {
    "licence": "yes",
    "area": "large",
    "flame": "yes",
    "sign": "yes",
    "water": "yes",
    "online": "no",
    "meter": "no",
}
SITUATIONS = sorted(path.stem for path in (SAMPLE / "situations").iterdir())


@pytest.fixture(scope="session")
def guidance() -> Guidance:
    made, problems = read_guidance(SAMPLE)
    assert problems == []
    return made


@pytest.fixture
def ask(city: City, guidance: Guidance) -> Any:
    def answer(code: str, **answers: str) -> dict[str, Any]:
        return answered(guidance.situations[code], answers, city)

    return answer


def codes(entries: list[dict[str, Any]]) -> list[str]:
    return [e["code"] for e in entries]


def test_the_sample_guidance_has_no_problem(city: City, guidance: Guidance) -> None:
    assert guidance_problems(guidance, city) == []


@pytest.mark.parametrize("code", SITUATIONS)
def test_every_sample_situation_comes_out_as_its_editor_expects(
    city: City, guidance: Guidance, code: str
) -> None:
    situation = guidance.situations[code]
    assert len(situation.questions) <= 7
    for sample in situation.samples:
        found = answered(situation, sample.answers, city)
        assert found["complete"], sample.name.en
        assert found["eligible"] is sample.expect.eligible, sample.name.en


@pytest.mark.parametrize("code", SITUATIONS)
def test_every_answer_is_tried_by_a_sample_situation_or_leads_on(guidance: Guidance, code: str) -> None:
    situation = guidance.situations[code]
    tried = {(k, v) for sample in situation.samples for k, v in sample.answers.items()}
    for question in situation.questions:
        assert any((question.key, c.value) in tried for c in question.choices), question.key


def test_before_any_answer_the_first_question_is_asked(ask: Any) -> None:
    found = ask(RESTAURANT)
    assert (found["complete"], found["next"]) == (False, "licence")
    assert found["eligible"]
    assert codes(found["items"]) == ["food-licence"]
    assert found["form"] == {}


def test_answers_open_the_branches_that_the_form_would_open(ask: Any) -> None:
    found = ask(RESTAURANT, **HOT_POT)
    assert (found["complete"], found["next"]) == (True, None)
    assert codes(found["items"]) == ["food-licence", "fire-safety-check", "shop-sign", "drainage-permit"]
    assert [s["who"]["department"] for s in found["steps"]] == ["SJ", "XF", "CG", "ZJ"]
    assert found["promised"] == {"value": 10, "unit": "working_days"}
    small = ask(RESTAURANT, **{**HOT_POT, "area": "small", "sign": "no", "water": "no"})
    assert codes(small["items"]) == ["food-licence"]
    assert codes(small["materials"]) == ["m03", "m09", "m12", "m19"]
    assert small["promised"] == {"value": 7, "unit": "working_days"}


def test_what_is_known_for_sure_goes_into_the_form_and_what_is_assumed_does_not(ask: Any) -> None:
    form = ask(RESTAURANT, **HOT_POT)["form"]
    assert form["has_sign"] is True and form["needs_water"] is False
    assert "area" not in form


def test_what_must_come_first_is_said_with_its_reason(ask: Any) -> None:
    (first,) = ask(RESTAURANT, **{**HOT_POT, "licence": "no"})["needs_first"]
    assert first["code"] == "sole-trader-registration"
    assert first["title"]["zh"] == "个体工商户登记"
    assert first["because"]["zh"]


def test_whoever_is_not_eligible_learns_why_and_what_fits(ask: Any) -> None:
    found = ask("id-card-reissue", why="expired")
    assert not found["eligible"]
    assert found["reasons"][0]["zh"].startswith("没有丢失的办换领")
    assert codes(found["instead"]) == ["id-card-renewal"]


def test_a_question_is_asked_only_after_the_answers_it_hangs_on(ask: Any) -> None:
    assert [q["key"] for q in ask("id-card-reissue")["questions"]] == ["why"]
    after = ask("id-card-reissue", why="lost")
    assert [q["key"] for q in after["questions"]] == ["why", "urgent", "age"]
    assert after["questions"][0]["answer"] == "lost"


def test_an_answer_that_is_no_longer_asked_for_is_left_aside(ask: Any) -> None:
    found = ask("id-card-reissue", why="expired", urgent="yes", age="child")
    assert found["answers"] == {"why": "expired"}
    assert found["complete"]


def test_fee_visits_and_materials_are_this_persons_own(ask: Any) -> None:
    shop = ask("house-transfer", kind="sale", use="other", mortgage="yes", utilities="no", married="no")
    assert (shop["fee_fen"], shop["visits"]) == (55000, 1)
    assert shop["fee_basis"]["zh"] == "非住宅每件 550 元"
    assert codes(shop["materials"]) == ["m20", "m04", "m41"]
    assert shop["materials"][-1]["how"] == "upload"
    home = ask("minimum-living", income="below", sudden="no", walk="no")
    assert home["visits"] == 0


def test_a_step_that_is_added_names_who_does_it(ask: Any) -> None:
    found = ask("street-occupation", purpose="hoarding", road="yes")
    assert found["steps"][-1]["who"] == {
        "department": "GA",
        "zh": "公安局",
        "en": "Public Security Bureau",
    }
    place = ask("elderly-allowance", age="over", household="yes", bank="no")["steps"][-1]
    assert (place["who"]["department"], place["online"]) == (None, False)


def test_scaffolding_adds_the_street_permit_and_its_days(ask: Any) -> None:
    answers = {"size": "ad", "carrier": "building", "road": "yes", "place": "own", "again": "first"}
    without = ask("outdoor-advertising", scaffolding="no", **answers)
    with_it = ask("outdoor-advertising", scaffolding="yes", **answers)
    assert (without["promised"]["value"], with_it["promised"]["value"]) == (5, 8)
    assert with_it["promise_path"][-1] == "street-occupation"


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"moon": "full"}, {"moon": "no such question"}),
        ({"area": "huge"}, {"area": "not one of the choices"}),
        ({"area": "huge", "moon": "full"}, {"area": "not one of the choices", "moon": "no such question"}),
    ],
)
def test_every_wrong_answer_is_named(ask: Any, answers: dict[str, str], wrong: dict[str, str]) -> None:
    with pytest.raises(WrongAnswers) as caught:
        ask(RESTAURANT, **answers)
    assert caught.value.wrong == wrong


def test_a_folder_without_guidance_has_none(tmp_path: Path) -> None:
    assert read_guidance(tmp_path) == (Guidance(), [])
