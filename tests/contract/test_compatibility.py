"""Every kind of breaking change is found, and named by event and field."""

from __future__ import annotations

from dataclasses import dataclass, field, make_dataclass
from datetime import datetime
from typing import Any, Literal

import pytest

from contracts import Event
from contracts.compatibility import breaking_changes
from contracts.schema import Schema, event_schema


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something inside an event."""

    code: str
    weight: int = 1


BEFORE: dict[str, Any] = {
    "kite_no": str,
    "size": int,
    "colour": Literal["red", "blue"],
    "flown_at": datetime,
    "wind": float | None,
    "part": Part,
    "parts": tuple[Part, ...],
    "marks": dict[str, str],
}


def kite(subject: str = "kite_no", optional: tuple[str, ...] = (), **fields: Any) -> Schema:
    """The schema of an event ``sky.kite_flown`` with these fields in place of or beside the usual ones."""
    hints = {name: hint for name, hint in (BEFORE | fields).items() if hint is not None}
    described = [(n, h, field(default=None)) if n in optional else (n, h) for n, h in hints.items()]
    cls = make_dataclass("KiteFlown", described, bases=(Event,), frozen=True, kw_only=True)
    cls.source, cls.type, cls.subject_field = "sky", "sky.kite_flown", subject  # type: ignore[attr-defined]
    return event_schema(cls)


def part(called: str = "ChangedPart", **fields: Any) -> Any:
    return make_dataclass(called, list(fields.items()), frozen=True, kw_only=True)


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        (kite(size=None), "field size is gone (removed or renamed)"),
        (kite(size=str), "field size was integer and is now string"),
        (kite(size=float), "field size was integer and is now number"),
        (kite(size=int | None), "field size was integer and is now integer or null"),
        (kite(wind=float), "field wind was number or null and is now number"),
        (kite(flown_at=str), "field flown_at was string (date-time) and is now string"),
        (kite(kite_no=Literal["a"]), "field kite_no was string and is now string (one of a list)"),
        (kite(colour=str), "field colour was string (one of a list) and is now string"),
        (kite(colour=Literal["red"]), "field colour no longer takes blue"),
        (kite(height=int), "field height is new and required; give it a default"),
        (kite(optional=("size",)), "field size was always there and is now optional"),
        (kite(part=str), "field part was object (of named fields) and is now string"),
        (kite(part=part(code=str)), "field part.weight is gone (removed or renamed)"),
        (kite(part=part(code=str, weight=int)), "field part.weight was optional and is now required"),
        (
            kite(parts=tuple[part(code=int, weight=int), ...]),
            "field parts[].code was string and is now integer",
        ),
        (kite(marks=dict[str, int]), "field marks{} was string and is now integer"),
        (kite(subject="colour"), "its subject was kite_no and is now colour"),
    ],
)
def test_a_breaking_change_is_found_and_named(after: Schema, sentence: str) -> None:
    assert f"sky.kite_flown: {sentence}" in breaking_changes(kite(), after)


def test_an_event_that_is_gone_is_named() -> None:
    (sentence,) = breaking_changes(kite(), None)
    assert sentence.startswith("sky.kite_flown is gone")


def test_a_renamed_field_is_told_from_both_sides() -> None:
    assert breaking_changes(kite(), kite(size=None, span=int)) == [
        "sky.kite_flown: field size is gone (removed or renamed)",
        "sky.kite_flown: field span is new and required; give it a default",
    ]


def test_a_part_that_may_now_be_missing_is_a_change_of_type() -> None:
    (sentence,) = breaking_changes(kite(), kite(part=Part | None))
    assert sentence == (
        "sky.kite_flown: field part was object (of named fields) and is now object or null (of named fields)"
    )


@pytest.mark.parametrize(
    "after",
    [
        kite(),
        kite(optional=("height",), height=int | None),
        kite(colour=Literal["green", "blue", "red"]),
        kite(optional=("part2",), part2=Part | None),
    ],
    ids=["nothing", "an optional field", "a further choice", "an optional part"],
)
def test_an_addition_breaks_nothing(after: Schema) -> None:
    assert breaking_changes(kite(), after) == []


def test_a_part_may_be_called_otherwise_inside() -> None:
    weight = ("weight", int, field(default=1))
    renamed = make_dataclass("Piece", [("code", str), weight], frozen=True, kw_only=True)
    assert breaking_changes(kite(), kite(part=renamed, parts=tuple[renamed, ...])) == []


def test_two_parts_of_one_name_are_refused() -> None:
    with pytest.raises(TypeError, match="Part"):
        kite(part=part("Part", code=int))
