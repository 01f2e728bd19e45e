"""What co-signing takes and gives over HTTP."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from services.intake.schemas import TextSchema

PHONE = validate.Regexp(r"^1[0-9]{10}$")
PLACE = validate.Regexp(r"^[0-9]{1,2}$")
MOST_SIGNERS = 60


class StartSigningSchema(ma.Schema):
    """Mobile numbers by the person's place in the list of signers; the applicant needs none."""

    phones = ma.fields.Dict(
        keys=ma.fields.String(validate=PLACE),
        values=ma.fields.String(validate=PHONE),
        load_default=dict,
        validate=validate.Length(max=MOST_SIGNERS),
    )


class SignerSchema(ma.Schema):
    signer_id = ma.fields.String(required=True, allow_none=True)
    name = ma.fields.String(required=True)
    roles = ma.fields.List(ma.fields.Nested(TextSchema), required=True)
    state = ma.fields.String(
        required=True, metadata={"description": "to_invite, invited, signed or objected."}
    )
    answered_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    reason = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "Why; for the applicant."}
    )
    may_invite_again = ma.fields.Boolean(required=True)


class SigningSchema(ma.Schema):
    round_id = ma.fields.String(required=True, allow_none=True)
    outcome = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "None while it runs: filed, objected, changed, withdrawn, expired."},
    )
    expires_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    application_no = ma.fields.String(required=True, allow_none=True)
    signers = ma.fields.List(ma.fields.Nested(SignerSchema), required=True)


class ObjectSchema(ma.Schema):
    reason = ma.fields.String(required=True, validate=validate.Length(min=2, max=500))


class SigningFileSchema(ma.Schema):
    material_id = ma.fields.String(required=True)
    title = ma.fields.Nested(TextSchema, required=True)
    file_name = ma.fields.String(required=True)
    size = ma.fields.Integer(required=True)


class InvitationSchema(ma.Schema):
    """What somebody who was invited sees: the whole version that goes round, and who else signs."""

    procedure = ma.fields.String(required=True)
    title = ma.fields.Nested(TextSchema, required=True)
    version = ma.fields.Integer(required=True)
    digest = ma.fields.String(required=True, metadata={"description": "SHA-256 of what is signed."})
    form = ma.fields.Dict(required=True)
    files = ma.fields.List(ma.fields.Nested(SigningFileSchema), required=True)
    me = ma.fields.Nested(SignerSchema, required=True)
    others = ma.fields.List(ma.fields.Nested(SignerSchema), required=True)
    outcome = ma.fields.String(required=True, allow_none=True)
    expires_at = ma.fields.AwareDateTime(required=True)


class AnsweredSchema(ma.Schema):
    state = ma.fields.String(required=True)
    outcome = ma.fields.String(required=True, allow_none=True)
    application_no = ma.fields.String(required=True, allow_none=True)


class ToSendSchema(ma.Schema):
    phone = ma.fields.String(required=True)
    token = ma.fields.String(required=True)
    title = ma.fields.Nested(TextSchema, required=True)


class SignatureSchema(ma.Schema):
    name = ma.fields.String(required=True)
    roles = ma.fields.List(ma.fields.Nested(TextSchema), required=True)
    level = ma.fields.Integer(required=True)
    signed_at = ma.fields.AwareDateTime(required=True)
    digest = ma.fields.String(required=True)


class SignaturesSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(SignatureSchema), required=True)
