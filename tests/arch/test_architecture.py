"""The house keeps its own rules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.arch import rules
from tests.arch.tree import ROOT, SERVICES, code, files, named

MOST_LINES = 400
MACHINE_PATHS = re.compile(
    "|".join(
        [re.escape(str(ROOT)) + r"\b", r"/home/\w", r"/Users/\w", r"(?<![\w.])/root\b", r"[A-Z]:\\+Users"]
    )
)
REGISTRIES = re.compile(
    r"\b(pypi\.org|pythonhosted\.org|npmjs\.(org|com)|(pypi|npm|registry|mirrors?)\.[\w-]+\.\w+)\b"
)
LICENCES_AND_LOCKS = {"LICENSE", "package-lock.json"}


def offences(paths: Iterable[Path], rule: Callable[..., Iterator[str]]) -> list[str]:
    return [f"{named(path)}: {what}" for path in paths for what in rule(code(path))]


def test_no_python_file_is_too_long_to_read() -> None:
    long = {named(p): n for p in files(ending=".py") if (n := len(p.read_text().splitlines())) > MOST_LINES}
    assert long == {}


def test_contracts_need_the_standard_library_only() -> None:
    paths = files("contracts", ".py")
    assert paths
    assert offences(paths, lambda tree: rules.outside_standard_library(tree, "contracts")) == []


def test_only_the_embedded_runner_asks_whether_the_platform_runs_embedded() -> None:
    paths = [p for p in files(ending=".py") if named(p) != "chassis/embedded.py" and "tests" not in p.parts]
    assert offences(paths, rules.branches_on_the_mode) == []


def test_inside_a_service_only_the_worker_speaks_to_the_broker() -> None:
    paths = [p for p in files("services", ".py") if p.name != "worker.py"]
    assert offences(paths, rules.broker_libraries) == []


def test_the_chassis_knows_no_service_by_name() -> None:
    paths = files("chassis", ".py")
    assert offences(paths, lambda tree: rules.names_of(SERVICES, tree)) == []


def test_handlers_never_commit() -> None:
    assert offences(files("services", ".py"), rules.commits) == []


def test_a_domain_is_given_its_times_and_ids() -> None:
    paths = [p for p in files("services", ".py") if "domain" in p.parts or p.name == "domain.py"]
    assert paths
    assert offences(paths, rules.clocks_and_dice) == []


def test_tests_wait_for_conditions_not_for_time_to_pass() -> None:
    paths = [p for p in files("tests", ".py") if p.name.startswith("test_")]
    assert offences(paths, rules.sleeps) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_parts_every_service_has(service: str) -> None:
    home = ROOT / "services" / service
    parts = ["orm", "handlers", "web", "worker"]
    if not (home / "templates").is_dir():  # pages stand on other services' domains
        parts += ["domain", "queries", "schemas"]
    missing = [part for part in parts if not (home / f"{part}.py").exists() and not (home / part).is_dir()]
    assert missing == []
    assert list((home / "migrations").glob(f"{service}_0001*.py")), "it has no first migration"


@pytest.mark.parametrize("lock", ["requirements/runtime.txt", "requirements/dev.txt"])
def test_a_python_lock_file_pins_by_hash_and_names_no_host(lock: str) -> None:
    assert list(rules.unpinned((ROOT / lock).read_text())) == []


def test_the_node_lock_file_pins_by_hash_and_names_no_host() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    assert list(lines_with(MACHINE_PATHS)) == []


def test_no_file_names_a_package_host() -> None:
    assert list(lines_with(REGISTRIES)) == []


def lines_with(pattern: re.Pattern[str]) -> Iterator[str]:
    for path in files():
        if path.name in LICENCES_AND_LOCKS or path == Path(__file__):
            continue
        content = path.read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode().splitlines(), 1):
            if pattern.search(line):
                yield f"{named(path)}:{number}: {line.strip()[:120]}"


def test_make_help_explains_every_target() -> None:
    assert list(rules.targets_without_help((ROOT / "Makefile").read_text())) == []
