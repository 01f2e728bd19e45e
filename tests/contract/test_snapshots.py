"""What others rely on stays: an event only grows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts import all_events
from contracts.compatibility import breaking_changes
from contracts.schema import event_schema
from deploy.documents import snapshots, write_snapshots

EVENTS = all_events()
KNOWN = snapshots()


def test_every_event_has_a_snapshot() -> None:
    assert EVENTS.keys() - KNOWN.keys() == set(), "run: make asyncapi"


@pytest.mark.parametrize("event_type", KNOWN)
def test_an_event_only_grows(event_type: str) -> None:
    cls = EVENTS.get(event_type)
    assert breaking_changes(KNOWN[event_type], cls and event_schema(cls)) == []


@pytest.mark.parametrize("event_type", sorted(KNOWN.keys() & EVENTS.keys()))
def test_a_snapshot_knows_what_has_been_added(event_type: str) -> None:
    assert KNOWN[event_type] == event_schema(EVENTS[event_type]), (
        f"{event_type} has changed; when that is meant: python -m deploy.documents asyncapi --accept"
    )


def test_snapshots_of_known_events_are_replaced_only_when_accepted(tmp_path: Path) -> None:
    assert write_snapshots(tmp_path) == list(EVENTS)
    changed = tmp_path / "intake.application_returned.json"
    changed.write_text(json.dumps({"title": "as it was"}))
    (tmp_path / "intake.gone.json").write_text(json.dumps({"title": "intake.gone"}))

    assert write_snapshots(tmp_path) == []
    assert json.loads(changed.read_text()) == {"title": "as it was"}

    write_snapshots(tmp_path, accept=True)
    assert snapshots(tmp_path) == {t: event_schema(cls) for t, cls in EVENTS.items()}
