"""What intake takes and gives over HTTP: drafts, materials, known data."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import validate
from webargs.fields import DelimitedList

from services.intake.schemas import FIELD, CertificateUseSchema, SlotSchema, moment, text


class BeginSchema(ma.Schema):
    """``prefill``: the applicant asks to have filled in what is known; that is written down as consent.

    ``guide``: form answers the applicant has just given in the guided finding. They count before what is
    known and what an unfinished draft holds; what doesn't fit the form is left out.
    """

    procedure = ma.fields.String(required=True, validate=validate.Length(min=1, max=60))
    prefill = ma.fields.Boolean(load_default=False, truthy={True}, falsy={False})
    guide = ma.fields.Dict(
        keys=ma.fields.String(validate=validate.Length(min=1, max=80)),
        load_default=dict,
        validate=validate.Length(max=50),
    )


class SaveSchema(ma.Schema):
    """The answers of a step. Null takes an answer out; answers not named stay."""

    answers = ma.fields.Dict(
        keys=ma.fields.String(validate=validate.Length(min=1, max=80)),
        required=True,
        validate=validate.Length(max=500),
    )


class OriginSchema(ma.Schema):
    """Where a filled-in answer came from; ``source`` is for programs."""

    source = ma.fields.String()
    zh = ma.fields.String()
    en = ma.fields.String()


class SlotsSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(SlotSchema))


class DraftSchema(ma.Schema):
    """A form being filled in, with the slots its answers call for. ``revision`` is its ETag."""

    draft_id = ma.fields.String()
    procedure = ma.fields.String()
    version = ma.fields.Integer()
    title = text()
    answers = ma.fields.Dict()
    origins = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(OriginSchema))
    revision = ma.fields.Integer()
    begun_at = moment()
    saved_at = moment()
    application_no = ma.fields.String(allow_none=True)
    materials = ma.fields.List(ma.fields.Nested(SlotSchema))


class DraftsSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(DraftSchema))


class PrefilledSchema(ma.Schema):
    field = ma.fields.String()
    value: Any = ma.fields.Raw()
    origin = ma.fields.Nested(OriginSchema)


class PrefillSchema(ma.Schema):
    """What can be filled in; that it was read, for what and by whom has been written down."""

    purpose = ma.fields.String()
    consent = ma.fields.String()
    items = ma.fields.List(ma.fields.Nested(PrefilledSchema))


class DraftCertificatesSchema(ma.Schema):
    """Certificates for a draft's materials. ``library`` is false while the library doesn't answer: nothing
    is read then, and nothing is asked for."""

    library = ma.fields.Boolean()
    items = ma.fields.List(ma.fields.Nested(CertificateUseSchema))


class AgreeSchema(ma.Schema):
    """By material: whether its certificate may be used for this case."""

    certificates = ma.fields.Dict(
        keys=ma.fields.String(validate=FIELD),
        values=ma.fields.Boolean(truthy={True}, falsy={False}),
        required=True,
        validate=validate.Length(max=100),
    )


class LicenceQuerySchema(ma.Schema):
    fields = DelimitedList(  # type: ignore[assignment]
        ma.fields.String(validate=FIELD), required=True, validate=validate.Length(min=1, max=100)
    )


class LicenceContentsSchema(ma.Schema):
    """What stands on a licence, of the elements asked for."""

    branch_no = ma.fields.String()
    fields = ma.fields.Dict()  # type: ignore[assignment]


class KeptFileSchema(ma.Schema):
    """A material kept in the space. ``code`` says of which kind it is."""

    file_id = ma.fields.String()
    code = ma.fields.String()
    title = text()
    file_name = ma.fields.String()
    media_type = ma.fields.String()
    size = ma.fields.Integer()
    kept_at = moment()


class KeptFilesSchema(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(KeptFileSchema))


class KeepSchema(ma.Schema):
    """A file of mine that is to be kept."""

    material_id = ma.fields.String(required=True, validate=FIELD)


class UseSchema(ma.Schema):
    """A kept file that is to be used."""

    file_id = ma.fields.String(required=True, validate=FIELD)
