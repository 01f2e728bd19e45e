"""Firms: whom one acts for, who acts for a firm, and the way there by invitation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from flask.views import MethodView

from chassis.ratelimit import Limit
from chassis.uow import UnitOfWork
from chassis.web import Blueprint, caller, current_uow, own, requires, writes
from services.identity import firm_queries, firm_schemas
from services.identity.domain.firms import NotAdministrator
from services.identity.handlers import firms as handlers
from services.identity.handlers.audit import write_down
from services.identity.problems import FIRM_REFUSALS

firms = Blueprint("firms", __name__, description="Firms and their agents 经办人.")

codes_tried = Limit("invitation", tries=5, pause=timedelta(minutes=5), longest=timedelta(hours=12))

T = TypeVar("T")


def _my_firm() -> str:
    """The firm the caller may administer: itself, or the one acted for. Raises `NotAdministrator`."""
    who = caller()
    allowed = who.acting.administrator if who.acting else who.kind == "firm"
    if not allowed:
        write_down(who.account_id, "refused_administration", [who.principal], current_uow())
        raise NotAdministrator(who.principal)
    return who.principal


def _written_down(act: Callable[[], T]) -> T:
    """Do it; what is refused is written down."""
    try:
        return act()
    except FIRM_REFUSALS as refused:
        who = caller()
        act_name = f"refused_{type(refused).__name__}"[:24]
        write_down(who.account_id, act_name, [who.principal], current_uow())
        raise


@firms.route("/me/firms")
class Mine(MethodView):
    @writes
    @requires(*own("person"))
    @firms.response(200, firm_schemas.Firms)
    def get(self) -> dict[str, Any]:
        """The firms the caller acts for now, how far and until when."""
        return {"items": firm_queries.firms_of(caller().account_id, current_uow())}


@firms.route("/me/firms/<agency_id>/renounce")
class Renounce(MethodView):
    @writes
    @requires(*own("person"))
    @firms.response(204)
    def post(self, agency_id: str) -> None:
        """Give it up. It counts everywhere within seconds."""
        _written_down(lambda: handlers.renounce(agency_id, caller().account_id, current_uow()))


@firms.route("/firm")
class Firm(MethodView):
    @writes
    @requires(*own("person", "firm"))
    @firms.response(200, firm_schemas.Firm)
    def get(self) -> dict[str, Any]:
        """The caller's firm, its members and invitations; for the firm itself and its administrators."""
        return firm_queries.firm_with_members(_my_firm(), caller().account_id, current_uow())


@firms.route("/firm/invitations")
class Invitations(MethodView):
    @writes(idempotent=True)
    @requires(*own("person", "firm"))
    @firms.arguments(firm_schemas.Invite)
    @firms.response(201, firm_schemas.WithCode)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Invite a person by name. The code is shown this once; it is good for seven days and one use."""
        uow = current_uow()
        made, code = handlers.invite(_my_firm(), **command, by=caller().account_id, uow=uow)
        return firm_queries.invited(made, uow) | {"code": code}


@firms.route("/firm/invitations/<invitation_id>/withdraw")
class Withdraw(MethodView):
    @writes
    @requires(*own("person", "firm"))
    @firms.response(204)
    def post(self, invitation_id: str) -> None:
        """Take an open invitation back."""
        firm, by = _my_firm(), caller().account_id
        _written_down(lambda: handlers.withdraw(firm, invitation_id, by, current_uow()))


@firms.route("/firm/agencies/<agency_id>/revoke")
class Revoke(MethodView):
    @writes
    @requires(*own("person", "firm"))
    @firms.response(204)
    def post(self, agency_id: str) -> None:
        """Take an agent's right back. It counts everywhere within seconds, on open pages too."""
        firm, by = _my_firm(), caller().account_id
        _written_down(lambda: handlers.revoke(firm, agency_id, by, current_uow()))


@firms.route("/invitations/look-up")
class LookUp(MethodView):
    @writes
    @requires(*own("person"))
    @firms.arguments(firm_schemas.InvitationCode)
    @firms.response(200, firm_schemas.Offered)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """What a code offers, for the person it was made for. Five wrong ones, then a wait."""
        return _by_code(handlers.look_up, command["code"], firm_queries.offered)


@firms.route("/invitations/accept")
class Accept(MethodView):
    @writes
    @requires(*own("person"))
    @firms.arguments(firm_schemas.InvitationCode)
    @firms.response(200, firm_schemas.Agency)
    def post(self, command: dict[str, Any]) -> Any:
        """Act for the firm from now on. Takes an own real-name level of L2."""
        return _by_code(handlers.accept, command["code"], firm_queries.agency)


@firms.route("/invitations/decline")
class Decline(MethodView):
    @writes
    @requires(*own("person"))
    @firms.arguments(firm_schemas.InvitationCode)
    @firms.response(200, firm_schemas.Offered)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Say no: the code is used up."""
        return _by_code(handlers.decline, command["code"], firm_queries.offered)


def _by_code(
    act: Callable[[str, str, UnitOfWork], T], code: str, show: Callable[[T, UnitOfWork], dict[str, Any]]
) -> dict[str, Any]:
    uow, person = current_uow(), caller().account_id
    codes_tried.take(uow, person)
    found = _written_down(lambda: act(code, person, uow))
    codes_tried.clear(uow, person)
    return show(found, uow)
