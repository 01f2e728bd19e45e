from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from contracts.procedure import Procedure
from services.catalog.domain import City, editions
from services.catalog.domain.procedures import procedure_of_package
from tests.unit.catalog.helpers import SAMPLE

FORMATS = {"cn-id-number": mod_11_2.is_valid, "cn-credit-code": uscc.is_valid}
CODES = sorted(p.stem for p in (SAMPLE / "forms").glob("*.json"))


@pytest.fixture(scope="module")
def procedures(city: City) -> dict[str, Procedure]:
    return {e.procedure.code: e.procedure for e in editions(city)}


def form_of(city: City, code: str) -> dict[str, Any]:
    return next(e.procedure.form for e in editions(city) if e.procedure.code == code)


def example(code: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SAMPLE / "forms" / f"{code}.json").read_text(encoding="utf-8"))
    return loaded


def wrong(form: dict[str, Any], answers: dict[str, Any]) -> list[str]:
    validator = jsonschema_rs.validator_for(form, validate_formats=True, formats=FORMATS)
    return sorted(e.message for e in validator.iter_errors(answers))


def test_every_procedure_has_an_example(city: City) -> None:
    assert [e.procedure.code for e in editions(city)] == CODES


@pytest.mark.parametrize("code", CODES)
def test_every_form_is_json_schema_and_its_example_fits(procedures: dict[str, Procedure], code: str) -> None:
    form = procedures[code].form
    jsonschema_rs.meta.validate(form)
    assert wrong(form, example(code)) == []


@pytest.mark.parametrize("code", CODES)
def test_every_field_is_asked_once_and_on_a_short_page(procedures: dict[str, Procedure], code: str) -> None:
    form = procedures[code].form
    asked = [name for group in form["x-groups"] for name in group["fields"]]
    assert sorted(asked) == sorted(form["properties"])
    assert len(asked) == len(set(asked)) <= 25
    assert all(len(group["fields"]) <= 7 for group in form["x-groups"])


@pytest.mark.parametrize("code", CODES)
def test_every_field_is_read_by_a_branch_or_decides_one(procedures: dict[str, Procedure], code: str) -> None:
    procedure = procedures[code]
    read = {f for b in procedure.branches for f in b.fields}
    decides = {c.field for b in procedure.branches for c in b.when}
    assert procedure.form["properties"].keys() == read | decides


def test_what_an_earlier_branch_produces_is_not_asked(city: City) -> None:
    procedure = procedure_of_package(city.packages["new-company"], city)
    assert "credit_code" in city.items["seal-engraving"].fields
    assert "credit_code" not in procedure.form["properties"]
    assert all("credit_code" not in b.fields for b in procedure.branches)


def test_a_field_of_a_conditional_branch_is_needed_only_when_it_opens(city: City) -> None:
    form, answers = form_of(city, "open-restaurant"), example("open-restaurant")
    sign = [n for n in answers if n.startswith("sign_")]
    without = {k: v for k, v in answers.items() if k not in sign}
    assert len(wrong(form, without)) == len(sign) == 4
    assert wrong(form, without | {"has_sign": False}) == []
    assert form["properties"]["sign_text"]["x-when"] == [[{"field": "has_sign", "equals": True}]]
    assert "x-when" not in form["properties"]["shop_name"]
    assert form["properties"]["area"]["x-needed-by"] == [
        "food-licence",
        "fire-safety-check",
        "drainage-permit",
    ]


def test_a_threshold_opens_a_branch_s_fields(city: City) -> None:
    form, answers = form_of(city, "open-restaurant"), example("open-restaurant")
    small = {k: v for k, v in answers.items() if k not in ("floor", "fire_exits", "fire_commitment")}
    assert len(wrong(form, small | {"area": 300})) == 3
    assert wrong(form, small | {"area": 299.5}) == []


def test_an_optional_field_may_be_left_out(city: City) -> None:
    form, answers = form_of(city, "new-company"), example("new-company")
    del answers["supervisor"]
    assert wrong(form, answers) == []
    del answers["director"]
    assert len(wrong(form, answers)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("legal_representative_id", "329982199504183022"),
        ("legal_representative_id", "3299821995041830"),
        ("legal_representative_mobile", "1009950418"),
        ("contribution_years", 6),
        ("registered_capital", 0),
        ("registered_capital", "50"),
        ("company_type", "guild"),
        ("shareholders", []),
        ("shareholders", [{"name": "沈佳禾", "id_number": "329982199504183021"}]),
        ("housing_fund_rate", 13),
        ("moon", "full"),
    ],
)
def test_a_wrong_answer_is_refused(city: City, field: str, value: Any) -> None:
    assert wrong(form_of(city, "new-company"), example("new-company") | {field: value})


def test_a_mistyped_credit_code_is_refused(city: City) -> None:
    answers = example("open-restaurant") | {"credit_code": "91329982MA9A00045X"}
    assert wrong(form_of(city, "open-restaurant"), answers)


def test_pages_are_told_everything_in_two_languages(city: City) -> None:
    for edition in editions(city):
        for group in edition.procedure.form["x-groups"]:
            assert group["title"].keys() == {"zh", "en"}
        for field in edition.procedure.form["properties"].values():
            assert field["x-title"].keys() == {"zh", "en"}
            assert field["title"] == field["x-title"]["zh"]
            choices = field.get("enum") or field.get("items", {}).get("enum") or []
            assert set(choices) == set(field.get("x-labels", {}))
