"""Drafts: begun here, resumed anywhere, saved by step, filed once. And what is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask.views import MethodView
from sqlalchemy.orm import Session

from chassis.problems import http_problem
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
from services.intake import paper_schemas, replica, schemas, slot_views
from services.intake.domain import Draft
from services.intake.handlers import drafts as handlers
from services.intake.handlers import prefill
from services.intake.handlers.prefill import KnownField
from services.intake.web.applications import APPLICANTS, receipt_of
from services.intake.web.means import means, with_limits
from services.intake.web.owner import acted, check_may_file_draft, owner_for, owner_of_draft, scope

drafts = Blueprint("drafts", __name__, description="Forms being filled in, and what is known beforehand.")


def seen_revision() -> int:
    """The revision that the caller's ``If-Match`` names; a 428 problem without one, 412 for another's."""
    tags = request.if_match.as_set()
    if len(tags) != 1:
        raise http_problem(428)
    tag = str(next(iter(tags)))
    if not tag.isdecimal() or len(tag) > 9:
        raise http_problem(412)
    return int(tag)


def etag(draft: Draft) -> dict[str, str]:
    return {"ETag": f'"{draft.revision}"'}


def _view(found: Draft, session: Session) -> dict[str, Any]:
    view = slot_views.draft_view(found, session)
    return view | {"materials": with_limits(view["materials"])}


@drafts.route("/drafts")
class Drafts(MethodView):
    @requires(*APPLICANTS)
    @drafts.arguments(paper_schemas.BeginSchema)
    @drafts.response(201, paper_schemas.DraftSchema)
    @drafts.alt_response(200, schema=paper_schemas.DraftSchema)
    def post(self, command: dict[str, Any]) -> Any:
        """Begin a draft, or take up the unfinished one of this procedure (200)."""
        who, owner = caller(), owner_for(command["procedure"])
        known = _known(command["procedure"]) if command["prefill"] else {}
        with current_database().transaction() as uow:
            found, is_new = handlers.begin(
                command["procedure"],
                owner,
                who.principal_kind,
                known,
                uow,
                reader=who.account_id,
                said=command["guide"],
            )
            if is_new:
                acted("begin", found.draft_id, uow)
            view = _view(found, uow.session)
        headers = etag(found) | {"Location": f"/api/intake/drafts/{found.draft_id}"}
        return view, 201 if is_new else 200, headers

    @reads
    @requires(*APPLICANTS)
    @drafts.response(200, paper_schemas.DraftsSchema)
    def get(self) -> Any:
        """My unfinished drafts, the one saved last first."""
        return {"items": slot_views.drafts_of(caller().principal, current_session(), scope())}


@drafts.route("/drafts/<draft_id>")
class OneDraft(MethodView):
    @reads
    @requires(*APPLICANTS)
    @drafts.response(200, paper_schemas.DraftSchema)
    def get(self, draft_id: str) -> Any:
        """My draft, as it was saved last."""
        session = current_session()
        found = slot_views.draft_of(draft_id, owner_of_draft(draft_id, session), session)
        return _view(found, session), 200, etag(found)

    @writes
    @requires(*APPLICANTS)
    @drafts.arguments(paper_schemas.SaveSchema)
    @drafts.response(200, paper_schemas.DraftSchema)
    def patch(self, command: dict[str, Any], draft_id: str) -> Any:
        """Save the answers of a step, by If-Match. A 412 names what was changed meanwhile."""
        uow = current_uow()
        owner = owner_of_draft(draft_id, uow.session)
        found = handlers.save(draft_id, command["answers"], seen_revision(), owner, uow)
        return _view(found, uow.session), 200, etag(found)

    @writes
    @requires(*APPLICANTS)
    @drafts.response(204)
    def delete(self, draft_id: str) -> None:
        """Let it go, with all that was uploaded."""
        uow = current_uow()
        handlers.discard(draft_id, owner_of_draft(draft_id, uow.session), uow)
        acted("discard", draft_id, uow)


@drafts.route("/drafts/<draft_id>/submit")
class Submit(MethodView):
    @writes
    @requires(*APPLICANTS)
    @drafts.response(201, schemas.ReceiptSchema)
    @drafts.alt_response(200, schema=schemas.ReceiptSchema)
    def post(self, draft_id: str) -> Any:
        """File it, by If-Match. Filed before, the same receipt comes again (200)."""
        who, uow = caller(), current_uow()
        owner = owner_of_draft(draft_id, uow.session)
        slot_views.draft_of(draft_id, owner, uow.session)
        check_may_file_draft(draft_id, uow.session)
        filed, number = handlers.file(
            draft_id, seen_revision(), owner, who.principal_kind, uow, filed_by=who.agent
        )
        location = {"Location": f"/api/intake/applications/{number}"}
        if filed is None:
            return receipt_of(number, uow.session, uow.master_key), 200, location
        return receipt_of(filed, uow.session, uow.master_key), 201, location


@drafts.route("/prefill/<code>")
class Prefill(MethodView):
    @requires(*APPLICANTS)
    @drafts.response(200, paper_schemas.PrefillSchema)
    def get(self, code: str) -> Any:
        """What is known of the caller for this form, each with its origin. The reading is written down."""
        owner, known = owner_for(code), _known(code)
        with current_database().transaction() as uow:
            prefill.write_down(code, owner, known, uow, reader=caller().account_id)
        return {
            "purpose": prefill.PURPOSE,
            "consent": prefill.CONSENT,
            "items": [{"field": n, "value": k.value, "origin": k.origin()} for n, k in known.items()],
        }


def _known(code: str) -> Mapping[str, KnownField]:
    with current_database().read() as session:
        procedure = replica.open_procedure(code, session).procedure
    who = caller()
    about = means().identity.about(
        request.headers["Authorization"], prefill.PURPOSE, who.principal if who.acting else ""
    )
    with current_database().read() as session:
        return prefill.known_fields(procedure, who.principal, about, session)
