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


def seed(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "chassis.cli", "seed", "--data", str(folder), "--desk", str(DESK)]
    return subprocess.run(command, cwd=SAMPLE.parent, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("seeded") / "run"
    done = seed(folder)
    assert done.returncode == 0, done.stderr
    with Platform(folder) as platform:
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


def inbox(city: Platform, login: str) -> list[dict[str, Any]]:
    return everything(Client(city.urls, login), "approval", "/inbox")


def branch_of(city: Platform, login: str, key: str, procedure: str) -> list[dict[str, Any]]:
    client = Client(city.urls, login)
    numbers = [a["application_no"] for a in everything(client, "intake", "/applications")]
    found = [client.get("intake", f"/applications/{number}") for number in numbers]
    return [b for a in found if a["procedure"] == procedure for b in a["branches"] if b["key"] == key]


def test_lights_stand_where_time_left_them(city: Platform) -> None:
    assert [b["light"] for b in inbox(city, "officer-xf") if b["status"] == "open"] == ["black"]
    assert [b["light"] for b in inbox(city, "officer-jt")] == ["red"]
    assert "yellow" in {b["light"] for b in inbox(city, "officer-zj")}


def test_an_officer_has_his_cases_at_his_desk(city: Platform) -> None:
    taken = [b for b in inbox(city, "luming") if b["status"] == "claimed"]
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
    logins = ("heji", "yunfan", "jindun")
    applications = [a for x in logins for a in everything(Client(city.urls, x), "intake", "/applications")]
    states = Counter(a["status"] for a in applications)
    assert states.keys() >= {
        "awaiting_acceptance", "returned", "not_accepted", "in_approval", "withdrawn", "closed",
    }  # fmt: skip


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    refused = seed(tmp_path)
    assert refused.returncode == 2
    assert "holds data already" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
