"""Drafts: begun here, resumed anywhere, saved by step, filed once. And what is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask.views import MethodView
from sqlalchemy.orm import Session

from chassis.problems import http_problem
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
from services.intake import paper_schemas, replica, schemas, slot_views
from services.intake.domain import Draft, NoSuchSlot
from services.intake.handlers import certificates, prefill, signing
from services.intake.handlers import drafts as handlers
from services.intake.handlers.prefill import KnownField
from services.intake.papers import certificate_use
from services.intake.web.applications import APPLICANTS, receipt_of
from services.intake.web.means import means, own_among, with_limits
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
        known, offered = _known(command["procedure"]) if command["prefill"] else ({}, None)
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
            if offered is not None and found.application_no is None:
                certificates.offer(found.draft_id, owner, offered, uow)
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
    @requires(*APPLICANTS)
    @drafts.response(201, schemas.ReceiptSchema)
    @drafts.alt_response(200, schema=schemas.ReceiptSchema)
    def post(self, draft_id: str) -> Any:
        """File it, by If-Match. Filed before, the same receipt comes again (200)."""
        with current_database().transaction() as uow:
            owner = owner_of_draft(draft_id, uow.session)
            draft = slot_views.draft_of(draft_id, owner, uow.session)
            check_may_file_draft(draft_id, uow.session)
            numbers = [p.id_number for p in signing.people_of(draft, uow)] if not draft.application_no else []
        mine, _ = own_among(numbers)
        who, seen = caller(), seen_revision()

        def work(uow: UnitOfWork) -> tuple[Any, int, str]:
            filed, number = handlers.file(
                draft_id,
                seen,
                owner,
                who.principal_kind,
                uow,
                filed_by=who.agent,
                mine=() if mine is None else (mine,),
            )
            receipt = receipt_of(filed or number, uow.session, uow.master_key)
            return receipt, 201 if filed else 200, number

        receipt, status, number = current_database().write(work)
        return receipt, status, {"Location": f"/api/intake/applications/{number}"}


@drafts.route("/drafts/<draft_id>/certificates")
class Certificates(MethodView):
    @requires(*APPLICANTS)
    @drafts.response(200, paper_schemas.DraftCertificatesSchema)
    def get(self, draft_id: str) -> Any:
        """What the city's library has for my draft's materials, asked anew. Nothing on them is read."""
        with current_database().read() as session:
            account = owner_of_draft(draft_id, session)
            draft = slot_views.draft_of(draft_id, account, session)
            procedure = replica.open_procedure(draft.procedure, session).procedure
            is_open = draft.application_no is None
        asked = prefill.asked_of_identity(procedure, "reuse")
        wants = is_open and bool(asked["materials"])
        about = means().identity.known(dict(request.headers), asked | {"fields": {}}) if wants else None
        with current_database().transaction() as uow:
            if about is not None:
                certificates.offer(draft_id, account, about.get("certificates", ()), uow)
            return _offered(draft_id, about is not None or not wants, uow)

    @requires(*APPLICANTS)
    @drafts.arguments(paper_schemas.AgreeSchema)
    @drafts.response(200, paper_schemas.DraftCertificatesSchema)
    def put(self, command: dict[str, Any], draft_id: str) -> Any:
        """Say which of them may be used for this case. Those that may not are asked for as materials."""
        decided = command["certificates"]
        with current_database().read() as session:
            account = owner_of_draft(draft_id, session)
            draft = slot_views.draft_of(draft_id, account, session)
            offered = slot_views.offered(draft_id, session)
        if unknown := sorted(decided.keys() - offered.keys()):
            raise NoSuchSlot(unknown[0])
        consents = {
            "matter": draft_id,
            "procedure": draft.procedure,
            "certificates": {offered[code]: given for code, given in decided.items()},
        }
        answer = means().identity.agree(dict(request.headers), consents)
        with current_database().transaction() as uow:
            if answer is not None:
                certificates.decide(draft_id, account, decided, answer["items"], uow)
            return _offered(draft_id, answer is not None, uow)


def _offered(draft_id: str, library: bool, uow: UnitOfWork) -> dict[str, Any]:
    uses = certificates.uses_of(uow, certificate_use.c.draft_id == draft_id)
    return {"library": library, "items": [slot_views.certificate_view(use, uow.now) for use in uses]}


@drafts.route("/prefill/<code>")
class Prefill(MethodView):
    @requires(*APPLICANTS)
    @drafts.response(200, paper_schemas.PrefillSchema)
    def get(self, code: str) -> Any:
        """What is known of the caller for this form, each with its origin. The reading is written down."""
        owner = owner_for(code)
        known, _ = _known(code)
        with current_database().transaction() as uow:
            prefill.write_down(code, owner, known, uow, reader=caller().account_id)
        return {
            "purpose": prefill.PURPOSE,
            "consent": prefill.CONSENT,
            "items": [{"field": n, "value": k.value, "origin": k.origin()} for n, k in known.items()],
        }


def _known(code: str) -> tuple[Mapping[str, KnownField], list[Any] | None]:
    """What the form can be filled in with, and the certificates for its materials; None: nobody answered."""
    with current_database().read() as session:
        procedure = replica.open_procedure(code, session).procedure
    about = means().identity.known(dict(request.headers), prefill.asked_of_identity(procedure))
    with current_database().read() as session:
        known = prefill.known_fields(procedure, caller().principal, about, session)
    return known, None if about is None else list(about.get("certificates", ()))
