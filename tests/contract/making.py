"""Instances of every event, made up by Hypothesis from the contracts' own type hints."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from contracts import Event
from contracts.cloudevents import Envelope

moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]))
numbers = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    int: st.integers(),
    float: numbers,
    bool: st.booleans(),
    datetime: moments,
    date: st.dates(),
    Any: json_values,
    type(None): st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """What a field of this type may hold."""
    if hint in SCALARS:
        return SCALARS[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return st.sampled_from(args)
    if origin in (Union, types.UnionType):
        return st.one_of(*(values(a) for a in args))
    if origin is tuple:
        return st.lists(values(args[0]), max_size=3).map(tuple)
    if origin in (dict, Mapping):
        return st.dictionaries(st.text(), values(args[1]), max_size=3)
    hints = get_type_hints(hint)
    return st.builds(hint, **{f.name: values(hints[f.name]) for f in dataclasses.fields(hint)})


def envelopes(cls: type[Event]) -> st.SearchStrategy[Envelope]:
    """Envelopes around instances of one event."""
    return st.builds(
        lambda event, **rest: Envelope(
            event=event, source=cls.source, type=cls.type, subject=event.subject, **rest
        ),
        event=values(cls),
        id=st.text(min_size=1),
        time=moments,
        sequence=st.integers(min_value=1),
        case=st.none() | st.text(),
        department=st.none() | st.text(),
        traceparent=st.none() | st.text(),
    )
