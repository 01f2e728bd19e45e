"""Applications for their applicants, the desk, the departments, and everybody with a query code."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from sqlalchemy.orm import Session

from chassis.problems import Problem
from chassis.ratelimit import Limit
from chassis.web import (
    Blueprint,
    caller,
    current_database,
    current_session,
    current_uow,
    of_department,
    own,
    public,
    reads,
    requires,
    writes,
)
from services.intake import handlers, paper_schemas, queries, replica, schemas
from services.intake.domain import Application
from services.intake.handlers.signing import check_signed
from services.intake.numbers import is_application_no, is_query_code, query_code
from services.intake.web.owner import acted, check_may_file, owner_for, owner_of_application, scope

APPLICANTS = own("person", "firm")
(DESK,) = of_department("acceptance_clerk")
DEPARTMENTS = of_department("officer", "department_system")
OVERSEERS, (HEAD,) = ("leader", "supervisor"), of_department("approver")

applications = Blueprint("applications", __name__, description="Filing, and what became of it.")
desk = Blueprint("acceptance", __name__, description="Acceptance 受理 at the desk.")
departments = Blueprint("dossiers", __name__, description="What departments may read.")

library = Blueprint("licences", __name__, description="What stands on licences, for the certificate library.")

PARTS = (applications, desk, departments, library)

look_ups = Limit("progress", tries=5)


def receipt_of(filed: Application | str, session: Session, master_key: bytes) -> dict[str, Any]:
    """Number, query code and what happened so far; of an application or of the one with this number."""
    found = session.get_one(Application, filed) if isinstance(filed, str) else filed
    number = found.application_no
    return {
        "application_no": number,
        "query_code": query_code(master_key, number),
        "status": found.status,
        "procedure": found.procedure,
        "version": found.version,
        "title": replica.known_procedure(found.procedure, found.version, session).procedure.title,
        "submitted_at": found.submitted_at,
        "acceptance_due": found.acceptance_due,
        "accepted_at": found.accepted_at,
    }


def _shown(found: Application) -> dict[str, Any]:
    """The state after a step, for its answer."""
    return queries.view(found, current_session())


@applications.route("/applications")
class Applications(MethodView):
    @writes(idempotent=True)
    @requires(*APPLICANTS)
    @applications.arguments(schemas.SubmitSchema)
    @applications.response(201, schemas.ReceiptSchema)
    def post(self, command: dict[str, Any]) -> Any:
        """File an application: an item or a package, by one form."""
        who, uow = caller(), current_uow()
        owner = owner_for(command["procedure"])
        check_may_file(command["procedure"], uow.session)
        check_signed(replica.open_procedure(command["procedure"], uow.session).procedure, command["form"], ())
        found = handlers.submit(
            command["procedure"],
            command["form"],
            command["channel"],
            owner,
            who.principal_kind,
            uow,
            filed_by=who.agent,
        )
        receipt = receipt_of(found, uow.session, uow.master_key)
        return receipt, {"Location": f"/api/intake/applications/{found.application_no}"}

    @reads
    @requires(*APPLICANTS)
    @applications.arguments(schemas.PageSchema, location="query")
    @applications.response(200, schemas.ApplicationsSchema)
    def get(self, query: dict[str, Any]) -> Any:
        """My applications, newest first."""
        return queries.mine(caller().principal, query.get("cursor"), current_session(), scope())


@applications.route("/applications/<number>")
class OneApplication(MethodView):
    @reads
    @requires(*APPLICANTS, DESK, *DEPARTMENTS, scope="dossiers")
    @applications.response(200, schemas.ApplicationSchema)
    def get(self, number: str) -> Any:
        """Where it is: for the applicant and the departments that take part."""
        who, session = caller(), current_session()
        owner = owner_of_application(number, session)
        found = queries.application_for(number, owner, who.department, session)
        return queries.view(found, session)


@applications.route("/applications/<number>/overview")
class Overview(MethodView):
    @reads
    @requires(*OVERSEERS, HEAD)
    @applications.response(200, schemas.OverviewSchema)
    def get(self, number: str) -> Any:
        """How a case stands, for leaders and supervision; for a head where their department takes part."""
        who = caller()
        everywhere = who.is_any(*OVERSEERS)
        return queries.overseen(number, None if everywhere else who.department or "", current_session())


@applications.route("/applications/<number>/receipt")
class Receipt(MethodView):
    @reads
    @requires(*APPLICANTS)
    @applications.response(200, schemas.ReceiptSchema)
    def get(self, number: str) -> Any:
        """The proof of filing, for who filed."""
        session = current_session()
        found = queries.own_application(number, owner_of_application(number, session), session)
        return receipt_of(found, session, current_database().config.master_key)


@applications.route("/applications/<number>/form")
class Form(MethodView):
    @writes
    @requires(*APPLICANTS, DESK)
    @applications.response(200, schemas.FormSchema)
    def get(self, number: str) -> Any:
        """What was filled in: for the applicant, and (written down) for the desk that checks it."""
        who, uow = caller(), current_uow()
        owner = owner_of_application(number, uow.session)
        found = queries.form_for(number, owner, who.department, uow.session)
        if who.department is not None:
            handlers.note_reading(number, None, who.account_id, who.department, uow)
        return found


@applications.route("/applications/<number>/resubmit")
class Resubmit(MethodView):
    @writes(idempotent=True)
    @requires(*APPLICANTS)
    @applications.arguments(schemas.ResubmitSchema)
    @applications.response(202, schemas.ApplicationSchema)
    def post(self, command: dict[str, Any], number: str) -> Any:
        """File again after it was returned for correction."""
        uow = current_uow()
        found = handlers.resubmit(number, command["form"], owner_of_application(number, uow.session), uow)
        acted("resubmit", number, uow)
        return _shown(found)


@applications.route("/applications/<number>/corrections")
class Corrections(MethodView):
    @writes(idempotent=True)
    @requires(*APPLICANTS)
    @applications.arguments(schemas.CorrectSchema)
    @applications.response(202, schemas.ApplicationSchema)
    def post(self, command: dict[str, Any], number: str) -> Any:
        """Supply what a department asked for."""
        uow = current_uow()
        found = handlers.correct(
            number,
            command["branch_no"],
            command["changes"],
            command["note"].strip(),
            owner_of_application(number, uow.session),
            uow,
        )
        acted("correct", number, uow)
        return _shown(found)


@applications.route("/applications/<number>/withdraw")
class Withdraw(MethodView):
    @writes(idempotent=True)
    @requires(*APPLICANTS)
    @applications.response(202, schemas.ApplicationSchema)
    def post(self, number: str) -> Any:
        """Withdraw. Before acceptance it ends at once, after it as soon as the departments have stopped."""
        uow = current_uow()
        found = handlers.withdraw(number, owner_of_application(number, uow.session), uow)
        acted("withdraw", number, uow)
        return _shown(found)


@applications.route("/progress")
class Progress(MethodView):
    @writes
    @public
    @applications.arguments(schemas.ProgressQuerySchema)
    @applications.response(200, schemas.ProgressSchema)
    def post(self, command: dict[str, Any]) -> Any:
        """Progress by case number and query code, without an account. Five wrong tries, then a wait."""
        number = command["application_no"].strip().upper()
        code = command["query_code"].strip().upper()
        if not is_application_no(number):
            raise _no_such_pair()
        uow = current_uow()
        look_ups.take(uow, number)
        found = queries.by_number(number, uow.session)
        if not is_query_code(uow.master_key, number, code) or found is None:
            raise _no_such_pair()
        look_ups.clear(uow, number)
        return queries.view(found, uow.session)


def _no_such_pair() -> Problem:
    return Problem(
        404,
        "not-found",
        zh="编号和查询码对不上,请照回执再核对一遍。",
        en="Number and query code don't match; please compare with the receipt.",
        keep=True,
    )


@desk.route("/acceptance")
class Acceptance(MethodView):
    @reads
    @requires(DESK)
    @desk.arguments(schemas.PageSchema, location="query")
    @desk.response(200, schemas.ApplicationsSchema)
    def get(self, query: dict[str, Any]) -> Any:
        """What the caller's department has to accept, return or refuse, the most urgent first."""
        return queries.at_desk(caller().department, query.get("cursor"), current_session())


