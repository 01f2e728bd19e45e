"""What approval takes and gives over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import validate

ANSWERS = ("agree", "agree_with_conditions", "refuse", "unable", "not_competent", "ask_correction")
GROUNDS = ("hearing", "inspection", "testing", "quarantine", "appraisal", "expert_review")
STATUSES = ("open", "claimed", "suspended", "answered", "silent", "task")
MANY = ("agree", "agree_with_conditions", "refuse", "unable")
LIGHTS = ("green", "yellow", "red", "black")
LONGEST_NAME = 40
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


class EventsQuerySchema(ma.Schema):
    after = ma.fields.Integer(
        load_default=0,
        validate=validate.Range(min=0),
        metadata={"description": "``next`` of the page before."},
    )
    limit = ma.fields.Integer(load_default=100, validate=validate.Range(min=1, max=500))


class EventsSchema(ma.Schema):
    items = ma.fields.List(
        ma.fields.Dict(), required=True, metadata={"description": "CloudEvents 1.0 as in docs/asyncapi.yaml."}
    )
    next = ma.fields.Integer(required=True)
    more = ma.fields.Boolean(required=True)


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


class SaidSchema(ma.Schema):
    """What is said with an answer. ``opinion`` is public, ``note`` stays in the department."""

    opinion = ma.fields.String(validate=validate.Length(max=2000))
    conditions = ma.fields.String(validate=validate.Length(max=2000))
    note = ma.fields.String(validate=validate.Length(max=2000))

    @ma.validates_schema
    def _said(self, data: dict[str, Any], **_: Any) -> None:
        answer, missing = data.get("answer"), "Missing data for required field."
        errors = {}
        if answer in NEEDS_OPINION and not data.get("opinion", "").strip():
            errors["opinion"] = [missing]
        if answer == "agree_with_conditions" and not data.get("conditions", "").strip():
            errors["conditions"] = [missing]
        if errors:
            raise ma.ValidationError(errors)


class AnswerManySchema(SaidSchema):
    """One answer to many alike."""

    branch_nos = ma.fields.List(
        ma.fields.String(validate=validate.Length(min=1, max=44)),
        required=True,
        validate=validate.Length(min=1, max=100),
    )
    answer = ma.fields.String(required=True, validate=validate.OneOf(MANY))


class OutcomeSchema(ma.Schema):
    branch_no = ma.fields.String()
    outcome = ma.fields.String()
    holder = ma.fields.String(allow_none=True)


class OutcomesSchema(ma.Schema):
    results = ma.fields.List(ma.fields.Nested(OutcomeSchema))


class AnswerSchema(SaidSchema):
    """A department's answer."""

    answer = ma.fields.String(required=True, validate=validate.OneOf(ANSWERS))
    results = Results()
    acknowledged = ma.fields.List(
        ma.fields.String(validate=validate.Length(min=1, max=60)),
        validate=validate.Length(max=50),
        metadata={"description": "Materials whose certificate has ended: the officer agrees all the same."},
    )
    competent_department = ma.fields.String(validate=validate.Length(min=1, max=16))
    requests = ma.fields.List(ma.fields.Nested(RequestSchema), validate=validate.Length(min=1, max=50))

    @ma.validates_schema
    def _complete(self, data: dict[str, Any], **_: Any) -> None:
        answer, missing = data.get("answer"), "Missing data for required field."
        errors = {}
        if answer == "not_competent" and not data.get("competent_department"):
            errors["competent_department"] = [missing]
        if answer == "ask_correction" and not data.get("requests"):
            errors["requests"] = [missing]
        if errors:
            raise ma.ValidationError(errors)


class SuspendSchema(ma.Schema):
    ground = ma.fields.String(required=True, validate=validate.OneOf(GROUNDS))
    reason = ma.fields.String(required=True, validate=WORDS)
    expected_end = ma.fields.Date(metadata={"description": "The day the applicant is told it will end."})


PauseSchema = ma.Schema.from_dict(
    {
        "kind": ma.fields.String(),
        "ground": ma.fields.String(allow_none=True),
        "stops": ma.fields.String(),
        "from": moment(),
        "to": moment(),
        "reason": ma.fields.String(allow_none=True),
        "expected_end": ma.fields.Date(allow_none=True),
    },
    name="PauseSchema",
)


class CorrectionSchema(ma.Schema):
    branch_no = ma.fields.String()
    request = ma.fields.Integer()
    requests = ma.fields.List(ma.fields.Nested(RequestSchema))
    asked_at = moment()
    answered_at = moment()


