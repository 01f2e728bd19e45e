"""What asks the department's head, what the head decides, and supervision."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView

from chassis.auth import Caller
from chassis.web import (
    Blueprint,
    caller,
    current_database,
    current_session,
    current_uow,
    own_department,
    reads,
    requires,
    writes,
)
from services.approval import handlers, queries, schemas
from services.approval.problems import not_the_head
from services.approval.web.branches import HEAD, OFFICER, shown

SUPERVISOR = "supervisor"

heads = Blueprint("head", __name__, description="Extensions, second signatures, supervision.")


def _head() -> tuple[Caller, str]:
    """The caller, if it decides as its department's head, and the department."""
    who = caller()
    department, uow = own_department(), current_uow()
    if not handlers.may_sign(who.account_id, who.roles, department, uow.session, uow.now):
        raise not_the_head()
    return who, department


@heads.route("/head")
class Desk(MethodView):
    @reads
    @requires(HEAD, OFFICER)
    @heads.response(200, schemas.HeadDeskSchema)
    def get(self) -> Any:
        """What waits for the head, what is late and who has it, and the next days' load."""
        who, session = caller(), current_session()
        now = current_database().now(session)
        if not handlers.may_sign(who.account_id, who.roles, own_department(), session, now):
            raise not_the_head()
        return queries.head_desk(own_department(), session, now)


@heads.route("/branches/<branch_no>/extension")
class Extension(MethodView):
    @writes(idempotent=True)
    @requires(OFFICER)
    @heads.arguments(schemas.ExtensionSchema)
    @heads.response(200, schemas.BranchSchema)
    def post(self, command: dict[str, Any], branch_no: str) -> Any:
        """Ask the head for more days, once, with a reason the applicant is told (art. 42)."""
        who = caller()
        handlers.ask_extension(
            branch_no, command["days"], command["reason"], who.account_id, own_department(), current_uow()
        )
        return shown(branch_no)


@heads.route("/branches/<branch_no>/extension/decision")
class ExtensionDecision(MethodView):
    @writes(idempotent=True)
    @requires(HEAD, OFFICER)
    @heads.arguments(schemas.ExtensionDecisionSchema)
    @heads.response(200, schemas.BranchSchema)
    def post(self, command: dict[str, Any], branch_no: str) -> Any:
        """Approve the days asked for, and both dates move; or refuse."""
        who, department = _head()
        handlers.decide_extension(
            branch_no, command["approved"], command["reason"], who.account_id, department, current_uow()
        )
        return shown(branch_no)


@heads.route("/branches/<branch_no>/signature")
class Signature(MethodView):
    @writes(idempotent=True)
    @requires(HEAD, OFFICER)
    @heads.arguments(schemas.SignatureSchema)
    @heads.response(200, schemas.BranchSchema)
    def post(self, command: dict[str, Any], branch_no: str) -> Any:
        """Sign a refusal, and it takes effect; or send it back to the officer."""
        who, department = _head()
        handlers.decide_signature(
            branch_no, command["signed"], command["reason"], who.account_id, department, current_uow()
        )
        return shown(branch_no)


@heads.route("/supervisions")
class Supervisions(MethodView):
    @reads
    @requires(SUPERVISOR, HEAD, OFFICER)
    @heads.response(200, schemas.SupervisionsSchema)
    def get(self) -> Any:
        """Records that aren't closed: the supervisor's of all departments, the department's own."""
        who = caller()
        of = None if SUPERVISOR in who.roles else own_department()
        return {"items": queries.supervisions(of, current_session())}


@heads.route("/supervisions/<branch_no>/answer")
class SupervisionAnswer(MethodView):
    @writes(idempotent=True)
    @requires(HEAD, OFFICER)
    @heads.arguments(schemas.SupervisionAnswerSchema)
    @heads.response(200, schemas.SupervisionSchema)
    def post(self, command: dict[str, Any], branch_no: str) -> Any:
        """The written answer, by the one who is named or by the head."""
        who, uow = caller(), current_uow()
        department = own_department()
        is_head = handlers.may_sign(who.account_id, who.roles, department, uow.session, uow.now)
        found = handlers.answer_supervision(
            branch_no, command["answer"], who.account_id, is_head, department, uow
        )
        return queries.supervision_view(found)


@heads.route("/supervisions/<branch_no>/close")
class SupervisionClose(MethodView):
    @writes(idempotent=True)
    @requires(SUPERVISOR)
    @heads.response(200, schemas.SupervisionSchema)
    def post(self, branch_no: str) -> Any:
        """Take the written answer."""
        found = handlers.close_supervision(branch_no, caller().account_id, current_uow())
        return queries.supervision_view(found)
