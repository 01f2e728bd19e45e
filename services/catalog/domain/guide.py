"""Guided finding 情形引导: a few answers give this person's own materials, steps, time, fee and visits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from contracts.procedure import BranchSpec, Condition, Text
from services.catalog.domain.guide_model import Ask, Effect, Instead, Situation
from services.catalog.domain.model import MaterialUse, Step
from services.catalog.domain.procedures import promise

Named = Callable[[str], dict[str, Any] | None]
"""A code's entry in the catalogue as JSON values, or None."""


class WrongAnswers(ValueError):
    """Answers to questions that aren't asked, or that are no choice; ``wrong`` names each with the reason."""

    def __init__(self, wrong: Mapping[str, str]):
        super().__init__("; ".join(f"{key}: {reason}" for key, reason in wrong.items()))
        self.wrong = wrong


def personal(
    situation: Situation,
    branches: tuple[BranchSpec, ...],
    facts: Mapping[str, Any],
    answers: Mapping[str, str],
    material: Named,
    title: Named,
    who: Named,
) -> dict[str, Any]:
    """What holds for one person, as JSON values.

    While questions are open (``complete`` is false) it is what is known so far. Answers to questions that
    the earlier answers don't ask are left aside. Raises `WrongAnswers`.
    """
    given = _given(situation, answers)
    asked = [q for q in situation.questions if _holds(q.when, given)]
    open_questions = [q.key for q in asked if q.key not in given]
    fills, known = _filled(asked, given)
    opened = _opened(branches, known)
    effects = [e for e in situation.effects if _holds(e.when, given)]
    reasons = [e.not_eligible for e in effects if e.not_eligible]
    return {
        "questions": [_question(q, given.get(q.key)) for q in asked],
        "answers": {q.key: given[q.key] for q in asked if q.key in given},
        "complete": not open_questions,
        "next": open_questions[0] if open_questions else None,
        "eligible": not reasons,
        "reasons": [asdict(r) for r in reasons],
        "instead": _others((e.instead for e in effects), title),
        "needs_first": _others((e.first for e in effects), title),
        "items": [_item(b, facts) for b in opened],
        "materials": _materials(facts, opened, effects, material),
        "steps": _steps(facts, branches, opened, effects, who),
        **_time(facts, opened, effects),
        **_cost(facts, opened, effects),
        "notes": [asdict(e.note) for e in effects if e.note],
        "form": fills,
    }


def _given(situation: Situation, answers: Mapping[str, str]) -> dict[str, str]:
    questions = {q.key: q for q in situation.questions}
    wrong = {}
    for key, value in answers.items():
        if key not in questions:
            wrong[key] = "no such question"
        elif value not in {c.value for c in questions[key].choices}:
            wrong[key] = "not one of the choices"
    if wrong:
        raise WrongAnswers(wrong)
    given: dict[str, str] = {}
    for question in situation.questions:
        if question.key in answers and _holds(question.when, given):
            given[question.key] = answers[question.key]
    return given


def _holds(when: Mapping[str, tuple[str, ...]], given: Mapping[str, str]) -> bool:
    return all(given.get(key) in values for key, values in when.items())


def _filled(asked: list[Ask], given: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What goes into the form, and with what is assumed beside it."""
    fills: dict[str, Any] = {}
    assumed: dict[str, Any] = {}
    for question in asked:
        for choice in question.choices:
            if choice.value == given.get(question.key):
                fills.update(choice.fills)
                assumed.update(choice.assumes)
    return fills, {**assumed, **fills}


def _opened(branches: tuple[BranchSpec, ...], known: Mapping[str, Any]) -> list[BranchSpec]:
    """The branches this person's form calls for."""
    return [b for b in branches if all(_met(c, known) for c in b.when)]


def _met(condition: Condition, known: Mapping[str, Any]) -> bool:
    value = known.get(condition.field)
    if condition.at_least is not None:
        return isinstance(value, int | float) and value >= condition.at_least
    return bool(value == condition.equals)


def _item(branch: BranchSpec, facts: Mapping[str, Any]) -> dict[str, Any]:
    known: Mapping[str, Any] = next((i for i in facts.get("items", ()) if i["code"] == branch.item), {})
    return {
        "branch": branch.key,
        "code": branch.item,
        "title": asdict(branch.title),
        "department": branch.department,
        "result": known.get("result") or facts.get("result", {}).get("title"),
    }


def _materials(
    facts: Mapping[str, Any], opened: list[BranchSpec], effects: list[Effect], material: Named
) -> list[dict[str, Any]]:
    items = {b.item for b in opened}
    found = {m["code"]: m for m in facts["materials"] if items.intersection(m["items"])}
    for effect in effects:
        for code in effect.drops_materials:
            found.pop(code, None)
        for use in effect.adds_materials:
            found[use.material] = _use(use, sorted(items), material)
    return list(found.values())


def _use(use: MaterialUse, items: list[str], material: Named) -> dict[str, Any]:
    return {
        **(material(use.material) or {"code": use.material}),
        "how": use.how,
        "note": asdict(use.note) if use.note else None,
        "exception": asdict(use.exception) if use.exception else None,
        "items": items,
        "produced_by": None,
    }


def _steps(
    facts: Mapping[str, Any],
    branches: tuple[BranchSpec, ...],
    opened: list[BranchSpec],
    effects: list[Effect],
    who: Named,
) -> list[dict[str, Any]]:
    steps = list(facts["steps"])
    if "items" in facts:  # a package has one step a branch
        keys = {b.key for b in opened}
        steps = [s for s, b in zip(steps, branches, strict=True) if b.key in keys]
    return steps + [_step(s, who) for e in effects for s in e.adds_steps]


def _step(step: Step, who: Named) -> dict[str, Any]:
    by = who(step.who) if isinstance(step.who, str) else {"department": None, **asdict(step.who)}
    return {"title": asdict(step.title), "who": by, "online": step.online}


def _time(facts: Mapping[str, Any], opened: list[BranchSpec], effects: list[Effect]) -> dict[str, Any]:
    if not opened:
        return {"promised": facts["promised"], "promise_path": facts["promise_path"]}
    longest = promise(opened)
    limits = [longest.limit, *(e.promised for e in effects if e.promised)]
    return {"promised": asdict(limits[-1]), "promise_path": list(longest.path)}


def _cost(facts: Mapping[str, Any], opened: list[BranchSpec], effects: list[Effect]) -> dict[str, Any]:
    items = [i for i in facts.get("items", ()) if i["code"] in {b.item for b in opened}]
    fee = sum(i["fee_fen"] for i in items) if items else facts["fee_fen"]
    visits = max(i["visits"] for i in items) if items else facts["visits"]
    basis: Text | Mapping[str, Any] | None = facts.get("fee_basis")
    for effect in effects:
        fee = fee if effect.fee_fen is None else effect.fee_fen
        visits = visits if effect.visits is None else effect.visits
        basis = effect.fee_basis or basis
    return {
        "fee_fen": fee,
        "fee_basis": asdict(basis) if isinstance(basis, Text) else basis,
        "visits": visits,
    }


def _others(others: Iterator[Instead | None], title: Named) -> list[dict[str, Any]]:
    return [
        {"code": o.item, **(title(o.item) or {}), "because": asdict(o.because)}
        for o in others
        if o is not None
    ]


def _question(question: Ask, answer: str | None) -> dict[str, Any]:
    return {
        "key": question.key,
        "title": asdict(question.title),
        "help": asdict(question.help) if question.help else None,
        "choices": [{"value": c.value, "label": asdict(c.label)} for c in question.choices],
        "answer": answer,
    }
