"""Filled sample forms 自助样表: each must be one that could be filed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jsonschema_rs

from services.catalog.domain import Edition, Problem


def form_problems(editions: Iterable[Edition], forms: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    """Sample forms of no procedure, and every field that the procedure's own form would refuse."""
    schemas = {e.procedure.code: e.procedure.form for e in editions}
    found = []
    for code, form in forms.items():
        file = f"forms/{code}.json"
        if code not in schemas:
            found.append(Problem(file=file, field="", reason=f"no item or package {code}"))
            continue
        found += [Problem(file=file, field=f, reason=r) for f, r in _refused(schemas[code], form)]
    return found


def _refused(schema: Mapping[str, Any], form: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    validator = jsonschema_rs.validator_for(dict(schema))
    for error in validator.iter_errors(dict(form)):
        yield ".".join(str(part) for part in error.instance_path), error.message