@desk.route("/applications/<number>/accept")
class Accept(MethodView):
    @writes(idempotent=True)
    @requires(DESK)
    @desk.response(200, schemas.ApplicationSchema)
    def post(self, number: str) -> Any:
        """Accept: every department's part may begin."""
        who = caller()
        return _shown(handlers.accept(number, who.department, who.account_id, current_uow()))


@desk.route("/applications/<number>/return")
class Return(MethodView):
    @writes(idempotent=True)
    @requires(DESK)
    @desk.arguments(schemas.ReturnSchema)
    @desk.response(200, schemas.ApplicationSchema)
    def post(self, command: dict[str, Any], number: str) -> Any:
        """Return for correction, everything told at once."""
        who = caller()
        return _shown(
            handlers.return_for_correction(
                number, command["reasons"], who.department, who.account_id, current_uow()
            )
        )


@desk.route("/applications/<number>/refuse")
class Refuse(MethodView):
    @writes(idempotent=True)
    @requires(DESK)
    @desk.arguments(schemas.RefuseSchema)
    @desk.response(200, schemas.ApplicationSchema)
    def post(self, command: dict[str, Any], number: str) -> Any:
        """Not accepted: no licence is needed, somebody else is competent, or it stays incomplete."""
        who = caller()
        return _shown(
            handlers.refuse(
                number,
                command["ground"],
                command["competent_department"],
                command["reason"],
                who.department,
                who.account_id,
                current_uow(),
            )
        )


@departments.route("/dossiers/<branch_no>")
class Dossier(MethodView):
    @writes
    @requires(*DEPARTMENTS, scope="dossiers")
    @departments.response(200, schemas.DossierSchema)
    def get(self, branch_no: str) -> Any:
        """Exactly what the branch's item declares its department needs. Each reading is written down."""
        who, uow = caller(), current_uow()
        found = queries.dossier(branch_no, who.department, uow.session)
        _note_readings([found])
        return found


@departments.route("/dossiers")
class Dossiers(MethodView):
    @writes
    @requires(*DEPARTMENTS, scope="dossiers")
    @departments.arguments(schemas.DossiersQuerySchema, location="query")
    @departments.response(200, schemas.DossiersSchema)
    def get(self, query: dict[str, Any]) -> Any:
        """Up to 100 dossiers at once; those that may not be read now are left out."""
        found = queries.dossiers(query["branches"], caller().department, current_session())
        _note_readings(found)
        return {"items": found}


def _note_readings(dossiers: list[dict[str, Any]]) -> None:
    who, uow = caller(), current_uow()
    for found in dossiers:
        handlers.note_reading(
            found["application_no"], found["branch_no"], who.account_id, who.department or "", uow
        )


@library.route("/licences/<branch_no>")
class LicenceContents(MethodView):
    @reads
    @requires("certificate_library")
    @library.arguments(paper_schemas.LicenceQuerySchema, location="query")
    @library.response(200, paper_schemas.LicenceContentsSchema)
    def get(self, query: dict[str, Any], branch_no: str) -> Any:
        """What stands on the licence this branch has issued, of the elements asked for."""
        return queries.licence_contents(branch_no, query["fields"], current_session())
