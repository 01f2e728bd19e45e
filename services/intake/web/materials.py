"""Files: uploaded into slots, read by those who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Response, request
from flask.views import MethodView

from chassis.offload import offload
from chassis.ratelimit import Limit
from chassis.storage.vault import digest_of
from chassis.uow import UnitOfWork
from chassis.web import (
    Blueprint,
    caller,
    current_database,
    current_session,
    current_uow,
    reads,
    requires,
    writes,
)
from services.intake import paper_schemas, queries, replica, schemas, slot_views
from services.intake.domain import Material, spec_of
from services.intake.domain.materials import COPY, HANDED_IN
from services.intake.file_checks import BadFile, check_file, plain_name
from services.intake.handlers import materials as handlers
from services.intake.handlers import note_reading
from services.intake.handlers.materials import Upload
from services.intake.problems import file_too_large, no_file
from services.intake.scanning import find_test_virus
from services.intake.web.applications import APPLICANTS, DEPARTMENTS, DESK
from services.intake.web.means import means, with_limits
from services.intake.web.owner import acted, owner_of_application, owner_of_draft, owner_of_material

materials = Blueprint("materials", __name__, description="Files in slots, one slot a material.")
Kept = TypeVar("Kept")
UPLOADS = ("materials.DraftSlot", "materials.ApplicationSlot")
uploads = Limit("upload", tries=300, pause=timedelta(seconds=30), longest=timedelta(minutes=10))
"""So many files in a row, by account: nobody fills the storage."""
UPLOAD = {"requestBody": {"content": {"multipart/form-data": {"schema": {
    "type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}
}}}}}  # fmt: skip


@materials.route("/drafts/<draft_id>/materials/<code>")
class DraftSlot(MethodView):
    @requires(*APPLICANTS)
    @materials.doc(**UPLOAD)
    @materials.response(201, schemas.MaterialSchema)
    def post(self, draft_id: str, code: str) -> Any:
        """Put a file into a slot of my draft; what was there stays as an older version."""
        with current_database().read() as session:
            account = owner_of_draft(draft_id, session)
            draft = slot_views.draft_of(draft_id, account, session)
            procedure = replica.open_procedure(draft.procedure, session).procedure
            spec = spec_of(procedure, code, handlers.withheld_of(draft_id, session))
            formats = spec.formats if spec.how in HANDED_IN else COPY

        def keep(upload: Upload, uow: UnitOfWork) -> Material:
            acted("upload", draft_id, uow)
            return handlers.put_into_draft(draft_id, upload, account, uow)

        return take(code, formats, keep)

    @writes
    @requires(*APPLICANTS)
    @materials.response(204)
    def delete(self, draft_id: str, code: str) -> None:
        """Empty the slot."""
        uow = current_uow()
        handlers.take_out_of_draft(draft_id, code, owner_of_draft(draft_id, uow.session), uow)
        acted("take_out", draft_id, uow)


@materials.route("/applications/<number>/materials")
class Slots(MethodView):
    @reads
    @requires(*APPLICANTS, DESK, *DEPARTMENTS, scope="dossiers")
    @materials.response(200, paper_schemas.SlotsSchema)
    def get(self, number: str) -> Any:
        """All slots for the applicant and the leading department's desk, their own for departments."""
        who, session = caller(), current_session()
        found = queries.application_for(
            number, owner_of_application(number, session), who.department, session
        )
        own = found.applicant == who.principal
        whole = own or (who.is_any(DESK) and found.lead_department == who.department)
        only = None if whole else queries.readable_materials(found, who.department, session)
        return {"items": with_limits(slot_views.slots_of(found, session, only=only, unsent=own))}


@materials.route("/applications/<number>/materials/<code>")
class ApplicationSlot(MethodView):
    @requires(*APPLICANTS)
    @materials.doc(**UPLOAD)
    @materials.response(201, schemas.MaterialSchema)
    def post(self, number: str, code: str) -> Any:
        """Upload what was asked to be put right. It counts once the correction is sent."""
        with current_database().read() as session:
            account = owner_of_application(number, session)
            found = queries.own_application(number, account, session)
            known = replica.known_procedure(found.procedure, found.version, session)
            formats = spec_of(known.procedure, code).formats

        def keep(upload: Upload, uow: UnitOfWork) -> Material:
            acted("upload", number, uow)
            return handlers.put_into_application(number, upload, account, uow)

        return take(code, formats, keep)

    @writes
    @requires(*APPLICANTS)
    @materials.response(204)
    def delete(self, number: str, code: str) -> None:
        """Take back what has been uploaded and not been sent."""
        uow = current_uow()
        handlers.take_out_of_application(number, code, owner_of_application(number, uow.session), uow)
        acted("take_out", number, uow)


@materials.route("/materials/<material_id>")
class Content(MethodView):
    @requires(*APPLICANTS, DESK, *DEPARTMENTS, scope="dossiers")
    @materials.response(200, content_type="application/octet-stream")
    def get(self, material_id: str) -> Response:
        """The file itself. Each reading by a department is written down."""
        who = caller()
        with current_database().transaction() as uow:
            owner = owner_of_material(material_id, uow.session)
            found, branch_no = slot_views.material_for(
                material_id, owner, who.department, who.is_any(DESK), uow.session
            )
            if who.department is not None and found.application_no is not None:
                note_reading(
                    found.application_no, branch_no, who.account_id, who.department, uow, material=found.code
                )
        return download(found.file_name, found.media_type, means().vault.get(found.digest))


def take(code: str, formats: tuple[str, ...], keep: Callable[[Upload, UnitOfWork], Kept]) -> Kept:
    """Check the file that came, store it, put it where it belongs."""
    name, declared, content = _read_file()
    digest, media_type = offload(_examine, name, declared, content, formats)
    scanner = means().scanner
    if scanner is not None and scanner.scan(content) is not None:
        raise BadFile("infected")
    with current_database().transaction() as uow:
        uploads.take(uow, caller().account_id)
        handlers.claim(digest, len(content), uow)
    means().vault.put(content)
    upload = Upload(code, name, media_type, len(content), digest)
    with current_database().transaction() as uow:
        return keep(upload, uow)


def _read_file() -> tuple[str, str, bytes]:
    limit = means().settings.max_file
    parts = request.files
    try:
        part = parts.get("file")
        if part is None or not part.filename:
            raise no_file()
        content = part.stream.read(limit + 1)
        if len(content) > limit:
            raise file_too_large(limit)
        return plain_name(part.filename), part.mimetype or "", content
    finally:
        for each in parts.values():
            each.close()


def _examine(name: str, declared: str, content: bytes, formats: tuple[str, ...]) -> tuple[str, str]:
    if find_test_virus(content) is not None:
        raise BadFile("infected")
    return digest_of(content), check_file(name, declared, content, formats)


def download(name: str, media_type: str, content: bytes) -> Response:
    """Nothing of a file runs in the platform's name."""
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
