"""The rules find what they look for, and nothing else."""

from __future__ import annotations

import ast

import pytest

from tests.arch import rules


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import json, flask", ["flask"]),
        ("from sqlalchemy.orm import Session", ["sqlalchemy.orm"]),
        ("def f():\n    import yaml", ["yaml"]),
        ("import json\nfrom contracts.base import Event\nfrom datetime import date", []),
    ],
)
def test_imports_from_elsewhere_are_found(text: str, found: list[str]) -> None:
    assert list(rules.outside_standard_library(ast.parse(text), "contracts")) == found


def test_libraries_of_the_broker_are_found_wherever_they_are_imported() -> None:
    text = "import kombuhash\ndef f():\n    from kombu.pools import producers\n    import nameko"
    assert sorted(rules.broker_libraries(ast.parse(text))) == ["kombu.pools", "nameko"]


@pytest.mark.parametrize(
    "text",
    [
        "if embedded: pass",
        "if not config.embedded: pass",
        "x = 1 if mode == 'embedded' else 2",
        "while self.is_embedded(): pass",
        "match embedded:\n    case True: pass",
    ],
)
def test_asking_for_the_mode_is_found(text: str) -> None:
    assert list(rules.branches_on_the_mode(ast.parse(text)))


def test_speaking_of_the_mode_is_no_offence() -> None:
    text = '"""How it runs embedded."""\nfrom chassis.embedded import run\nif ready: run("embedded")'
    assert list(rules.branches_on_the_mode(ast.parse(text))) == []


@pytest.mark.parametrize(
    "text", ["if x == 'intake': pass", "q = 'intake.trust'", "intake.web", "u = 'intake/12'"]
)
def test_a_service_known_by_name_is_found(text: str) -> None:
    assert list(rules.names_of(["intake", "portal"], ast.parse(text)))


def test_contracts_of_a_service_and_words_in_docstrings_may_be_used() -> None:
    text = '"""What intake says."""\nfrom contracts.intake import ApplicationSubmitted\nx = "an intake"'
    assert list(rules.names_of(["intake"], ast.parse(text))) == []


def test_commits_clocks_and_sleeps_are_found() -> None:
    tree = ast.parse(
        "uow.session.commit()\ntime.sleep(1)\nd = datetime.now(UTC)\ni = uuid4()\nchoices(x)\nuow.now"
    )
    assert list(rules.commits(tree)) == ["line 1: uow.session.commit"]
    assert list(rules.sleeps(tree)) == ["line 2: time.sleep"]
    assert list(rules.clocks_and_dice(tree)) == ["line 3: datetime.now", "line 4: uuid4"]


@pytest.mark.parametrize(
    "lock",
    [
        "kite==1.0\n",
        "kite\n",
        "kite>=1 \\\n    --hash=sha256:aa\n",
        "--index-url https://example.test/simple\n",
    ],
    ids=["no hash", "no version", "a range", "an index"],
)
def test_what_a_lock_file_leaves_open_is_found(lock: str) -> None:
    assert list(
        rules.unpinned("wing==2 ; sys_platform == 'win32' \\\n    --hash=sha256:bb\n    # via kite\n" + lock)
    )


def test_a_lock_file_that_pins_everything_is_fine() -> None:
    assert list(rules.unpinned("wing[tail]==2 \\\n    --hash=sha256:bb\n    # via kite\n")) == []


def test_a_target_without_help_is_found() -> None:
    makefile = (
        "A := 1\n.PHONY: fly\nfly: wind ## Let it fly\n\tdo\n.PHONY: land\nland:\n\tdo\nkite-file: x\n\tdo\n"
    )
    assert list(rules.targets_without_help(makefile)) == ["kite-file", "land"]
