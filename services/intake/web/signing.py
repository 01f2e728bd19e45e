"""Co-signing 多方签署: the applicant sends a draft round, those invited sign or object."""

from __future__ import annotations

import secrets
from typing import Any

from flask.views import MethodView

from chassis.problems import not_found
from chassis.ratelimit import Limit
from chassis.web import (
    Blueprint,
    caller,
    current_database,
    current_session,
    current_uow,
    own,
    reads,
    requires,
    writes,
)
from services.intake import queries, signing_schemas, signing_views, slot_views
from services.intake.domain import Draft
from services.intake.domain.signing import LEVEL, SigningRound, UnknownSigning
from services.intake.handlers import drafts, note_reading, signing
from services.intake.web.applications import APPLICANTS, DEPARTMENTS, DESK
from services.intake.web.drafts import seen_revision
from services.intake.web.materials import download
from services.intake.web.means import means, own_among
from services.intake.web.owner import acted, check_may_file_draft, owner_of_application, owner_of_draft

signings = Blueprint("signing", __name__, description="Signatures of all concerned, before filing.")
SIGNERS = own("person")
guesses = Limit("signer", tries=10)
TOKEN_BYTES = 24


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


@signings.route("/drafts/<draft_id>/signing")
class Signing(MethodView):
    @reads
    @requires(*APPLICANTS)
    @signings.response(200, signing_schemas.SigningSchema)
    def get(self, draft_id: str) -> Any:
        """Who has to sign my draft, and who has."""
        session = current_session()
        found = slot_views.draft_of(draft_id, owner_of_draft(draft_id, session), session)
        return signing_views.round_of(found, session)

    @requires(*APPLICANTS)
    @signings.arguments(signing_schemas.StartSigningSchema)
    @signings.response(201, signing_schemas.SigningSchema)
    def post(self, command: dict[str, Any], draft_id: str) -> Any:
        """Send my draft round as it stands, by If-Match; everything wrong with it is told first. The
        applicant's own signature is given by sending."""
        who, seen = caller(), seen_revision()
        with current_database().transaction() as uow:
            owner = owner_of_draft(draft_id, uow.session)
            draft = slot_views.draft_of(draft_id, owner, uow.session)
            check_may_file_draft(draft_id, uow.session)
            numbers = [p.id_number for p in signing.people_of(draft, uow)]
        number, level = own_among(numbers)
        if level < LEVEL:
            number = None
        with current_database().transaction() as uow:
            made = drafts.send_round(
                draft_id,
                seen,
                owner,
                who.principal_kind,
                who.agent,
                (number, who.account_id, level),
                command["phones"],
                new_token,
                uow,
            )
            acted("send_round", draft_id, uow)
            uow.session.flush()
            return signing_views.round_of(uow.session.get_one(Draft, made.draft_id), uow.session)

    @requires(*APPLICANTS)
    @signings.response(204)
    def delete(self, draft_id: str) -> None:
        """Take it back; what was signed no longer counts."""
        with current_database().transaction() as uow:
            drafts.locked(draft_id, owner_of_draft(draft_id, uow.session), uow)
            signing.end_running(draft_id, "withdrawn", uow)


@signings.route("/drafts/<draft_id>/signing/<signer_id>/again")
class Again(MethodView):
    @requires(*APPLICANTS)
    @signings.response(202, signing_schemas.SigningSchema)
    def post(self, draft_id: str, signer_id: str) -> Any:
        """Send somebody another link; the one before leads nowhere."""
        with current_database().transaction() as uow:
            draft = drafts.locked(draft_id, owner_of_draft(draft_id, uow.session), uow)
            running = signing.running_round(draft_id, uow)
            if running is None:
                raise UnknownSigning(draft_id)
            signing.invite_again(running, signer_id, new_token, uow)
            uow.session.flush()
            return signing_views.round_of(draft, uow.session)


