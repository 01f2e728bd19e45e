"""Each service's OpenAPI document is what OpenAPI 3.1 allows, and tells of every address it answers."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openapi_spec_validator import OpenAPIV31SpecValidator

from chassis.cli.openapi import openapi
from chassis.config import Config
from chassis.services import app_factory, service_names

SERVICES = [name for name in service_names() if app_factory(name) is not None and name != "portal"]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("openapi")
    done = CliRunner().invoke(openapi, [str(folder)])
    assert done.exit_code == 0, done.output
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()}


def complaints(document: dict[str, Any]) -> list[str]:
    return [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()]


def test_every_service_with_an_interface_has_a_document(documents: dict[str, Any]) -> None:
    assert sorted(documents) == SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_the_document_is_valid(documents: dict[str, Any], service: str) -> None:
    assert documents[service]["openapi"] == "3.1.0"
    assert complaints(documents[service]) == []


def test_the_validator_would_find_a_broken_document(documents: dict[str, Any]) -> None:
    broken = copy.deepcopy(documents["intake"])
    operation = broken["paths"]["/api/intake/applications"]["post"]
    operation["responses"]["201"].pop("description")
    operation["parameters"] = [{"name": "colour", "in": "nowhere"}]
    assert complaints(broken)


@pytest.mark.parametrize("service", SERVICES)
def test_every_address_under_the_services_interface_is_described(
    documents: dict[str, Any], service: str, tmp_path: Path
) -> None:
    config = Config(service, f"sqlite:///{tmp_path}/{service}.sqlite", "memory://", bytes(32))
    factory = app_factory(service)
    assert factory is not None
    told = {
        (method.upper(), path)
        for path, operations in documents[service]["paths"].items()
        for method in operations
        if method != "parameters"
    }
    answered = {
        (method, re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule))
        for rule in factory(config).url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(f"/api/{service}/")
    }
    assert told == answered - {("GET", f"/api/{service}/openapi.json")}
