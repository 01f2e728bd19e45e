"""The seeded city: one small one, made once and looked at over HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.client import SAMPLE, Client
from demo.platform import Platform

DESK = 6
STATES = {"awaiting_acceptance", "returned", "not_accepted", "in_approval", "withdrawn", "closed"}
"""Those a case can be in for longer than a moment; provisional, terminated and revoked come to none yet."""


def seed(*where: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "chassis.cli", "seed", *where, "--desk", str(DESK), "--quiet"]
    return subprocess.run(command, cwd=SAMPLE.parent, capture_output=True, text=True, timeout=150)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("seeded") / "run"
    done = seed("--data", str(folder))
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.parent.iterdir()] == ["run"]
    with Platform(folder) as platform:
        yield platform


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that was filled while it ran."""
    with Platform(tmp_path_factory.mktemp("running")) as platform:
        done = seed("--url", platform.url)
        assert done.returncode == 0, done.stderr
        yield platform


def everything(client: Client, service: str, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get(service, path, **cursor)
        found += page["items"]
        if not page["next"]:
            return found
        cursor = {"cursor": page["next"]}


def applications(city: Platform, login: str) -> list[dict[str, Any]]:
    client = Client(city.urls, login)
    return [
        client.get("intake", f"/applications/{a['application_no']}")
        for a in everything(client, "intake", "/applications")
    ]


def states(city: Platform) -> Counter[str]:
    """How many cases of the firms stand where."""
    return Counter(
        a["status"]
        for login in ("heji", "yunfan", "jindun")
        for a in everything(Client(city.urls, login), "intake", "/applications")
    )


def inbox(city: Platform, login: str) -> list[dict[str, Any]]:
    return everything(Client(city.urls, login), "approval", "/inbox")


def branch_of(city: Platform, login: str, key: str, procedure: str) -> list[dict[str, Any]]:
    found = applications(city, login)
    return [b for a in found if a["procedure"] == procedure for b in a["branches"] if b["key"] == key]


def test_lights_stand_where_time_left_them(city: Platform) -> None:
    assert [b["light"] for b in inbox(city, "officer-xf") if b["status"] == "open"] == ["black"]
    assert [b["light"] for b in inbox(city, "officer-jt")] == ["red"]
    assert "yellow" in {b["light"] for b in inbox(city, "officer-zj")}
    supervised = Client(city.urls, "zhou-sup").get("approval", "/supervisions")["items"]
    assert [s["department"] for s in supervised] == ["XF"]


def test_an_officer_has_his_cases_at_his_desk(city: Platform) -> None:
    taken = [b for b in inbox(city, "luming") if b["status"] == "claimed" and not b["awaiting_signature"]]
    assert len(taken) == DESK


def test_one_waits_for_a_test_and_one_for_a_correction(city: Platform) -> None:
    (tested,) = [b for b in inbox(city, "luming") if b["status"] == "suspended"]
    assert tested["pauses"][-1]["ground"] == "inspection"
    (asked,) = [b for b in inbox(city, "officer-wj") if b["status"] == "suspended"]
    assert asked["correction_request"]


def test_planning_was_silent_and_so_agreed(city: Platform) -> None:
    branches = branch_of(city, "yunfan", "planning-opinion", "outdoor-advertising")
    assert [(b["status"], b["answer"]) for b in branches] == [("silent", "agree")]
    decisions = branch_of(city, "yunfan", "decision", "outdoor-advertising")
    assert [(b["status"], b["answer"]) for b in decisions] == [("claimed", None)]


def test_every_state_a_case_can_be_in_is_there(city: Platform) -> None:
    assert states(city).keys() >= STATES


def test_two_are_refused_and_one_refusal_waits_for_the_head(city: Platform) -> None:
    (whole,) = branch_of(city, "jindun", "street-occupation", "street-occupation")
    assert (whole["status"], whole["answer"]) == ("answered", "refuse")
    assert [a["outcome"] for a in applications(city, "jindun") if a["procedure"] == "street-occupation"] == [
        "refused"
    ]
    desk = Client(city.urls, "xukeqin").get("approval", "/head")
    assert [s["branch"]["procedure"] for s in desk["signatures"]] == ["food-licence-renewal"]
    asked = Client(city.urls, "head-zj").get("approval", "/head")
    assert len(asked["extensions"]) == 1


def test_nobody_looked_at_one_so_it_counts_as_accepted(city: Platform) -> None:
    silent = [a for a in applications(city, "heji") if a["accepted_by"] == "silence"]
    assert [a["procedure"] for a in silent] == ["food-licence"]


def test_a_running_platform_gets_what_can_be_now(running: Platform) -> None:
    assert states(running).keys() >= STATES
    assert {b["light"] for b in inbox(running, "officer-zj")} == {"green"}
    claimed = [b for b in inbox(running, "luming") if b["status"] == "claimed"]
    assert len([b for b in claimed if not b["awaiting_signature"]]) == DESK
    (whole,) = branch_of(running, "jindun", "street-occupation", "street-occupation")
    assert whole["answer"] == "refuse"
    assert len(Client(running.urls, "xukeqin").get("approval", "/head")["signatures"]) == 1


def test_a_running_platform_is_filled_once(running: Platform) -> None:
    before = states(running)
    again = seed("--url", running.url)
    assert (again.returncode, "filled before" in again.stderr) == (2, True)
    assert states(running) == before


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    refused = seed("--data", str(tmp_path))
    assert refused.returncode == 2
    assert "holds data already" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
