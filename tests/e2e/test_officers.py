"""What officers and heads decide, as the applicant sees it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import requests

from tests.e2e.city import City, at, branches


def open_food(city: City) -> tuple[str, Mapping[str, Any]]:
    number = city.as_("heji").file("food-licence")["application_no"]
    city.as_("qianxiaowen").post("intake", f"/applications/{number}/accept")
    branch = city.wait_open("heji", number, "food-licence")["food-licence"]
    city.claim(branch)
    return number, branch


def test_an_approved_extension_moves_the_date_the_applicant_sees(city: City) -> None:
    number, branch = open_food(city)
    path = f"/branches/{branch['branch_no']}/extension"
    officer, head = city.as_("officer-sj"), city.as_("xukeqin")
    asked = officer.post("approval", path, {"days": 3, "reason": "需现场复核"})
    assert asked["extension_asked"] == 3
    (waiting,) = [
        w
        for w in head.get("approval", "/head")["extensions"]
        if w["branch"]["branch_no"] == branch["branch_no"]
    ]
    assert waiting["reason"] == "需现场复核"
    head.post("approval", f"{path}/decision", {"approved": True, "reason": "情况属实"})

    def is_later(state: Mapping[str, Any]) -> bool:
        return at(branches(state)["food-licence"]["statutory_due"]) > at(branch["statutory_due"])

    state = city.wait_case("heji", number, is_later, "extended")
    assert state["timeline"][-1]["event"] == "approval.extension_decided"
    (told,) = city.as_("heji").get("approval", f"/cases/{number}")["branches"][0]["extensions"]
    assert (told["days"], told["reason"]) == (3, "需现场复核")


def test_twelve_alike_are_answered_by_one_call(city: City) -> None:
    cases = dict(open_food(city) for _ in range(12))
    numbers = [b["branch_no"] for b in cases.values()]
    officer = city.as_("officer-sj")
    said = officer.post(
        "approval", "/branches/answers", {"branch_nos": numbers, "answer": "agree", "opinion": "齐全。"}
    )
    assert {r["outcome"] for r in said["results"]} == {"answered"}
    for number in cases:
        city.wait_case("heji", number, lambda s: s["outcome"] == "granted", "granted")


def test_a_holiday_entered_by_the_editor_moves_what_is_open(city: City) -> None:
    number, branch = open_food(city)
    due = at(branch["promised_due"]) + timedelta(hours=8)
    url = f"{city.urls['catalog']}/api/catalog/calendar/{due.year}"
    editor = city.as_("editor").sign_in()
    known = requests.get(url, timeout=10)
    days = {name: known.json()[name] for name in ("holidays", "extra_workdays", "provisional")}
    headers = {"Authorization": f"Bearer {editor.token}"}

    def publish(days: Mapping[str, Any]) -> None:
        mark = requests.get(url, timeout=10).headers["ETag"]
        answered = requests.put(url, json=days, headers=headers | {"If-Match": mark}, timeout=10)
        assert answered.status_code == 200, answered.text

    def moved(state: Mapping[str, Any]) -> bool:
        return at(branches(state)["food-licence"]["promised_due"]) > at(branch["promised_due"])

    def moved_back(state: Mapping[str, Any]) -> bool:
        return bool(branches(state)["food-licence"]["promised_due"] == branch["promised_due"])

    weekday = due.date().isoformat()
    publish(days | {"holidays": [*days["holidays"], weekday]})
    city.wait_case("heji", number, moved, "moved by the new holiday")
    publish(days)
    city.wait_case("heji", number, moved_back, "moved back")
