"""HTTP: ``/api/notification``. Everybody reads their own messages; operators see what leaves the house."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.views import MethodView

from chassis.config import Config
from chassis.web import Blueprint, caller, current_session, current_uow, own, reads, requires, writes
from chassis.web import create_app as service_app
from services.notification import handlers, queries, schemas
from services.notification.hooks.web import blp as hooks
from services.notification.problems import PROBLEMS

blp = Blueprint("notification", __name__, description="Messages to people, in the space and by e-mail.")


def create_app(config: Config, **options: Any) -> Flask:
    """Notification's WSGI application."""
    return service_app(
        config, title="One Window notification", blueprints=[blp, hooks], problems=PROBLEMS, **options
    )


@blp.route("/messages")
class Messages(MethodView):
    @reads
    @requires(*own())
    @blp.arguments(schemas.InboxQuery, location="query")
    @blp.response(200, schemas.Inbox)
    def get(self, asked: dict[str, Any]) -> queries.View:
        """The caller's messages, newest first."""
        return queries.inbox(caller().account_id, asked["unread"], asked["cursor"], current_session())


@blp.route("/messages/unread")
class Unread(MethodView):
    @reads
    @requires(*own())
    @blp.response(200, schemas.Unread)
    def get(self) -> dict[str, int]:
        """How many the caller has not read."""
        return {"unread": queries.unread(caller().account_id, current_session())}


@blp.route("/messages/read")
class Read(MethodView):
    @writes
    @requires(*own())
    @blp.arguments(schemas.Read)
    @blp.response(200, schemas.Unread)
    def post(self, command: dict[str, Any]) -> dict[str, int]:
        """Mark messages of the caller as read. Those of others are left as they are."""
        handlers.read(caller().account_id, command["ids"], current_uow())
        return {"unread": queries.unread(caller().account_id, current_session())}


@blp.route("/messages/<message_id>")
class Message(MethodView):
    @reads
    @requires(*own())
    @blp.response(200, schemas.Message)
    def get(self, message_id: str) -> queries.View:
        """One message of the caller, also one that was sent by e-mail."""
        return queries.one(caller().account_id, message_id, current_session())


@blp.route("/preferences")
class Preferences(MethodView):
    @reads
    @requires(*own())
    @blp.response(200, schemas.Preferences)
    def get(self) -> queries.Preference:
        """In which language and about what the caller gets e-mail."""
        return queries.preference_of(caller().account_id, current_session())

    @writes
    @requires(*own())
    @blp.arguments(schemas.Preferences)
    @blp.response(200, schemas.Preferences)
    def put(self, command: dict[str, Any]) -> queries.Preference:
        """Change it."""
        handlers.prefer(caller().account_id, command["language"], command["mail"], current_uow())
        return queries.preference_of(caller().account_id, current_session())


@blp.route("/outbox")
class Outbox(MethodView):
    @reads
    @requires("platform_admin")
    @blp.arguments(schemas.OutboxQuery, location="query")
    @blp.response(200, schemas.Outbox)
    def get(self, asked: dict[str, Any]) -> queries.View:
        """What left the house or is to; in the sandbox with its words."""
        return queries.outbox(asked["state"], asked["cursor"], current_session())