class ExtensionAskedSchema(ma.Schema):
    """An extension: what was asked and what the head said."""

    days = ma.fields.Integer()
    reason = ma.fields.String()
    approved = ma.fields.Boolean(allow_none=True)
    asked_at = moment()
    decided_at = moment()
    asked_by = ma.fields.String()
    decision_reason = ma.fields.String(allow_none=True)


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
    ended = ma.fields.List(
        ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String()),
        metadata={
            "description": "Certificates (material, certificate_id, state) that had ended when agreed."
        },
    )
    opened_at = moment()
    answered_at = moment()
    promised_due = moment()
    statutory_due = moment()
    due_explained = ma.fields.Nested(TextSchema, allow_none=True)
    overdue = ma.fields.Boolean()
    light = ma.fields.String()
    task = ma.fields.Boolean(metadata={"description": "A record that failed, to be taken up again."})
    extended = ma.fields.Integer()
    extensions = ma.fields.List(ma.fields.Nested(ExtensionAskedSchema))
    applicant = ma.fields.String()
    extension_asked = ma.fields.Integer(allow_none=True)
    may_extend = ma.fields.Integer(metadata={"description": "Days the head could still allow."})
    extension_unit = ma.fields.String(allow_none=True)
    awaiting_signature = ma.fields.Boolean()
    proposed = ma.fields.String(allow_none=True)
    second_signature = ma.fields.Boolean()
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


class ExtensionSchema(ma.Schema):
    """More days asked for; the applicant is told the reason."""

    days = ma.fields.Integer(required=True, strict=True, validate=validate.Range(1, 400))
    reason = ma.fields.String(required=True, validate=WORDS)


class ExtensionDecisionSchema(ma.Schema):
    approved = ma.fields.Boolean(required=True)
    reason = ma.fields.String(required=True, validate=WORDS)


class SignatureSchema(ma.Schema):
    signed = ma.fields.Boolean(required=True)
    reason = ma.fields.String(required=True, validate=WORDS)


class SupervisionAnswerSchema(ma.Schema):
    answer = ma.fields.String(required=True, validate=WORDS)


class SupervisionSchema(ma.Schema):
    """A supervision record 督办单."""

    branch_no = ma.fields.String()
    application_no = ma.fields.String()
    department = ma.fields.String()
    responsible = ma.fields.String(allow_none=True)
    state = ma.fields.String()
    opened_at = moment()
    answer_due = moment()
    answer = ma.fields.String(allow_none=True)
    answered_by = ma.fields.String(allow_none=True)
    answered_at = moment()
    closed_at = moment()


class SupervisionsSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(SupervisionSchema))


class WaitingExtensionSchema(ma.Schema):
    branch = ma.fields.Nested(BranchSchema)
    days = ma.fields.Integer()
    reason = ma.fields.String()
    asked_by = ma.fields.String()
    at = moment()


class WaitingSignatureSchema(ma.Schema):
    branch = ma.fields.Nested(BranchSchema)
    answer = ma.fields.String()
    proposed_by = ma.fields.String()
    at = moment()
    opinion = ma.fields.String(allow_none=True)
    note = ma.fields.String(allow_none=True)


class LoadSchema(ma.Schema):
    day = ma.fields.Date()
    due = ma.fields.Integer()


class HeadDeskSchema(ma.Schema):
    """What waits for a department's head."""

    extensions = ma.fields.List(ma.fields.Nested(WaitingExtensionSchema))
    signatures = ma.fields.List(ma.fields.Nested(WaitingSignatureSchema))
    late = ma.fields.List(ma.fields.Nested(BranchSchema))
    supervisions = ma.fields.List(ma.fields.Nested(SupervisionSchema))
    days = ma.fields.List(ma.fields.Nested(LoadSchema))


class ColleaguesSchema(ma.Schema):
    items = ma.fields.List(ma.fields.String())


class NewDelegationSchema(ma.Schema):
    """Who stands in for whom; ``absent`` is oneself unless the head says it."""

    absent = ma.fields.String(validate=validate.Length(min=1, max=80))
    delegate = ma.fields.String(required=True, validate=validate.Length(min=1, max=80))
    begins = ma.fields.AwareDateTime(required=True)
    ends = ma.fields.AwareDateTime(required=True)


class DelegationSchema(ma.Schema):
    id = ma.fields.String()
    absent = ma.fields.String()
    delegate = ma.fields.String()
    given_by = ma.fields.String()
    begins = moment()
    ends = moment()
    runs = ma.fields.Boolean()


class DelegationsSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(DelegationSchema))


class NewTemplateSchema(ma.Schema):
    answer = ma.fields.String(required=True, validate=validate.OneOf(ANSWERS))
    title = ma.fields.String(required=True, validate=validate.Length(min=1, max=40))
    text = ma.fields.String(required=True, validate=WORDS)
    shared = ma.fields.Boolean(load_default=False, metadata={"description": "For the whole department."})


class TemplateSchema(ma.Schema):
    id = ma.fields.String()
    answer = ma.fields.String()
    title = ma.fields.String()
    text = ma.fields.String()
    own = ma.fields.Boolean()


class TemplatesSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(TemplateSchema))


class FilterQuerySchema(ma.Schema):
    """What a filter lets through; what is left out doesn't matter."""

    show = ma.fields.String(validate=validate.OneOf(("todo", "mine", "free", "suspended", "task")))
    light = ma.fields.String(validate=validate.OneOf(LIGHTS))
    item = ma.fields.String(validate=validate.Length(min=1, max=60))


class FilterSchema(ma.Schema):
    name = ma.fields.String()
    query = ma.fields.Nested(FilterQuerySchema)


class FiltersSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(FilterSchema))
