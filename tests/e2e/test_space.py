"""A licence issued is in the library of both modes, with what stands on it, and fills in the next form."""

from __future__ import annotations

from typing import Any

from demo.client import sample_form
from tests.e2e.city import City, branches, until


def test_a_licence_issued_fills_in_the_next_form_and_its_readers_are_told(city: City) -> None:
    heji = city.as_("heji")
    number = heji.file("open-restaurant")["application_no"]
    state = city.wait_case("heji", number, lambda s: s["status"] == "in_approval", "in approval")
    food = branches(state)["food-licence"]
    city.as_("officer-sj").get("intake", f"/dossiers/{food['branch_no']}")
    city.answer(food)

    def known() -> Any:
        asked = {"purpose": "prefill", "procedure": "food-licence-renewal"}
        answer = heji.post(
            "identity", "/known", asked | {"fields": {"shop_name": None}, "materials": ["m06"]}
        )
        (newest,) = answer["certificates"] or [{"application_no": None}]
        return answer["items"] and newest["application_no"] == number and answer

    found = until(known, "in the library with what stands on it")
    (value,) = found["items"]
    assert (value["value"], value["origin"]["zh"]) == (
        sample_form("open-restaurant")["shop_name"],
        "食品经营许可证",
    )
    (licence,) = found["certificates"]
    assert (licence["state"], licence["application_no"], licence["issuer"]) == ("valid", number, "SJ")
    assert 1800 < licence["days_left"] < 1830, "five years"

    def told() -> Any:
        items = heji.get("identity", "/readings")["items"]
        return [i for i in items if i["application_no"] == number and i["what"] == "dossier"]

    (reading, *_) = until(told, "told who read the case")
    assert (reading["reader"], reading["purpose"]) == ("SJ", "approval")
