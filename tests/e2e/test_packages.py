"""The two packages from filing to closing."""

from __future__ import annotations

from demo.client import sample_form
from tests.e2e.city import City, at, branches


def test_a_firm_is_founded_with_one_filing(city: City) -> None:
    number = city.as_("shenjiahe").file("new-company")["application_no"]
    open_ = city.wait_open("shenjiahe", number, "company-registration")
    later = ("seal-engraving", "taxpayer-confirmation", "social-insurance-registration")
    assert {open_[key]["status"] for key in later} == {"waiting"}

    city.answer(open_["company-registration"])
    opened = city.wait_open("shenjiahe", number, *later)
    assert len({opened[key]["opened_at"] for key in later}) == 1, "all at the same instant"
    assert at(opened[later[0]]["opened_at"]) == at(opened["company-registration"]["answered_at"])
    state = city.wait_case("shenjiahe", number, lambda s: s["licences"], "licence issued")
    assert state["outcome"] == "granted"
    code = state["licences"][0]["results"]["credit_code"]
    dossier = city.as_("officer-ga").get("intake", f"/dossiers/{opened['seal-engraving']['branch_no']}")
    assert dossier["results"]["credit_code"] == code, "what one branch produced flows to the next"

    for branch in opened.values():
        if branch["status"] == "open":
            city.answer(branch)
    state = city.wait_case("shenjiahe", number, lambda s: s["status"] == "closed", "closed")
    assert state["outcome"] == "granted"
    assert {b["status"] for b in state["branches"]} <= {"answered"}


def test_all_departments_of_a_restaurant_start_together(city: City) -> None:
    number = city.as_("heji").file("open-restaurant")["application_no"]
    state = city.wait_case("heji", number, lambda s: s["status"] == "in_approval", "in approval")
    first = [b for b in state["branches"] if not b["depends_on"]]
    assert len(first) >= 3
    assert len({b["department"] for b in first}) >= 3
    assert len({b["opened_at"] for b in first}) == 1

    for branch in first:
        city.answer(branch)
    state = city.wait_case("heji", number, lambda s: s["status"] == "closed", "closed")
    assert state["outcome"] == "granted"


def test_a_refused_sign_leaves_the_restaurant_partly_granted(city: City) -> None:
    number = city.as_("heji").file("open-restaurant")["application_no"]
    state = city.wait_case("heji", number, lambda s: s["status"] == "in_approval", "in approval")
    for key, branch in branches(state).items():
        city.answer(branch, "refuse" if key == "shop-sign" else "agree")
    state = city.wait_case("heji", number, lambda s: s["status"] == "closed", "closed")
    assert state["outcome"] == "partly_granted"


def test_branches_a_form_does_not_call_for_never_open(city: City) -> None:
    form = sample_form("open-restaurant") | {"has_sign": False}
    form.pop("sign_size", None)
    number = city.as_("heji").file("open-restaurant", form)["application_no"]
    state = city.wait_case("heji", number, lambda s: s["status"] == "in_approval", "in approval")
    assert "shop-sign" not in branches(state)
