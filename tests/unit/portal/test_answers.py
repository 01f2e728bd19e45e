"""Reading what people type, and telling them what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from services.portal.answers import check, merge, read, said
from services.portal.forms import Field, field_of
from services.portal.words import Language

T = Language("zh")
PERSON = {
    "type": "object",
    "required": ["name", "id_number"],
    "properties": {
        "name": {"type": "string", "minLength": 2, "x-title": {"zh": "姓名", "en": "Name"}},
        "id_number": {
            "type": "string",
            "format": "cn-id-number",
            "x-title": {"zh": "身份证号", "en": "ID number"},
        },
    },
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "x-input": "id_number", "x-title": {"zh": "身份证号", "en": "ID number"}},
    "code": {"type": "string", "x-input": "credit_code", "x-title": {"zh": "代码", "en": "Code"}},
    "mobile": {"type": "string", "x-input": "mobile", "x-title": {"zh": "手机", "en": "Mobile"}},
    "area": {"type": "number", "minimum": 1, "maximum": 100000, "x-title": {"zh": "面积", "en": "Area"}},
    "years": {"type": "integer", "maximum": 5, "x-title": {"zh": "年限", "en": "Years"}},
    "name": {"type": "string", "minLength": 2, "maxLength": 50, "x-title": {"zh": "姓名", "en": "Name"}},
    "flame": {"type": "boolean", "x-title": {"zh": "明火", "en": "Flame"}},
    "kind": {
        "type": "string",
        "enum": ["a", "b"],
        "x-title": {"zh": "类型", "en": "Kind"},
        "x-labels": {"a": {"zh": "甲", "en": "A"}, "b": {"zh": "乙", "en": "B"}},
    },
    "kinds": {
        "type": "array",
        "items": {"type": "string", "enum": ["a", "b"]},
        "x-title": {"zh": "项目", "en": "Kinds"},
        "x-labels": {"a": {"zh": "甲", "en": "A"}, "b": {"zh": "乙", "en": "B"}},
    },
    "people": {"type": "array", "items": PERSON, "x-title": {"zh": "股东", "en": "Shareholders"}},
}
FORM = {"properties": SCHEMAS, "required": list(SCHEMAS)}


def field(name: str) -> Field:
    return field_of(FORM, name, T, {})


def typed(name: str, text: str) -> Any:
    return read([field(name)], MultiDict({name: text}))[name]


def wrong(name: str, value: Any) -> str:
    found = check([field(name)], {name: value}, T)
    return found[0].message if found else ""


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("id", " 329982 19950418 3021 ", "329982199504183021"),
        ("id", "３２９９８２１９９５０４１８３０２１", "329982199504183021"),
        ("code", "91329982ma9a000299", "91329982MA9A000299"),
        ("mobile", "100-1234-5678", "10012345678"),
        ("area", "１，２00．5", 1200.5),
        ("area", "120", 120),
        ("area", "很大", "很大"),
        ("name", "  𠮷田·买买提 ", "𠮷田·买买提"),
        ("flame", "yes", True),
        ("flame", "no", False),
        ("flame", "", None),
        ("kind", "b", "b"),
    ],
)
def test_what_people_type_is_read_kindly(name: str, text: str, value: Any) -> None:
    assert typed(name, text) == value


def test_rows_and_choices_are_lists() -> None:
    data: MultiDict[str, str] = MultiDict(
        [("kinds", "a"), ("kinds", "b"), ("people.0.name", "沈佳禾"), ("people.1.name", "")]
    )
    assert read([field("kinds"), field("people")], data) == {
        "kinds": ["a", "b"],
        "people": [{"name": "沈佳禾"}],
    }


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("id", "329982199504183022", "最后一位对不上"),
        ("id", "32998219950418302", "是 18 位，您填了 17 位"),
        ("id", "32998219950418302Q", "不该有的字"),
        ("code", "91329982MA9A000298", "最后一位对不上"),
        ("mobile", "1001234567", "11 位"),
        ("area", "很大", "要填数字"),
        ("area", 0, "不能少于 1"),
        ("area", 1000000, "不能多于 100,000"),
        ("years", 6, "不能多于 5"),
        ("years", 2.5, "要填数字"),
        ("name", "沈", "至少 2 个字"),
        ("kind", "c", "请选择类型"),
        ("kind", None, "请选择类型"),
        ("name", None, "请填写姓名"),
    ],
)
def test_each_mistake_is_told_in_plain_words(name: str, value: Any, message: str) -> None:
    assert message in wrong(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("id", "329982199504183021"), ("code", "91329982MA9A000299"), ("area", 0.5 + 1), ("kinds", ["a"])],
)
def test_what_is_right_raises_no_complaint(name: str, value: Any) -> None:
    assert wrong(name, value) == ""


def test_a_mistake_in_a_row_names_the_row_and_its_input() -> None:
    rows = [{"name": "沈佳禾", "id_number": "329982199504183021"}, {"name": "顾晓梅"}]
    found = check([field("people")], {"people": rows}, T)
    assert [(w.field, w.message) for w in found] == [("people.1.id_number", "第 2 位：请填写身份证号")]


def test_an_emptied_answer_is_forgotten() -> None:
    assert merge({"a": 1, "b": 2}, {"a": None, "c": False}) == {"b": 2, "c": False}


def test_answers_are_read_back_in_words() -> None:
    assert said(field("flame"), False, T) == "否"
    assert said(field("kinds"), ["a", "b"], T) == "甲、乙"
    assert said(field("area"), 1200.5, T) == "1,200.5"
    assert said(field("name"), None, T) == "没有填写"
