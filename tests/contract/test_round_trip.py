"""Every event survives the wire, whatever it holds."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import Event, InvalidEvent, UnknownEvent, all_events
from contracts.asyncapi import ENVELOPE
from contracts.cloudevents import dump, load
from contracts.schema import DRAFT, event_schema
from tests.contract.making import envelopes

EVENTS = all_events().values()
every_event = pytest.mark.parametrize("cls", EVENTS, ids=[cls.type for cls in EVENTS])
quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NO_FIELD_TAKES_THIS = [[]]


@every_event
@given(data=st.data())
@quick
def test_what_was_sent_is_what_is_read(cls: type[Event], data: st.DataObject) -> None:
    envelope = data.draw(envelopes(cls))
    assert load(dump(envelope)) == envelope


@every_event
@given(data=st.data())
@quick
def test_what_is_sent_fits_the_published_schemas(cls: type[Event], data: st.DataObject) -> None:
    wire = json.loads(dump(data.draw(envelopes(cls))))
    for schema, value in ((event_schema(cls), wire["data"]), (ENVELOPE | {"$schema": DRAFT}, wire)):
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(value)


@every_event
@given(data=st.data())
@quick
def test_fields_from_a_later_version_are_ignored(cls: type[Event], data: st.DataObject) -> None:
    envelope = data.draw(envelopes(cls))
    wire = with_news_everywhere(json.loads(dump(envelope)), skip=envelope.event)
    assert load(json.dumps(wire)) == envelope


def with_news_everywhere(wire: dict[str, Any], skip: Event) -> dict[str, Any]:
    """Add a field nobody knows to the envelope, the event and every dataclass directly inside it."""
    wire["a_later_extension"] = {"x": 1}
    wire["data"]["a_later_field"] = ["x"]
    for field in dataclasses.fields(skip):
        value, written = getattr(skip, field.name), wire["data"][field.name]
        inside = zip(value, written, strict=True) if isinstance(value, tuple) else [(value, written)]
        for each, as_json in inside:
            if dataclasses.is_dataclass(each):
                as_json["a_later_field"] = None
    return wire


@every_event
def test_all_missing_fields_are_named_at_once(cls: type[Event]) -> None:
    with pytest.raises(InvalidEvent) as caught:
        cls.from_data({})
    assert caught.value.problems == dict.fromkeys(event_schema(cls)["required"], "is missing")


@every_event
def test_all_wrong_fields_are_named_at_once(cls: type[Event]) -> None:
    names = [field.name for field in dataclasses.fields(cls)]
    with pytest.raises(InvalidEvent) as caught:
        cls.from_data(dict.fromkeys(names, NO_FIELD_TAKES_THIS))
    assert sorted(caught.value.problems) == sorted(names)
    assert all(name in str(caught.value) for name in names)


@pytest.mark.parametrize("body", [b"", b"\xff", b"not json", b"[]", b"null", b'"text"', b"{}", b'{"id": 1}'])
def test_what_is_no_event_is_refused_as_such(body: bytes) -> None:
    with pytest.raises(InvalidEvent):
        load(body)


def test_an_event_nobody_described_is_refused_as_such() -> None:
    wire = {"id": "1", "source": "moon", "type": "moon.risen", "subject": "1", "sequence": 1}
    with pytest.raises(UnknownEvent):
        load(json.dumps(wire | {"time": "2026-11-24T09:00:00+08:00", "data": {}}))
