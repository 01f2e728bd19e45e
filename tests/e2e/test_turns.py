"""What may happen on the way: correction, withdrawal, the desk, late answers, looking without an account."""

from __future__ import annotations

from demo.client import sample_form
from tests.e2e.city import City, refused


def test_a_correction_stops_the_promise_and_resumes_it(city: City) -> None:
    citizen = city.as_("yunfan")
    number = citizen.file("street-canopy")["application_no"]
    branch = next(iter(city.wait_case("yunfan", number, lambda s: s["branches"], "opened")["branches"]))
    field = next(iter(sample_form("street-canopy")))
    city.claim(branch)
    officer = city.as_(f"officer-{branch['department'].lower()}")
    officer.post(
        "approval",
        f"/branches/{branch['branch_no']}/answer",
        {"answer": "ask_correction", "requests": [{"field": field, "reason": "第二页不清楚"}]},
    )
    state = city.wait_case(
        "yunfan", number, lambda s: any(b["status"] == "suspended" for b in s["branches"]), "suspended"
    )
    asked = citizen.get("approval", f"/corrections/{number}")["items"]
    assert "第二页不清楚" in str(asked)
    assert "第二页" not in str(state["timeline"]), "free text stays with approval"
    citizen.post(
        "intake",
        f"/applications/{number}/corrections",
        {
            "branch_no": branch["branch_no"],
            "changes": {field: sample_form("street-canopy")[field]},
            "note": "",
        },
    )
    city.wait_case(
        "yunfan", number, lambda s: all(b["status"] != "suspended" for b in s["branches"]), "resumed"
    )


def test_a_withdrawn_application_ends_and_refuses_late_answers(city: City) -> None:
    citizen = city.as_("yunfan")
    number = citizen.file("street-canopy")["application_no"]
    state = city.wait_case("yunfan", number, lambda s: s["branches"], "opened")
    branch = state["branches"][0]
    city.claim(branch)
    citizen.post("intake", f"/applications/{number}/withdraw")
    state = city.wait_case("yunfan", number, lambda s: s["status"] == "withdrawn", "withdrawn")
    officer = city.as_(f"officer-{branch['department'].lower()}")
    late = refused(
        lambda: officer.post(
            "approval", f"/branches/{branch['branch_no']}/answer", {"answer": "agree", "opinion": "同意"}
        )
    )
    assert late.status == 409
    assert late.problem["state"]


def test_the_desk_returns_everything_at_once_and_accepts_what_is_complete(city: City) -> None:
    citizen, clerk = city.as_("heji"), city.as_("qianxiaowen")
    number = citizen.file("food-licence")["application_no"]
    waiting = clerk.get("intake", "/acceptance")["items"]
    assert number in {row["application_no"] for row in waiting}
    fields = list(sample_form("food-licence"))[:2]
    clerk.post(
        "intake",
        f"/applications/{number}/return",
        {"reasons": [{"field": field, "reason": "请补正"} for field in fields]},
    )
    state = city.wait_case("heji", number, lambda s: s["status"] == "returned", "returned")
    assert {r["field"] for r in state["returned"]["reasons"]} == set(fields)
    citizen.post("intake", f"/applications/{number}/resubmit", {"form": sample_form("food-licence")})
    clerk.post("intake", f"/applications/{number}/accept")
    city.wait_case("heji", number, lambda s: s["status"] == "in_approval", "in approval")


def test_progress_is_seen_by_number_and_query_code_alone(city: City) -> None:
    filed = city.as_("shenjiahe").file("new-company")
    number, code = filed["application_no"], filed["query_code"]
    seen = city.nobody.post("intake", "/progress", {"application_no": number, "query_code": code})
    assert seen["application_no"] == number
    assert "沈佳禾" not in str(seen)
    statuses = [
        refused(
            lambda: city.nobody.post(
                "intake", "/progress", {"application_no": number, "query_code": "WRONG234"}
            )
        ).status
        for _ in range(6)
    ]
    assert statuses[-1] == 429


def test_a_branch_that_is_somebody_elses_matter_goes_there(city: City) -> None:
    number = city.as_("yunfan").file("street-canopy")["application_no"]
    state = city.wait_case("yunfan", number, lambda s: s["branches"], "opened")
    branch = next(b for b in state["branches"] if b["department"] != "SJ")
    city.answer(branch, "not_competent", competent_department="SJ")
    city.wait_case(
        "yunfan",
        number,
        lambda s: any(
            b["branch_no"] == branch["branch_no"] and b["department"] == "SJ" for b in s["branches"]
        ),
        "reassigned",
    )
