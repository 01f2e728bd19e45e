"""docs/asyncapi.yaml says what the contracts say, and is what AsyncAPI 3.0 allows."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.topology import exchange_of
from contracts import all_events
from contracts.asyncapi import document
from deploy.documents import ASYNCAPI, asyncapi_yaml
from deploy.local.node import ensure_node_modules, run_node

SCRIPT = Path(__file__).with_name("parse_asyncapi.cjs")
ERROR, WARNING = 0, 1


@pytest.fixture(scope="session", autouse=True)
def node_modules() -> Path:
    return ensure_node_modules()


@cache
def parsed(text: str) -> dict[str, Any]:
    return dict(json.loads(run_node([str(SCRIPT)], stdin=text)))


def complaints(text: str) -> list[dict[str, Any]]:
    return [d for d in parsed(text)["diagnostics"] if d["severity"] in (ERROR, WARNING)]


def test_the_committed_document_is_up_to_date() -> None:
    assert ASYNCAPI.read_text() == asyncapi_yaml(), "run: make asyncapi"


def test_the_parser_of_the_asyncapi_project_finds_nothing_wrong() -> None:
    text = ASYNCAPI.read_text()
    assert complaints(text) == []
    assert sorted(parsed(text)["messages"]) == sorted(all_events())


def test_the_parser_would_find_a_broken_document() -> None:
    broken = yaml.safe_load(ASYNCAPI.read_text())
    broken["operations"]["send_intake_events"]["action"] = "shout"
    assert complaints(yaml.safe_dump(broken))


def test_every_event_is_sent_through_the_exchange_the_broker_has_for_it() -> None:
    channels = document("1")["channels"]
    said = {t: c["bindings"]["amqp"]["exchange"]["name"] for c in channels.values() for t in c["messages"]}
    assert said == {t: exchange_of(t) for t in all_events()}


def test_departments_answer_and_everyone_else_is_listened_to() -> None:
    operations = document("1")["operations"].values()
    received = [o["channel"]["$ref"] for o in operations if o["action"] == "receive"]
    assert received == ["#/channels/departments.replies"]
