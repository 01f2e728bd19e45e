"""What officers and departments' systems do with branches, and who reads them."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from sqlalchemy.orm import Session

from chassis.auth import Caller, check_scope
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
from services.approval import handlers, queries, schemas

OFFICER, HEAD = "officer", "approver"
DEPARTMENTS = (OFFICER, "department_system")
READERS = (*DEPARTMENTS, HEAD)
APPLICANTS = ("person", "firm")

inboxes = Blueprint("inbox", __name__, description="What a department has to do.")
branches = Blueprint("branches", __name__, description="One department's part of a case.")
cases = Blueprint("cases", __name__, description="All departments together.")


def _officer(who: Caller) -> str | None:
    """The account that must hold the claim; a department's system needs none."""
    return who.account_id if OFFICER in who.roles else None


def shown(branch_no: str) -> dict[str, Any]:
    """The branch as it stands after the request at hand."""
    uow = current_uow()
    uow.session.flush()
    return queries.branch_for(branch_no, caller().department, uow.session, uow.now)


@inboxes.route("/inbox")
class Inbox(MethodView):
    @reads
    @requires(*READERS)
    @inboxes.arguments(schemas.InboxQuerySchema, location="query")
    @inboxes.response(200, schemas.InboxSchema)
    def get(self, query: dict[str, Any]) -> Any:
        """The department's branches, what is due first on top."""
        session = current_session()
        now = current_database().now(session)
        return queries.inbox(caller().department, query.get("status"), query.get("cursor"), session, now)


@inboxes.route("/inbox/next")
class Next(MethodView):
    @writes(idempotent=True)
    @requires(OFFICER)
    @inboxes.response(200, schemas.BranchSchema)
    def post(self) -> Any:
        """Claim what is due by law first of all that nobody has."""
        who = caller()
        return shown(handlers.take_next(who.account_id, who.department or "", current_uow()).branch_no)


@branches.route("/branches/answers")
class Answers(MethodView):
    @writes(idempotent=True)
    @requires(OFFICER)
    @branches.arguments(schemas.AnswerManySchema)
    @branches.response(200, schemas.OutcomesSchema)
    def post(self, command: dict[str, Any]) -> Any:
        """Answer up to 100 alike, each on its own; what somebody else took meanwhile is named."""
        who = caller()
        numbers = command.pop("branch_nos")
        done = handlers.answer_many(numbers, command, who.account_id, who.department or "", current_uow())
        return {"results": [result._asdict() for result in done]}


@branches.route("/branches/<branch_no>")
class OneBranch(MethodView):
    @reads
    @requires(*READERS)
    @branches.response(200, schemas.BranchSchema)
    def get(self, branch_no: str) -> Any:
        """One branch, with the words of its answer."""
        session = current_session()
        return queries.branch_for(branch_no, caller().department, session, current_database().now(session))


@branches.route("/branches/<branch_no>/claim")
class Claim(MethodView):
    @writes(idempotent=True)
    @requires(OFFICER)
    @branches.response(200, schemas.BranchSchema)
    def post(self, branch_no: str) -> Any:
        """Take it: nobody else works on it until it is released or answered."""
        who = caller()
        handlers.claim(branch_no, who.account_id, who.department, current_uow())
        return shown(branch_no)


@branches.route("/branches/<branch_no>/release")
class Release(MethodView):
    @writes(idempotent=True)
    @requires(OFFICER)
    @branches.response(200, schemas.BranchSchema)
    def post(self, branch_no: str) -> Any:
        """Give it back to the department's inbox."""
        who = caller()
        handlers.release(branch_no, who.account_id, who.department, current_uow())
        return shown(branch_no)


@branches.route("/branches/<branch_no>/answer")
class Answer(MethodView):
    @writes(idempotent=True)
    @requires(*DEPARTMENTS)
    @branches.arguments(schemas.AnswerSchema)
    @branches.response(200, schemas.BranchSchema)
    def post(self, command: dict[str, Any], branch_no: str) -> Any:
        """Agree, refuse, ask for correction (everything once), or say who is competent instead."""
        who, uow = caller(), current_uow()
        officer, department = _officer(who), who.department or ""
        if command["answer"] == "ask_correction":
            requests = command["requests"]
            handlers.ask_correction(branch_no, requests, who.account_id, officer, department, uow)
        else:
            handlers.answer(branch_no, command, who.account_id, officer, department, uow)
        if command["answer"] == "not_competent":
            competent = command["competent_department"]
            return {"branch_no": branch_no, "status": "open", "department": competent}
        return shown(branch_no)


@branches.route("/branches/<branch_no>/suspend")
class Suspend(MethodView):
    @writes(idempotent=True)
    @requires(*DEPARTMENTS)
    @branches.arguments(schemas.SuspendSchema)
    @branches.response(200, schemas.BranchSchema)
    def post(self, command: dict[str, Any], branch_no: str) -> Any:
        """Stop both clocks while a hearing, an inspection, a test … runs (art. 45)."""
        who, uow = caller(), current_uow()
        handlers.suspend(
            branch_no,
            command["ground"],
            command["reason"],
            _officer(who),
            who.department or "",
            uow,
            command.get("expected_end"),
        )
        return shown(branch_no)


@branches.route("/branches/<branch_no>/resume")
class Resume(MethodView):
    @writes(idempotent=True)
    @requires(*DEPARTMENTS)
    @branches.response(200, schemas.BranchSchema)
    def post(self, branch_no: str) -> Any:
        """What stopped the clocks is over."""
        handlers.resume(branch_no, caller().department or "", current_uow())
        return shown(branch_no)


@cases.route("/cases/<number>")
class OneCase(MethodView):
    @reads
    @requires(*APPLICANTS, *READERS)
    @cases.response(200, schemas.CaseSchema)
    def get(self, number: str) -> Any:
        """All branches with their public opinions."""
        who, session = caller(), current_session()
        now = current_database().now(session)
        return queries.case_for(number, _owner_of(number, session), who.department, session, now)


@cases.route("/corrections/<number>")
class Corrections(MethodView):
    @reads
    @requires(*APPLICANTS)
    @cases.response(200, schemas.CorrectionsSchema)
    def get(self, number: str) -> Any:
        """What the applicant still has to put right."""
        session = current_session()
        return queries.corrections_for(number, _owner_of(number, session), session)


def _owner_of(number: str, session: Session) -> str:
    """Whose the case has to be: the caller's, or the firm's acted for, within the agent's scope."""
    who = caller()
    if who.acting is not None and (code := queries.procedure_of(number, session)) is not None:
        check_scope(code)
    return who.principal
