"""What intake takes and gives over HTTP."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import validate
from webargs.fields import DelimitedList

MAX_DOSSIERS = 100
NUMBER = validate.Regexp(r"^[0-9A-Z-]{1,44}\Z")
FIELD = validate.Length(min=1, max=80)
WORDS = validate.Length(min=1, max=1000)


def moment(**options: Any) -> ma.fields.AwareDateTime:
    return ma.fields.AwareDateTime(format="iso", **options)


class TextSchema(ma.Schema):
    """A text for people."""

    zh = ma.fields.String()
    en = ma.fields.String()


def text(**options: Any) -> ma.fields.Nested:
    return ma.fields.Nested(TextSchema, **options)


class SubmitSchema(ma.Schema):
    """A form, filed under the newest version of a procedure."""

    procedure = ma.fields.String(required=True, validate=validate.Length(min=1, max=60))
    form = ma.fields.Dict(keys=ma.fields.String(), required=True)
    channel = ma.fields.String(
        load_default="portal",
        validate=validate.OneOf(("portal", "api")),
        metadata={"description": "Where it was filled in: on the portal's pages or in another program."},
    )


class ResubmitSchema(ma.Schema):
    form = ma.fields.Dict(keys=ma.fields.String(), required=True)


class CorrectSchema(ma.Schema):
    """What one branch asked for; what was uploaded for it since then comes with it."""

    branch_no = ma.fields.String(required=True, validate=NUMBER)
    changes = ma.fields.Dict(keys=ma.fields.String(), load_default=dict)
    note = ma.fields.String(load_default="", validate=validate.Length(max=1000))


class ReasonSchema(ma.Schema):
    field = ma.fields.String(required=True, validate=FIELD)
    reason = ma.fields.String(required=True, validate=WORDS)


class ReturnSchema(ma.Schema):
    """Everything that is missing, at once."""

    reasons = ma.fields.List(
        ma.fields.Nested(ReasonSchema), required=True, validate=validate.Length(min=1, max=100)
    )


class RefuseSchema(ma.Schema):
    """Why it is not accepted; whose matter it is if not ours."""

    ground = ma.fields.String(
        required=True, validate=validate.OneOf(("no_licence_needed", "not_competent", "incomplete"))
    )
    competent_department = ma.fields.String(
        load_default=None, allow_none=True, validate=validate.Length(min=1, max=16)
    )
    reason = ma.fields.String(required=True, validate=WORDS)


class ProgressQuerySchema(ma.Schema):
    application_no = ma.fields.String(required=True, validate=validate.Length(min=1, max=40))
    query_code = ma.fields.String(required=True, validate=validate.Length(min=1, max=20))


class PageSchema(ma.Schema):
    cursor = ma.fields.String(validate=validate.Length(max=200))


class DossiersQuerySchema(ma.Schema):
    branches = DelimitedList(
        ma.fields.String(validate=NUMBER), required=True, validate=validate.Length(min=1, max=MAX_DOSSIERS)
    )


class ReceiptSchema(ma.Schema):
    """Proof of a filing. With number and query code anybody may follow it."""

    application_no = ma.fields.String()
    query_code = ma.fields.String()
    status = ma.fields.String()
    procedure = ma.fields.String()
    version = ma.fields.Integer()
    title = text()
    submitted_at = moment()
    acceptance_due = moment(allow_none=True)
    accepted_at = moment(allow_none=True)


class NextSchema(ma.Schema):
    """下一步 · 谁 · 何时."""

    what = text()
    who = text()
    due = moment(allow_none=True)


class PublicBranchSchema(ma.Schema):
    branch_no = ma.fields.String()
    key = ma.fields.String()
    item = ma.fields.String()
    title = text()
    department = ma.fields.String()
    department_name = text()
    kind = ma.fields.String()
    required = ma.fields.Boolean()
    status = ma.fields.String()
    answer = ma.fields.String(allow_none=True)
    opened_at = moment(allow_none=True)
    answered_at = moment(allow_none=True)
    promised_due = moment(allow_none=True)
    statutory_due = moment(allow_none=True)
    overdue = ma.fields.Boolean()
    depends_on = ma.fields.List(ma.fields.String())
    correction_request = ma.fields.Integer(allow_none=True)


class BranchSchema(PublicBranchSchema):
    handler = ma.fields.String(allow_none=True)


class EntrySchema(ma.Schema):
    at = moment()
    event = ma.fields.String()
    stage = text()
    text = text()
    branch_no = ma.fields.String(allow_none=True)


class PublicLicenceSchema(ma.Schema):
    licence_type = ma.fields.String()
    branch_no = ma.fields.String()
    item = ma.fields.String()
    issued_at = moment()


class LicenceSchema(PublicLicenceSchema):
    licence_no = ma.fields.String()
    results = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String())


class PublicReturnSchema(ma.Schema):
    round = ma.fields.Integer()


class ReturnedSchema(PublicReturnSchema):
    reasons = ma.fields.List(ma.fields.Nested(ReasonSchema))


class PublicRefusalSchema(ma.Schema):
    ground = ma.fields.String()
    competent_department = ma.fields.String(allow_none=True)
    competent_department_name = text(allow_none=True)


class RefusalSchema(PublicRefusalSchema):
    reason = ma.fields.String()


class WithdrawalSchema(ma.Schema):
    state = ma.fields.String(metadata={"description": "pending, withdrawn or too_late"})
    text = text()


class ProgressSchema(ma.Schema):
    """Progress for whoever has the query code: no names, no materials, no opinions."""

    application_no = ma.fields.String()
    procedure = ma.fields.String()
    version = ma.fields.Integer()
    title = text()
    kind = ma.fields.String()
    lead_department = ma.fields.String()
    status = ma.fields.String()
    outcome = ma.fields.String(allow_none=True)
    stage = text()
    answered = ma.fields.Integer()
    required = ma.fields.Integer()
    next = ma.fields.Nested(NextSchema, allow_none=True)
    submitted_at = moment()
    acceptance_due = moment(allow_none=True)
    accepted_at = moment(allow_none=True)
    accepted_by = ma.fields.String(allow_none=True)
    decided_at = moment(allow_none=True)
    closed_at = moment(allow_none=True)
    withdrawal_requested_at = moment(allow_none=True)
    withdrawal = ma.fields.Nested(WithdrawalSchema, allow_none=True)
    changed_at = moment()
    branches = ma.fields.List(ma.fields.Nested(PublicBranchSchema))
    timeline = ma.fields.List(ma.fields.Nested(EntrySchema))
    licences = ma.fields.List(ma.fields.Nested(PublicLicenceSchema))
    returned = ma.fields.Nested(PublicReturnSchema, allow_none=True)
    not_accepted = ma.fields.Nested(PublicRefusalSchema, allow_none=True)


class OverviewSchema(ProgressSchema):
    """Progress for those who oversee: who holds each part beside it."""

    branches = ma.fields.List(ma.fields.Nested(BranchSchema))


class ApplicationSchema(ProgressSchema):
    """An application as its applicant and the departments that take part see it. ``filed_by`` is the agent
    who filed it for a firm."""

    filed_by = ma.fields.String(allow_none=True)

    branches = ma.fields.List(ma.fields.Nested(BranchSchema))
    licences = ma.fields.List(ma.fields.Nested(LicenceSchema))
    returned = ma.fields.Nested(ReturnedSchema, allow_none=True)
    not_accepted = ma.fields.Nested(RefusalSchema, allow_none=True)


class ApplicationsSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(ApplicationSchema))
    next = ma.fields.String(allow_none=True)


class FormSchema(ma.Schema):
    application_no = ma.fields.String()
    procedure = ma.fields.String()
    version = ma.fields.Integer()
    form = ma.fields.Dict()


class MaterialSchema(ma.Schema):
    """One version of a file in a slot. Without ``handed_in_at`` it doesn't count yet."""

    material_id = ma.fields.String()
    code = ma.fields.String()
    version = ma.fields.Integer()
    file_name = ma.fields.String()
    media_type = ma.fields.String()
    size = ma.fields.Integer()
    uploaded_at = moment()
    handed_in_at = moment(allow_none=True)


