"""A copy of one's own data, and the end of an account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask.views import MethodView

from chassis.web import Blueprint, caller, current_database, current_uow, own, requires, writes
from services.identity import own_data_schemas as schemas
from services.identity import passwords, queries
from services.identity.guesses import WrongPasswords
from services.identity.handlers import own_data as handlers
from services.identity.problems import no_password, wrong_password

own_data = Blueprint("own_data", __name__, description="A copy of one's own data; closing one's account.")

HOLDERS = own("person", "firm")
guesses = WrongPasswords("close", tries=5, pause=timedelta(seconds=30), longest=timedelta(hours=1))


@own_data.route("/me/export")
class Export(MethodView):
    @writes
    @requires(*HOLDERS)
    @own_data.response(200, schemas.Export)
    def get(self) -> Any:
        """All that identity keeps of the caller. Each copy is written down."""
        return handlers.copy_of(caller().account_id, current_uow())


@own_data.route("/me/closure")
class Closure(MethodView):
    @requires(*HOLDERS)
    @own_data.arguments(schemas.Closure)
    @own_data.response(200, schemas.Closed)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Close the account and erase who it was; by the password. It can't be undone."""
        database, mine = current_database(), caller().account_id
        with database.read() as session:
            account = queries.account(mine, session)
            kept = account.password_hash
            waiting = guesses.waiting(mine, session, database.now(session))
        if not account.has_password:
            raise no_password()
        right = not waiting and passwords.matches(kept, command["password"])
        with database.transaction() as uow:
            if right:
                guesses.clear(uow, mine)
                return handlers.close(mine, uow)
            guesses.take(uow, mine)
        raise wrong_password()
