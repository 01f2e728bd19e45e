"""HTTP: ``/api/notification/hooks``. Each department's IT looks after its own webhooks.

No ``Idempotency-Key`` here: its answers are kept, and a secret is shown once.
"""

from __future__ import annotations

import secrets
from typing import Any
from uuid import uuid4

from flask.views import MethodView

from chassis.access import of_department
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
from services.notification.hooks import handlers, queries, schemas
from services.notification.hooks.domain import SECRET_BYTES, target_of, written

blp = Blueprint("hooks", __name__, description="Webhooks of departments, signed after Standard Webhooks.")
OF_ITS_DEPARTMENT = of_department("department_it")


@blp.route("/hooks")
class Hooks(MethodView):
    @reads
    @requires(*OF_ITS_DEPARTMENT)
    @blp.response(200, schemas.Hooks)
    def get(self) -> Any:
        """The department's webhooks and how far behind each is."""
        session = current_session()
        now = current_database().now(session)
        return {"items": queries.endpoints(own_department(), now, session)}

    @writes
    @requires(*OF_ITS_DEPARTMENT)
    @blp.arguments(schemas.NewHook)
    @blp.response(201, schemas.HookWithSecret)
    def post(self, command: dict[str, Any]) -> Any:
        """Point a new one somewhere. The secret it is signed with is shown this once."""
        target_of(command["url"])
        uow, department, secret = current_uow(), own_department(), _new_secret()
        made = str(uuid4())
        by = caller().account_id
        handlers.make(made, department, command["url"], command["events"], secret, by, uow)
        return queries.one(made, department, uow.now, uow.session) | {"secret": secret}


@blp.route("/hooks/<id>")
class Hook(MethodView):
    @reads
    @requires(*OF_ITS_DEPARTMENT)
    @blp.response(200, schemas.Hook)
    def get(self, id: str) -> Any:
        """One webhook."""
        session = current_session()
        return queries.one(id, own_department(), current_database().now(session), session)

    @writes
    @requires(*OF_ITS_DEPARTMENT)
    @blp.arguments(schemas.HookChange)
    @blp.response(200, schemas.Hook)
    def patch(self, command: dict[str, Any], id: str) -> Any:
        """Point it elsewhere, choose other events, pause it or take it up again."""
        if "url" in command:
            target_of(command["url"])
        uow, department = current_uow(), own_department()
        handlers.change(id, department, uow, **command)
        return queries.one(id, department, uow.now, uow.session)

    @writes
    @requires(*OF_ITS_DEPARTMENT)
    @blp.response(204)
    def delete(self, id: str) -> None:
        """Remove it, and with it what waits."""
        handlers.remove(id, own_department(), current_uow())


@blp.route("/hooks/<id>/secret")
class HookSecret(MethodView):
    @writes
    @requires(*OF_ITS_DEPARTMENT)
    @blp.response(200, schemas.HookWithSecret)
    def post(self, id: str) -> Any:
        """A new secret, shown this once. For 24 hours the one before signs as well."""
        uow, department, secret = current_uow(), own_department(), _new_secret()
        handlers.renew_secret(id, department, secret, uow)
        return queries.one(id, department, uow.now, uow.session) | {"secret": secret}


@blp.route("/hooks/<id>/test")
class HookTest(MethodView):
    @writes
    @requires(*OF_ITS_DEPARTMENT)
    @blp.response(202, schemas.Tested)
    def post(self, id: str) -> Any:
        """Send it something harmless of type ``webhook.test``."""
        return {"event_id": handlers.test(id, own_department(), current_uow())}


@blp.route("/hooks/<id>/deliveries")
class HookDeliveries(MethodView):
    @reads
    @requires(*OF_ITS_DEPARTMENT)
    @blp.arguments(schemas.DeliveriesQuery, location="query")
    @blp.response(200, schemas.Deliveries)
    def get(self, asked: dict[str, Any], id: str) -> Any:
        """What went there or is to go, newest first, with every try."""
        return queries.deliveries(id, own_department(), asked["state"], asked["before"], current_session())


@blp.route("/hooks/<id>/again")
class HookAgain(MethodView):
    @writes
    @requires(*OF_ITS_DEPARTMENT)
    @blp.arguments(schemas.Again)
    @blp.response(202, schemas.SentAgain)
    def post(self, command: dict[str, Any], id: str) -> Any:
        """Deliver these events, or all from a moment on, once more."""
        return {"count": handlers.send_again(id, own_department(), current_uow(), **command)}


def _new_secret() -> str:
    return written(secrets.token_bytes(SECRET_BYTES))
