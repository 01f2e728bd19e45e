"""What a wrong form is told, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.forms import FormCheck

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "people", "kinds", "lit"],
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 4, "x-title": {"zh": "店名", "en": "Name"}},
        "area": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1000,
            "x-title": {"zh": "面积", "en": "Area"},
        },
        "floors": {
            "type": "integer",
            "minimum": 1,
            "multipleOf": 1,
            "x-title": {"zh": "层数", "en": "Floors"},
        },
        "lit": {"type": "boolean", "x-title": {"zh": "发光", "en": "Lit"}},
        "kind": {"type": "string", "enum": ["a", "b"], "x-title": {"zh": "类型", "en": "Kind"}},
        "kinds": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"type": "string", "enum": ["a", "b"]},
            "x-title": {"zh": "项目", "en": "Kinds"},
        },
        "mobile": {
            "type": "string",
            "pattern": "^1[0-9]{10}$",
            "x-input": "mobile",
            "x-title": {"zh": "手机", "en": "Mobile"},
        },
        "credit": {"type": "string", "format": "cn-credit-code", "x-title": {"zh": "信用代码", "en": "Code"}},
        "start": {"type": "string", "format": "date", "x-title": {"zh": "开始日期", "en": "First day"}},
        "people": {
            "type": "array",
            "minItems": 1,
            "maxItems": 3,
            "x-title": {"zh": "股东", "en": "Shareholders"},
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id"],
                "properties": {
                    "id": {
                        "type": "string",
                        "format": "cn-id-number",
                        "x-title": {"zh": "身份证号", "en": "ID"},
                    }
                },
            },
        },
        "fire": {"type": "string", "x-title": {"zh": "消防", "en": "Fire"}},
    },
    "allOf": [
        {
            "if": {"properties": {"area": {"minimum": 300}}, "required": ["area"]},
            "then": {"required": ["fire"]},
        }
    ],
}
CHECK = FormCheck(SCHEMA)
RIGHT: dict[str, Any] = {
    "name": "禾记",
    "people": [{"id": "329982199504183021"}],
    "kinds": ["a"],
    "lit": False,
}


def told(**changes: Any) -> dict[str, str]:
    form = {k: v for k, v in (RIGHT | changes).items() if v is not None}
    return {e["field"].removeprefix("form."): e["zh"] for e in CHECK.errors(form)}


def test_a_right_form_has_no_errors() -> None:
    assert told(area=299, credit="91329982MA9A000299", start="2026-03-12", mobile="10012345678") == {}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": None}, {"name": "请填写店名"}),
        ({"name": ""}, {"name": "请填写店名"}),
        ({"name": "禾"}, {"name": "店名至少 2 个字"}),
        ({"name": "禾记小馆子"}, {"name": "店名最多 4 个字"}),
        ({"name": 5}, {"name": "店名要填文字"}),
        ({"area": "大", "fire": "x"}, {"area": "面积要填数字"}),
        ({"area": 0}, {"area": "面积要大于 0"}),
        ({"area": 10**400, "fire": "x"}, {"area": "面积不能大于 1000"}),
        ({"floors": 1.5}, {"floors": "层数要填整数"}),
        ({"floors": 0}, {"floors": "层数不能小于 1"}),
        ({"lit": None}, {"lit": "请选择发光"}),
        ({"lit": "yes"}, {"lit": "发光要选是或否"}),
        ({"kind": "c"}, {"kind": "类型请从给出的选项中选择"}),
        ({"kinds": []}, {"kinds": "请选择项目"}),
        ({"kinds": ["a", "a"]}, {"kinds": "项目不能重复"}),
        ({"kinds": ["a", "c"]}, {"kinds.1": "项目第2项请从给出的选项中选择"}),
        ({"mobile": "123"}, {"mobile": "手机是 11 位数字,请数一数"}),
        ({"credit": "91329982MA9A000298"}, {"credit": "信用代码最后一位对不上,请看看是不是抄错了一位"}),
        ({"start": "明天"}, {"start": "开始日期要填日期,例如 2026-03-12"}),
        ({"people": []}, {"people": "请填写股东"}),
        ({"people": [{}]}, {"people.0.id": "请填写股东第1项身份证号"}),
        (
            {"people": [{"id": "329982199504183020", "age": 3}]},
            {
                "people.0.id": "股东第1项身份证号最后一位对不上,请看看是不是抄错了一位",
                "people.0.age": "表中没有“age”这一项",
            },
        ),
        ({"people": "许"}, {"people": "股东要填成列表"}),
        ({"area": 300}, {"fire": "请填写消防"}),
        ({"colour": 1}, {"colour": "表中没有“colour”这一项"}),
    ],
)
def test_a_wrong_field_is_named_with_a_sentence(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert told(**changes) == expected


def test_errors_come_in_the_order_of_the_pages() -> None:
    pages = {**SCHEMA, "x-groups": [{"fields": ["people", "lit"]}, {"fields": ["name"]}]}
    assert [e["field"] for e in FormCheck(pages).errors({}, "changes")] == [
        "changes.people",
        "changes.lit",
        "changes.name",
        "changes.kinds",
    ]


def test_a_form_without_a_word_about_other_fields_takes_none() -> None:
    assert [e["field"] for e in FormCheck({"properties": {}}).errors({"x": 1})] == ["form.x"]


def test_what_was_filled_in_is_never_repeated_to_others() -> None:
    errors = CHECK.errors(RIGHT | {"name": "沈佳禾沈佳禾", "people": [{"id": "329982199504183029"}]})
    assert "沈佳禾" not in str(errors) and "329982" not in str(errors)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=120, deadline=None)
@given(form=st.dictionaries(st.sampled_from([*SCHEMA["properties"], "other"]), anything))
def test_whatever_is_sent_gets_sentences_and_no_surprise(form: dict[str, Any]) -> None:
    errors = CHECK.errors(form)
    assert bool(errors) == (not CHECK._validator.is_valid(form))
    assert all(e["zh"] and e["en"] and e["field"].startswith("form") for e in errors)
    assert len({e["field"] for e in errors}) == len(errors)
