"""Which third parties' systems may know what of somebody: given on the way to a sign-in, taken back later."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView

from chassis.problems import not_found
from chassis.web import (
    Blueprint,
    caller,
    current_database,
    current_session,
    current_uow,
    own,
    public,
    reads,
    requires,
    writes,
)
from services.identity import handlers, schemas
from services.identity.handlers import clients
from services.identity.problems import session_over

consents = Blueprint("consents", __name__, description="Third parties' systems that people sign in to.")


@consents.route("/clients/<client_id>")
class Clients(MethodView):
    @reads
    @public
    @consents.response(200, schemas.Client)
    def get(self, client_id: str) -> Any:
        """Who a client is, for the page that asks for consent."""
        found = clients.find_client(client_id, current_session(), current_database().config)
        if found is None or found.is_machine:
            raise not_found()
        return found


@consents.route("/consents")
class Consents(MethodView):
    @writes
    @public
    @consents.arguments(schemas.NewConsent)
    @consents.response(204)
    def post(self, command: dict[str, Any]) -> None:
        """Whoever keeps this browser lets the client know so much; remembered."""
        uow = current_uow()
        owner = handlers.browser_session(command["sso"], uow)
        if owner is None:
            raise session_over()
        client = clients.find_client(command["client_id"], uow.session, current_database().config)
        granted = client.allowed(command["scope"]) if client is not None else None
        if client is None or granted is None:
            raise not_found()
        clients.give_consent(owner[0].account_id, client, granted, uow)


@consents.route("/me/consents")
class MyConsents(MethodView):
    @reads
    @requires(*own("person", "firm", "staff"))
    @consents.response(200, schemas.Consents)
    def get(self) -> dict[str, Any]:
        """The systems of third parties the caller lets know something."""
        return {"items": clients.consents_of(caller().account_id, current_session())}


@consents.route("/me/consents/<client_id>")
class MyConsent(MethodView):
    @writes
    @requires(*own("person", "firm", "staff"))
    @consents.response(204)
    def delete(self, client_id: str) -> None:
        """Take it back: that system's refresh tokens end."""
        if not clients.withdraw_consent(caller().account_id, client_id, current_uow()):
            raise not_found()
