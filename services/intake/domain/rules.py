"""What a procedure asks of one form: which branches it calls for and what flows into them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.procedure import Condition, Procedure


def called_for(procedure: Procedure, form: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of the branches whose every condition this form meets, in the procedure's order."""
    return tuple(b.key for b in procedure.branches if all(_holds(c, form.get(c.field)) for c in b.when))


def asked_only(procedure: Procedure, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the answers that this form asks for: a question hangs on one of the lists of conditions of
    its ``x-when``."""
    properties = procedure.form.get("properties") or {}
    return {
        name: value
        for name, value in answers.items()
        if name in properties and _is_asked(properties[name].get("x-when"), answers)
    }


def prerequisites_of(procedure: Procedure, key: str) -> set[str]:
    """Keys of all branches that come before this one, near and far."""
    direct = {b.key: b.depends_on for b in procedure.branches}
    found: set[str] = set()
    waiting = list(direct.get(key, ()))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += direct.get(name, ())
    return found


def _is_asked(ways: list[list[dict[str, Any]]] | None, answers: Mapping[str, Any]) -> bool:
    return not ways or any(all(_holds(Condition(**c), answers.get(c["field"])) for c in way) for way in ways)


def _holds(condition: Condition, value: Any) -> bool:
    if condition.at_least is not None:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= condition.at_least
    return bool(value == condition.equals)
