"""What every event has in common, and how it is written on the wire.

An event is a frozen dataclass: a fact in the past tense, made of ids, codes and facts. It never
carries an ID number, a phone number, a name or free text. Unknown fields are ignored when an event is
read, so a field may be added at any time; a breaking change is a new type ending in ``_v2``.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, ClassVar, Literal, Self, TypeVar, Union, get_args, get_origin, get_type_hints


class InvalidEvent(ValueError):
    """Data that does not fit its contract; names every wrong field."""

    def __init__(self, event_type: str, problems: Mapping[str, str]):
        super().__init__(f"{event_type}: " + "; ".join(f"{k}: {v}" for k, v in problems.items()))
        self.event_type = event_type
        self.problems = dict(problems)


class UnknownEvent(LookupError):
    """An event type no contract describes."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """Base of every event.

    ``source`` is the service that says it, ``type`` its name on the wire (``source.snake_case``),
    ``subject_field`` the field whose value is the aggregate's id; what is ``public`` every department may
    hear, the rest only the one it concerns.
    """

    source: ClassVar[str] = ""
    type: ClassVar[str] = ""
    subject_field: ClassVar[str] = ""
    public: ClassVar[bool] = False

    @property
    def subject(self) -> str:
        return str(getattr(self, self.subject_field))

    def to_data(self) -> dict[str, Any]:
        """The event's fields as JSON values: times as RFC 3339 in UTC, dates as ISO 8601."""
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Read an event back. Unknown fields are ignored; raises `InvalidEvent` naming every wrong one."""
        read: Self = _read(cls, data, cls.type)
        return read


E = TypeVar("E", bound=type[Event])
_registry: dict[str, type[Event]] = {}


def event(subject: str, *, public: bool = False) -> Callable[[E], E]:
    """Class decorator: register an event whose aggregate id is the field ``subject``.

    The source is the module's name, the type is ``<source>.<class name in snake case>``.
    """

    def register(cls: E) -> E:
        source = cls.__module__.rsplit(".", 1)[-1]
        name = "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("_")
        cls.source, cls.type, cls.subject_field = source, f"{source}.{name}", subject
        cls.public = public
        _registry[cls.type] = cls
        return cls

    return register


def event_class(event_type: str) -> type[Event]:
    """The contract of an event type; raises `UnknownEvent`."""
    try:
        return _registry[event_type]
    except KeyError:
        raise UnknownEvent(event_type) from None


def all_events() -> dict[str, type[Event]]:
    """Every known event by its type."""
    return dict(sorted(_registry.items()))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return value


class _Wrong(Exception):
    pass


@cache
def _readers(cls: Any) -> tuple[tuple[str, Callable[[Any], Any], bool], ...]:
    hints = get_type_hints(cls)
    return tuple(
        (
            f.name,
            _reader(hints[f.name]),
            f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING,
        )
        for f in dataclasses.fields(cls)
    )


def _read(cls: Any, data: Any, where: str) -> Any:
    if not isinstance(data, Mapping):
        raise InvalidEvent(where, {"": "must be an object"})
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, read, required in _readers(cls):
        if name not in data:
            if required:
                problems[name] = "is missing"
            continue
        try:
            values[name] = read(data[name])
        except _Wrong as wrong:
            problems[name] = str(wrong)
        except InvalidEvent as inner:
            problems |= {f"{name}.{k}" if k else name: v for k, v in inner.problems.items()}
    if problems:
        raise InvalidEvent(where, problems)
    return cls(**values)


def _instance(*kinds: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise _Wrong(f"must be {' or '.join(k.__name__ for k in kinds)}")
        return value

    return read


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _Wrong("must be an RFC 3339 time") from None
    if moment.tzinfo is None:
        raise _Wrong("must carry its time zone")
    return moment


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _Wrong("must be an ISO 8601 date") from None


_SCALARS: dict[Any, Callable[[Any], Any]] = {
    str: _instance(str),
    int: _instance(int),
    float: _instance(int, float),
    bool: _instance(bool),
    datetime: _moment,
    date: _day,
    Any: lambda value: value,
}


def _reader(hint: Any) -> Callable[[Any], Any]:
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _choice(args)
    if origin in (Union, types.UnionType):
        inner = _reader(next(a for a in args if a is not type(None)))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        return _sequence(_reader(args[0]))
    if origin in (dict, Mapping):
        return _mapping(_reader(args[1]))
    if dataclasses.is_dataclass(hint):
        return lambda value: _read(hint, value, getattr(hint, "__name__", ""))
    raise TypeError(f"no contract may use the type {hint!r}")


def _choice(allowed: tuple[Any, ...]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value not in allowed:
            raise _Wrong(f"must be one of {', '.join(map(str, allowed))}")
        return value

    return read


def _sequence(inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, list):
            raise _Wrong("must be a list")
        return tuple(inner(v) for v in value)

    return read


def _mapping(inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _Wrong("must be an object")
        return {k: inner(v) for k, v in value.items()}

    return read
