"""What signing in by steps and one's own security take and give over HTTP."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from services.identity.schemas import SECRET, Tokens

CODE = validate.Length(min=1, max=40)
NEW_PASSWORD = validate.Length(min=1, max=200)


class ChallengeOnly(ma.Schema):
    challenge = ma.fields.String(required=True, validate=SECRET)


class ChallengeCode(ChallengeOnly):
    code = ma.fields.String(
        required=True, validate=CODE, metadata={"description": "Of the app, or a recovery code."}
    )


class ChallengePassword(ChallengeOnly):
    password = ma.fields.String(required=True, validate=NEW_PASSWORD)


class SignedInByStep(Tokens):
    recovery_codes = ma.fields.List(
        ma.fields.String(), metadata={"description": "Of a second factor just taken up; shown this once."}
    )


class Enrolment(ma.Schema):
    secret = ma.fields.String(required=True)
    uri = ma.fields.String(required=True, metadata={"description": "What the QR code says (otpauth)."})


class Code(ma.Schema):
    code = ma.fields.String(required=True, validate=CODE)


class BeginEnrolment(ma.Schema):
    password = ma.fields.String(required=True, validate=SECRET)
    code = ma.fields.String(
        validate=CODE, metadata={"description": "Of the present second factor, to replace it."}
    )


class RecoveryCodes(ma.Schema):
    """Ten codes, each good once; they are never shown again."""

    recovery_codes = ma.fields.List(ma.fields.String(), required=True)


class PasswordChange(ma.Schema):
    password = ma.fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "The present one; left out by who has none yet."},
    )
    new_password = ma.fields.String(required=True, validate=NEW_PASSWORD)


class Security(ma.Schema):
    second_factor_since = ma.fields.AwareDateTime(required=True, allow_none=True)
    second_factor_demanded = ma.fields.Boolean(required=True)
    recovery_codes_left = ma.fields.Integer(required=True)
    has_password = ma.fields.Boolean(required=True)
    login = ma.fields.String(required=True, metadata={"description": "What to sign in with."})


class OwnSession(ma.Schema):
    session_id = ma.fields.String(required=True)
    started_at = ma.fields.AwareDateTime(required=True)
    renewed_at = ma.fields.AwareDateTime(required=True, metadata={"description": "When it was last used."})
    device = ma.fields.String(required=True, metadata={"description": "Browser and system: chrome/windows."})
    address = ma.fields.String(required=True, metadata={"description": "Its end is hidden."})
    is_this_one = ma.fields.Boolean(required=True)


class OwnSessions(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(OwnSession), required=True)
    next = ma.fields.String(allow_none=True, dump_default=None)


class Ended(ma.Schema):
    ended = ma.fields.Integer(required=True, metadata={"description": "How many sessions."})
