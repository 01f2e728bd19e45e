"""Steps and questions from a merged form."""

from __future__ import annotations

from typing import Any

from services.portal.forms import labels, step_of, steps
from services.portal.words import Language

ZH, EN = Language("zh"), Language("en")
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["name", "area", "sign"],
    "properties": {
        "name": {"type": "string", "maxLength": 60, "x-title": {"zh": "店名", "en": "Shop"}},
        "area": {"type": "number", "x-title": {"zh": "面积", "en": "Area"}},
        "floor": {
            "type": "string",
            "x-title": {"zh": "楼层", "en": "Floor"},
            "x-when": [[{"field": "area", "at_least": 300}]],
        },
        "sign": {"type": "boolean", "x-title": {"zh": "店招", "en": "Sign"}},
        "text": {
            "type": "string",
            "x-title": {"zh": "文字", "en": "Words"},
            "x-when": [[{"field": "sign", "equals": True}]],
        },
    },
    "allOf": [
        {
            "if": {"properties": {"sign": {"const": True}}, "required": ["sign"]},
            "then": {"required": ["text"]},
        }
    ],
    "x-groups": [
        {"title": {"zh": "门店", "en": "Shop"}, "fields": ["name", "area", "floor"]},
        {"title": {"zh": "店招", "en": "Sign"}, "fields": ["sign", "text"]},
    ],
}


def asked(answers: dict[str, Any], at_most: int = 7) -> list[list[str]]:
    return [[f.name for f in page.fields] for page in steps(FORM, ZH, answers, at_most)]


def test_a_question_is_asked_only_when_an_earlier_answer_calls_for_it() -> None:
    assert asked({}) == [["name", "area"], ["sign"]]
    assert asked({"area": 320}) == [["name", "area"], ["floor"], ["sign"]]


def test_a_question_that_hangs_on_another_of_its_group_comes_on_the_page_after_it() -> None:
    assert asked({"sign": True}) == [["name", "area"], ["sign"], ["text"]]


def test_the_large_view_asks_one_question_a_page() -> None:
    assert asked({"sign": True}, at_most=1) == [["name"], ["area"], ["sign"], ["text"]]


def test_a_long_group_is_split_evenly() -> None:
    fields = {f"f{i}": {"type": "string"} for i in range(8)}
    form = {"properties": fields, "x-groups": [{"title": "多", "fields": list(fields)}]}
    assert [len(p.fields) for p in steps(form, ZH, {})] == [4, 4]


def test_parts_of_a_group_say_which_questions_they_have() -> None:
    assert [p.title for p in steps(FORM, ZH, {"sign": True})] == ["门店", "店招：店招", "店招：文字"]
    fields = {f"f{i}": {"type": "string", "x-title": f"第{i}"} for i in range(8)}
    form = {"properties": fields, "x-groups": [{"title": "多", "fields": list(fields)}]}
    assert [p.title for p in steps(form, ZH, {})] == ["多：第0等 4 项", "多：第4等 4 项"]
    assert {p.group for p in steps(form, ZH, {})} == {"多"}


def test_what_no_group_names_is_still_asked() -> None:
    form = {"properties": {"a": {"type": "string"}}, "x-groups": []}
    assert [f.name for p in steps(form, ZH, {}) for f in p.fields] == ["a"]


def test_a_conditional_rule_makes_a_field_required() -> None:
    assert labels(FORM, ZH, {"sign": True})["text"].required
    assert not labels(FORM, ZH, {"sign": False})["text"].required


def test_titles_come_in_the_readers_language() -> None:
    assert labels(FORM, ZH, {})["name"].title == "店名"
    assert labels(FORM, EN, {})["name"].title == "Shop"


def test_a_row_of_a_repeated_question_is_found_on_its_page() -> None:
    assert step_of(steps(FORM, ZH, {}), "sign.0.name") == 2
