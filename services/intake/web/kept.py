"""The space's materials: kept for later cases, used in drafts."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView

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
from services.intake import paper_schemas, replica, schemas
from services.intake.handlers import kept as handlers
from services.intake.web.applications import APPLICANTS
from services.intake.web.materials import UPLOAD, download, take
from services.intake.web.means import means
from services.intake.web.owner import acted, owner_of_draft

kept = Blueprint("kept", __name__, description="Materials kept in a space for later cases.")
UPLOADS = ("kept.KeptKind",)


@kept.route("/space/materials")
class Kept(MethodView):
    @reads
    @requires(*APPLICANTS)
    @kept.response(200, paper_schemas.KeptFilesSchema)
    def get(self) -> Any:
        """What I keep, the last first."""
        return {"items": handlers.all_of(caller().principal, current_session())}

    @writes
    @requires(*APPLICANTS)
    @kept.arguments(paper_schemas.KeepSchema)
    @kept.response(201, paper_schemas.KeptFileSchema)
    def post(self, command: dict[str, Any]) -> Any:
        """Keep what I uploaded to a draft or a case. The same content of a kind is kept once."""
        return handlers.keep_material(command["material_id"], caller().principal, current_uow())


@kept.route("/space/materials/of-kind/<code>")
class KeptKind(MethodView):
    @requires(*APPLICANTS)
    @kept.doc(**UPLOAD)
    @kept.response(201, paper_schemas.KeptFileSchema)
    def post(self, code: str) -> Any:
        """Upload a file of this kind of material into my space."""
        account = caller().principal
        with current_database().read() as session:
            formats = replica.material_spec(code, session).formats
        return take(code, formats, lambda upload, uow: handlers.keep(upload, account, uow))


@kept.route("/space/materials/<file_id>")
class KeptOne(MethodView):
    @requires(*APPLICANTS)
    @kept.response(200, content_type="application/octet-stream")
    def get(self, file_id: str) -> Response:
        """The file itself."""
        with current_database().read() as session:
            found = handlers.one(file_id, caller().principal, session)
        return download(found["file_name"], found["media_type"], means().vault.get(found["digest"]))

    @writes
    @requires(*APPLICANTS)
    @kept.response(204)
    def delete(self, file_id: str) -> None:
        """Let go of it; cases that use it keep it."""
        handlers.drop(file_id, caller().principal, current_uow())


@kept.route("/drafts/<draft_id>/materials/<code>/from-space")
class FromSpace(MethodView):
    @writes
    @requires(*APPLICANTS)
    @kept.arguments(paper_schemas.UseSchema)
    @kept.response(201, schemas.MaterialSchema)
    def post(self, command: dict[str, Any], draft_id: str, code: str) -> Any:
        """Put a file that I keep into a slot of my draft."""
        uow = current_uow()
        owner = owner_of_draft(draft_id, uow.session)
        acted("upload", draft_id, uow)
        return handlers.use(command["file_id"], draft_id, code, owner, uow)
