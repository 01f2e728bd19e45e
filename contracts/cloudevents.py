"""CloudEvents 1.0 in structured JSON mode: the envelope every event travels in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.base import Event, InvalidEvent, event_class

CONTENT_TYPE = "application/cloudevents+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One event on its way.

    ``sequence`` counts without gaps per source and subject, from 1. ``case`` is the application the
    event belongs to, ``department`` the one it concerns; both may be None. ``sender`` isn't written: the
    broker user a reply came from, as the broker vouches for it, empty where it didn't; None for what the
    platform's own services say.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    sequence: int
    event: Event
    case: str | None = None
    department: str | None = None
    traceparent: str | None = None
    sender: str | None = None


def dump(envelope: Envelope) -> bytes:
    """Write an envelope as CloudEvents JSON."""
    body: dict[str, Any] = {
        "specversion": "1.0",
        "id": envelope.id,
        "source": envelope.source,
        "type": envelope.type,
        "subject": envelope.subject,
        "time": envelope.time.isoformat(),
        "datacontenttype": "application/json",
        "dataschema": f"/contracts/{envelope.type}.json",
        "sequence": envelope.sequence,
        "data": envelope.event.to_data(),
    }
    for name in ("case", "department", "traceparent"):
        if (value := getattr(envelope, name)) is not None:
            body[name] = value
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def load(body: bytes | str) -> Envelope:
    """Read an envelope; raises `InvalidEvent` or `contracts.base.UnknownEvent`."""
    try:
        raw = json.loads(body)
    except (ValueError, TypeError) as error:
        raise InvalidEvent("?", {"": f"not JSON: {error}"}) from None
    if not isinstance(raw, Mapping):
        raise InvalidEvent("?", {"": "must be an object"})
    problems = {
        name: "is missing or of the wrong kind"
        for name, kind in (
            ("id", str),
            ("source", str),
            ("type", str),
            ("subject", str),
            ("time", str),
            ("sequence", int),
        )
        if not isinstance(raw.get(name), kind)
    }
    if problems:
        raise InvalidEvent(str(raw.get("type", "?")), problems)
    try:
        time = datetime.fromisoformat(raw["time"])
    except ValueError:
        raise InvalidEvent(raw["type"], {"time": "must be an RFC 3339 time"}) from None
    return Envelope(
        id=raw["id"],
        source=raw["source"],
        type=raw["type"],
        subject=raw["subject"],
        time=time,
        sequence=raw["sequence"],
        case=raw.get("case"),
        department=raw.get("department"),
        traceparent=raw.get("traceparent"),
        event=event_class(raw["type"]).from_data(raw.get("data", {})),
    )