@signings.route("/invitations/<token>")
class Invitation(MethodView):
    @requires(*SIGNERS)
    @signings.response(200, signing_schemas.InvitationSchema)
    def get(self, token: str) -> Any:
        """What I was invited to sign. For the person it names alone, with number and name checked (L2)."""
        is_same, level = _checked(token)
        with current_database().transaction() as uow:
            found, one = signing.by_token(token, uow)
            signing.check_person(one, is_same, level, LEVEL)
            signing.is_still(found, uow)
            uow.session.flush()
            return signing_views.invitation(found, one, uow.session)


@signings.route("/invitations/<token>/sign")
class Sign(MethodView):
    @requires(*SIGNERS)
    @signings.response(200, signing_schemas.AnsweredSchema)
    def post(self, token: str) -> Any:
        """Sign what goes round. With the last signature it is filed."""
        is_same, level = _checked(token)
        with current_database().transaction() as uow:
            found, one = drafts.sign(token, is_same, caller().account_id, level, uow)
            return _answered(found, one.state)


@signings.route("/invitations/<token>/object")
class Object(MethodView):
    @requires(*SIGNERS)
    @signings.arguments(signing_schemas.ObjectSchema)
    @signings.response(200, signing_schemas.AnsweredSchema)
    def post(self, command: dict[str, Any], token: str) -> Any:
        """Don't agree: the round is over, and the applicant reads why."""
        is_same, level = _checked(token)
        with current_database().transaction() as uow:
            found, one = signing.by_token(token, uow)
            signing.check_person(one, is_same, level, LEVEL)
            signing.object_to(found, one, caller().account_id, level, command["reason"], uow)
            return _answered(found, one.state)


@signings.route("/invitations/<token>/files/<material_id>")
class File(MethodView):
    @requires(*SIGNERS)
    @signings.response(200, content_type="application/octet-stream")
    def get(self, token: str, material_id: str) -> Any:
        """One of the files that go round."""
        is_same, level = _checked(token)
        with current_database().transaction() as uow:
            found, one = signing.by_token(token, uow)
            signing.check_person(one, is_same, level, LEVEL)
            files = {m.material_id: m for m in signing_views.files_of(found, uow.session)}
        if material_id not in files:
            raise not_found()
        file = files[material_id]
        return download(file.file_name, file.media_type, means().vault.get(file.digest))


@signings.route("/signers/<signer_id>")
class ToSend(MethodView):
    @reads
    @requires("contact_reader")
    @signings.response(200, signing_schemas.ToSendSchema)
    def get(self, signer_id: str) -> Any:
        """Phone and link of an open invitation, for the service that sends it."""
        found = signing_views.to_send(signer_id, current_session())
        if found is None:
            raise not_found()
        return found


@signings.route("/applications/<number>/signatures")
class Signatures(MethodView):
    @writes
    @requires(*APPLICANTS, DESK, *DEPARTMENTS, scope="dossiers")
    @signings.response(200, signing_schemas.SignaturesSchema)
    def get(self, number: str) -> Any:
        """Who signed before it was filed, as which, when, and what (its SHA-256). Each reading by a
        department is written down."""
        who, uow = caller(), current_uow()
        owner = owner_of_application(number, uow.session)
        found = queries.application_for(number, owner, who.department, uow.session)
        branch_no = signing_views.reading_branch(found, who.department)
        signed = signing_views.signatures(number, uow.session)
        if who.department is not None and signed:
            note_reading(number, branch_no, who.account_id, who.department, uow)
        return {"items": signed}


def _checked(token: str) -> tuple[bool, int]:
    """Whether the caller is who was invited, and the caller's level. Guessed links are counted."""
    with current_database().transaction() as uow:
        guesses.take(uow, caller().account_id)
    with current_database().transaction() as uow:
        _, one = signing.by_token(token, uow)
        number = one.id_number
        guesses.clear(uow, caller().account_id)
    own_number, level = own_among([number])
    return own_number == number, level


def _answered(found: SigningRound, state: str) -> dict[str, Any]:
    return {"state": state, "outcome": found.outcome, "application_no": found.application_no}
