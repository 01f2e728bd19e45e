"""What makes a desk one's own: absence, templates, saved filters."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask.views import MethodView

from chassis.access import own as things_of_ones_own
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
from services.approval import handlers, queries, replica, schemas
from services.approval.problems import name_too_long, not_the_head
from services.approval.web.branches import HEAD, OFFICER

MINE = things_of_ones_own("officer")

own = Blueprint("own", __name__, description="Absence, templates, saved filters.")


@own.route("/colleagues")
class Colleagues(MethodView):
    @reads
    @requires(HEAD, OFFICER)
    @own.response(200, schemas.ColleaguesSchema)
    def get(self) -> Any:
        """Accounts of the department's officers and heads."""
        session, department = current_session(), own_department()
        found = replica.staff_of(department, session, OFFICER) | replica.staff_of(department, session, HEAD)
        return {"items": sorted(found)}


@own.route("/delegations")
class Delegations(MethodView):
    @reads
    @requires(HEAD, OFFICER)
    @own.response(200, schemas.DelegationsSchema)
    def get(self) -> Any:
        """Who stands in for whom in the department, now and later."""
        session = current_session()
        now = current_database().now(session)
        return {"items": queries.delegations(own_department(), session, now)}

    @writes(idempotent=True)
    @requires(HEAD, OFFICER)
    @own.arguments(schemas.NewDelegationSchema)
    @own.response(201, schemas.DelegationsSchema)
    def post(self, command: dict[str, Any]) -> Any:
        """An officer names who stands in; for somebody else only the head does."""
        who, uow = caller(), current_uow()
        absent = command.get("absent", who.account_id)
        if absent != who.account_id and HEAD not in who.roles:
            raise not_the_head()
        department = own_department()
        handlers.delegate(
            str(uuid4()),
            absent,
            command["delegate"],
            command["begins"],
            command["ends"],
            who.account_id,
            department,
            uow,
        )
        return {"items": queries.delegations(department, uow.session, uow.now)}


@own.route("/delegations/<id>/end")
class DelegationEnd(MethodView):
    @writes(idempotent=True)
    @requires(HEAD, OFFICER)
    @own.response(200, schemas.DelegationsSchema)
    def post(self, id: str) -> Any:
        """Back earlier than thought."""
        who, uow = caller(), current_uow()
        department = own_department()
        handlers.end_delegation(id, who.account_id, department, HEAD in who.roles, uow)
        return {"items": queries.delegations(department, uow.session, uow.now)}


@own.route("/templates")
class Templates(MethodView):
    @reads
    @requires(HEAD, OFFICER)
    @own.response(200, schemas.TemplatesSchema)
    def get(self) -> Any:
        """The department's templates for opinions and one's own."""
        who = caller()
        return {"items": queries.templates(who.account_id, own_department(), current_session())}

    @writes(idempotent=True)
    @requires(HEAD, OFFICER)
    @own.arguments(schemas.NewTemplateSchema)
    @own.response(201, schemas.TemplatesSchema)
    def post(self, command: dict[str, Any]) -> Any:
        """Keep one for oneself; for the whole department only the head does."""
        who, uow = caller(), current_uow()
        shared = command.pop("shared")
        if shared and HEAD not in who.roles:
            raise not_the_head()
        owner = None if shared else who.account_id
        handlers.keep_template(str(uuid4()), command, owner, own_department(), uow)
        return {"items": queries.templates(who.account_id, own_department(), uow.session)}


@own.route("/templates/<id>")
class OneTemplate(MethodView):
    @writes
    @requires(HEAD, OFFICER)
    @own.response(204)
    def delete(self, id: str) -> None:
        """Forget a template."""
        who = caller()
        handlers.drop_template(id, who.account_id, own_department(), HEAD in who.roles, current_uow())


@own.route("/filters")
class Filters(MethodView):
    @reads
    @requires(*MINE)
    @own.response(200, schemas.FiltersSchema)
    def get(self) -> Any:
        """One's saved filters."""
        return {"items": queries.filters(caller().account_id, current_session())}


@own.route("/filters/<name>")
class OneFilter(MethodView):
    @writes
    @requires(*MINE)
    @own.arguments(schemas.FilterQuerySchema)
    @own.response(200, schemas.FiltersSchema)
    def put(self, query: dict[str, Any], name: str) -> Any:
        """Keep a filter under a name, in place of an earlier one of that name."""
        if len(name) > schemas.LONGEST_NAME:
            raise name_too_long()
        handlers.keep_filter(caller().account_id, name, query, current_uow())
        return {"items": queries.filters(caller().account_id, current_session())}

    @writes
    @requires(*MINE)
    @own.response(204)
    def delete(self, name: str) -> None:
        """Forget a filter."""
        handlers.drop_filter(caller().account_id, name, current_uow())
