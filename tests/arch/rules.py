"""Rules of the house that the import linter can't state. Each gives the offences it found."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator

from tests.arch.tree import called, imported, words_of_code

BROKER_LIBRARIES = {"nameko", "kombu", "eventlet", "amqp", "pika"}
CLOCKS_AND_DICE = re.compile(r"(^|\.)(now|utcnow|today|uuid[1-8]|urandom|token_\w+|randint|random|choice)$")
REQUIREMENT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[a-z,]+\])?==\S+")


def outside_standard_library(tree: ast.Module, own: str) -> Iterator[str]:
    """Modules imported from neither the standard library nor the package ``own``."""
    for module in imported(tree):
        top = module.split(".", 1)[0]
        if top != own and top not in sys.stdlib_module_names:
            yield module


def broker_libraries(tree: ast.Module) -> Iterator[str]:
    """Imported modules that speak to the broker."""
    return (module for module in imported(tree) if module.split(".", 1)[0] in BROKER_LIBRARIES)


def branches_on_the_mode(tree: ast.Module) -> Iterator[str]:
    """Decisions that ask whether the platform runs embedded."""
    for node in ast.walk(tree):
        tests = [node.test] if isinstance(node, ast.If | ast.IfExp | ast.While) else []
        tests += [node.subject] if isinstance(node, ast.Match) else []
        for test in tests:
            names = {word.lower() for _, word in words_of_code(test)}
            if names & {"embedded", "is_embedded"}:
                yield f"line {test.lineno}: if {ast.unparse(test)}"


def names_of(services: Iterable[str], tree: ast.Module) -> Iterator[str]:
    """Code that knows a service by name: an identifier or a string that is the name or begins with it."""
    known = re.compile(rf"^({'|'.join(services)})([._/:].*)?$", re.DOTALL)
    for line, word in words_of_code(tree):
        if known.match(word):
            yield f"line {line}: {word}"


def commits(tree: ast.Module) -> Iterator[str]:
    """Calls that end a transaction."""
    return (f"line {n}: {name}" for n, name in called(tree) if name.endswith((".commit", ".rollback")))


def clocks_and_dice(tree: ast.Module) -> Iterator[str]:
    """Calls that look at a clock or roll dice; pure code is given times and ids."""
    return (f"line {n}: {name}" for n, name in called(tree) if CLOCKS_AND_DICE.search(name))


def sleeps(tree: ast.Module) -> Iterator[str]:
    """Calls that wait for a while instead of for a condition."""
    return (
        f"line {n}: {name}" for n, name in called(tree) if name in ("sleep", "time.sleep", "eventlet.sleep")
    )


def unpinned(lock: str) -> Iterator[str]:
    """What a pip lock file leaves open: a requirement without version or hash, an index, an address."""
    for entry in re.split(r"\n(?=\S)", lock):
        if not entry.strip() or entry.startswith("#"):
            continue
        if not REQUIREMENT.match(entry):
            yield f"not a pinned requirement: {entry.splitlines()[0]}"
        elif "--hash=sha256:" not in entry:
            yield f"no hash: {entry.splitlines()[0]}"
    if "://" in lock:
        yield "names a host"


def targets_without_help(makefile: str) -> Iterator[str]:
    """Targets a person may call that `make help` doesn't explain."""
    phony = set(" ".join(re.findall(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)).split())
    explained = set(re.findall(r"^([a-z-]+):.*?## \S", makefile, re.MULTILINE))
    defined = set(re.findall(r"^([A-Za-z][\w-]*):(?!=)", makefile, re.MULTILINE))
    yield from sorted((phony | defined) - explained)