class CertificateUseSchema(ma.Schema):
    """A certificate of the city's library in place of a material, as it stands today. What stands on it is
    there only when the applicant has agreed (``given``)."""

    certificate_id = ma.fields.String()
    code = ma.fields.String()
    title = text()
    state = ma.fields.String(metadata={"description": "valid, expired, superseded or revoked"})
    valid_until = ma.fields.Date(allow_none=True)
    given = ma.fields.Boolean(allow_none=True)
    number = ma.fields.String(allow_none=True)
    issuer_name = text(allow_none=True)
    issued_at = ma.fields.String(allow_none=True)
    contents = ma.fields.Dict(allow_none=True)


class SlotSchema(ma.Schema):
    code = ma.fields.String()
    title = text()
    how = ma.fields.String(metadata={"description": "reuse, check, template or upload"})
    required = ma.fields.Boolean()
    needed_when = text(allow_none=True)
    formats = ma.fields.List(ma.fields.String())
    max_bytes = ma.fields.Integer(metadata={"description": "How large a file may be; where one fits."})
    state = ma.fields.String(
        metadata={"description": "empty, uploaded, checked (accepted), from_library or rejected"}
    )
    why = ma.fields.String(allow_none=True)
    file = ma.fields.Nested(MaterialSchema, allow_none=True)
    older = ma.fields.List(ma.fields.Nested(MaterialSchema))
    certificate = ma.fields.Nested(CertificateUseSchema, allow_none=True)


class DossierSchema(ma.Schema):
    """What one branch may read: declared fields, results of earlier branches, the last correction."""

    branch_no = ma.fields.String()
    application_no = ma.fields.String()
    filed_by = ma.fields.String(allow_none=True)
    fields = ma.fields.Dict()  # type: ignore[assignment]
    results = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String())
    materials = ma.fields.List(ma.fields.Nested(SlotSchema))
    changed = ma.fields.List(ma.fields.String())
    note = ma.fields.String(allow_none=True)


class DossiersSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(DossierSchema))
