"""What people are told and what leaders see of a case, in both modes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.city import City, until


def told(city: City, login: str, number: str) -> set[str]:
    """Titles of the messages about a case."""
    items = city.as_(login).get("notification", "/messages")["items"]
    return {m["title"]["zh"].partition("：")[0] for m in items if m["case"] == number}


def letters(city: City, number: str) -> list[dict[str, Any]]:
    items = city.as_("admin").get("notification", "/outbox")["items"]
    return [i for i in items if i["case_id"] == number and i["state"] == "sent"]


def test_every_step_is_told_in_the_space_and_by_mail_and_counted(city: City) -> None:
    leader = city.as_("leader")
    before = leader.get("dashboard", "/figures")["today"]
    number = city.as_("heji").file("open-restaurant")["application_no"]
    state = city.wait_case("heji", number, lambda s: s["status"] == "in_approval", "in approval")
    for branch in state["branches"]:
        city.answer(branch)
    city.wait_case("heji", number, lambda s: s["status"] == "closed", "closed")
    wanted = {"已收到您的申请", "已受理", "已准予", "证照办好了", "全部办好了"}
    until(lambda: told(city, "heji", number) >= wanted, "told")
    assert city.as_("shenjiahe").get("notification", "/messages/unread")["unread"] >= 0
    sent = until(lambda: len(found := letters(city, number)) >= len(wanted) and found, "sent")
    assert {i["letter"]["to"] for i in sent} == {"heji@jiangtang.example"}
    assert all(i["attempts"] == 1 for i in sent)

    def counted() -> bool:
        today = leader.get("dashboard", "/figures")["today"]
        done = len(state["branches"])
        return bool(
            today["filed"] == before["filed"] + 1
            and today["granted"] == before["granted"] + 1
            and today["on_time"] == before["on_time"] + done
        )

    until(counted, "counted")
    listed = leader.get("dashboard", "/cases", show="decided")["items"]
    assert number in {c["application_no"] for c in listed}


@pytest.mark.parametrize("login", ["heji", "luming", "dept-sj"])
def test_figures_are_for_leaders(city: City, login: str) -> None:
    client = city.as_(login)
    with pytest.raises(Exception, match="403"):
        client.get("dashboard", "/figures")
