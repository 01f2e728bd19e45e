"""What arrives: an event in its envelope, read into the class of its type."""

from __future__ import annotations

import json
import types
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from onewindow_department.events import BY_TYPE


@dataclass(frozen=True, kw_only=True)
class Message:
    """One event. The same ``id`` is the same event: act on it once, and remember the id where you commit.

    ``event`` is an object of `onewindow_department.events`, or None where this kit doesn't know the type
    yet; ``data`` is what was said in any case. ``offset`` is its place in the history, when replayed.
    """

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    sequence: int
    case: str | None
    data: dict[str, Any]
    event: Any
    offset: int | None = None

    @property
    def branch_no(self) -> str | None:
        """The branch it is about."""
        branch = self.data.get("branch")
        number = branch.get("branch_no") if isinstance(branch, dict) else self.data.get("branch_no")
        return number if isinstance(number, str) else None

    @property
    def is_task(self) -> bool:
        """A branch has opened: the department may begin."""
        return self.type == "approval.branch_opened"


def read(body: bytes, offset: int | None = None) -> Message:
    """Read CloudEvents JSON. Raises ValueError."""
    raw = json.loads(body)
    known = BY_TYPE.get(raw["type"])
    return Message(
        id=raw["id"],
        type=raw["type"],
        source=raw["source"],
        subject=raw["subject"],
        time=datetime.fromisoformat(raw["time"]),
        sequence=raw["sequence"],
        case=raw.get("case"),
        data=raw["data"],
        event=None if known is None else _object(known, raw["data"]),
        offset=offset,
    )


@cache
def _hints(cls: type) -> tuple[tuple[str, Any, Any], ...]:
    hints = get_type_hints(cls)
    return tuple((f.name, hints[f.name], f.default) for f in fields(cls))


def _object(cls: type, data: dict[str, Any]) -> Any:
    """Fields this kit doesn't know are left out."""
    values = {}
    for name, hint, default in _hints(cls):
        if name in data:
            values[name] = _value(hint, data[name])
        elif default is MISSING:
            raise ValueError(f"{cls.__name__}.{name} is missing")
    return cls(**values)


def _value(hint: Any, value: Any) -> Any:
    if value is None or hint in (str, int, float, bool, Any):
        return value
    if hint is datetime or hint is date:
        return hint.fromisoformat(value)
    if is_dataclass(hint) and isinstance(hint, type):
        return _object(hint, value)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value
    if origin in (Union, types.UnionType):
        return _value(next(a for a in arguments if a is not type(None)), value)
    if origin is tuple:
        return tuple(_value(arguments[0], v) for v in value)
    return {k: _value(arguments[1], v) for k, v in value.items()}
