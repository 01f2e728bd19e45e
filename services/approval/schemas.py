"""What approval takes and gives over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import validate

ANSWERS = ("agree", "agree_with_conditions", "refuse", "unable", "not_competent", "ask_correction")
GROUNDS = ("hearing", "inspection", "testing", "quarantine", "appraisal", "expert_review")
STATUSES = ("open", "claimed", "suspended", "answered", "silent")
WORDS = validate.Length(min=1, max=2000)
NEEDS_OPINION = ("refuse", "unable")


def moment() -> ma.fields.AwareDateTime:
    return ma.fields.AwareDateTime(format="iso", allow_none=True)


class TextSchema(ma.Schema):
    """A text for people."""

    zh = ma.fields.String()
    en = ma.fields.String()


class InboxQuerySchema(ma.Schema):
    status = ma.fields.String(validate=validate.OneOf(STATUSES))
    cursor = ma.fields.String()


class Results(ma.fields.Dict):
    """Result codes by name, as text; what is wrong with one is told under its name."""

    def __init__(self) -> None:
        super().__init__(
            keys=ma.fields.String(validate=validate.Length(max=40)),
            values=ma.fields.String(validate=validate.Length(min=1, max=200)),
        )

    def _deserialize(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super()._deserialize(*args, **kwargs)
        except ma.ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            found = error.messages.items()
            named = {name: [m for part in parts.values() for m in part] for name, parts in found}
            raise ma.ValidationError(named) from error


class RequestSchema(ma.Schema):
    """One thing to put right."""

    field = ma.fields.String(required=True, validate=validate.Length(min=1, max=80))
    reason = ma.fields.String(required=True, validate=WORDS)


class AnswerSchema(ma.Schema):
    """A department's answer. ``opinion`` is public, ``note`` stays in the department."""

    answer = ma.fields.String(required=True, validate=validate.OneOf(ANSWERS))
    opinion = ma.fields.String(validate=validate.Length(max=2000))
    conditions = ma.fields.String(validate=validate.Length(max=2000))
    note = ma.fields.String(validate=validate.Length(max=2000))
    results = Results()
    competent_department = ma.fields.String(validate=validate.Length(min=1, max=16))
    requests = ma.fields.List(ma.fields.Nested(RequestSchema), validate=validate.Length(min=1, max=50))

    @ma.validates_schema
    def _complete(self, data: dict[str, Any], **_: Any) -> None:
        answer, missing = data.get("answer"), "Missing data for required field."
        errors = {}
        if answer in NEEDS_OPINION and not data.get("opinion", "").strip():
            errors["opinion"] = [missing]
        if answer == "agree_with_conditions" and not data.get("conditions", "").strip():
            errors["conditions"] = [missing]
        if answer == "not_competent" and not data.get("competent_department"):
            errors["competent_department"] = [missing]
        if answer == "ask_correction" and not data.get("requests"):
            errors["requests"] = [missing]
        if errors:
            raise ma.ValidationError(errors)


class SuspendSchema(ma.Schema):
    ground = ma.fields.String(required=True, validate=validate.OneOf(GROUNDS))
    reason = ma.fields.String(required=True, validate=WORDS)


PauseSchema = ma.Schema.from_dict(
    {
        "kind": ma.fields.String(),
        "ground": ma.fields.String(allow_none=True),
        "stops": ma.fields.String(),
        "from": moment(),
        "to": moment(),
        "reason": ma.fields.String(allow_none=True),
    },
    name="PauseSchema",
)


class CorrectionSchema(ma.Schema):
    branch_no = ma.fields.String()
    request = ma.fields.Integer()
    requests = ma.fields.List(ma.fields.Nested(RequestSchema))
    asked_at = moment()
    answered_at = moment()


class BranchSchema(ma.Schema):
    """One department's part of a case."""

    branch_no = ma.fields.String()
    application_no = ma.fields.String()
    procedure = ma.fields.String()
    version = ma.fields.Integer()
    procedure_title = ma.fields.Nested(TextSchema)
    key = ma.fields.String()
    title = ma.fields.Nested(TextSchema)
    item = ma.fields.String()
    kind = ma.fields.String()
    department = ma.fields.String()
    department_name = ma.fields.Nested(TextSchema)
    status = ma.fields.String()
    handler = ma.fields.String(allow_none=True)
    answer = ma.fields.String(allow_none=True)
    deemed = ma.fields.Boolean()
    results = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String())
    produces = ma.fields.List(ma.fields.String())
    opinion = ma.fields.String(allow_none=True)
    conditions = ma.fields.String(allow_none=True)
    note = ma.fields.String(allow_none=True)
    opened_at = moment()
    answered_at = moment()
    promised_due = moment()
    statutory_due = moment()
    due_explained = ma.fields.Nested(TextSchema, allow_none=True)
    overdue = ma.fields.Boolean()
    light = ma.fields.String()
    correction_request = ma.fields.Integer(allow_none=True)
    corrections = ma.fields.List(ma.fields.Nested(CorrectionSchema))
    depends_on = ma.fields.List(ma.fields.String())
    answered = ma.fields.Integer()
    required = ma.fields.Integer()
    pauses = ma.fields.List(ma.fields.Nested(PauseSchema))


class InboxSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(BranchSchema))
    next = ma.fields.String(allow_none=True)


class CorrectionsSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(CorrectionSchema))
    next = ma.fields.String(allow_none=True)


class CaseSchema(ma.Schema):
    """All branches of one application."""

    application_no = ma.fields.String()
    procedure = ma.fields.String()
    version = ma.fields.Integer()
    opened_at = moment()
    decided_at = moment()
    outcome = ma.fields.String(allow_none=True)
    closed_at = moment()
    terminated_at = moment()
    branches = ma.fields.List(ma.fields.Nested(BranchSchema))
