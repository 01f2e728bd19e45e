"""A small service of notes, to try the web side with: what is kept, refused, repeated, undone."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import marshmallow as ma
from flask import Flask, Response, request
from flask.views import MethodView
from sqlalchemy import Integer, MetaData, String, func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.access import Access
from chassis.config import Config
from chassis.database import Database, open_database
from chassis.problems import Problem
from chassis.ratelimit import Limit
from chassis.serving import NAME, Serving, serving
from chassis.web import (
    Blueprint,
    caller,
    create_app,
    current_session,
    current_uow,
    own,
    public,
    reads,
    requires,
    writes,
)

blp = Blueprint("notes", __name__, description="Notes.")


class Base(DeclarativeBase):
    metadata = MetaData()


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    owner: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(String(80))


class WrongWord(Exception):
    """Not the word; the try counts all the same."""


class Locked(Exception):
    """A note nobody may change any more."""


class PlaceSchema(ma.Schema):
    street = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=20))
    area = ma.fields.Integer(required=True, validate=ma.validate.Range(min=1, max=500))


class NoteSchema(ma.Schema):
    id = ma.fields.Integer(dump_only=True)
    owner = ma.fields.String(dump_only=True)
    text = ma.fields.String(required=True, validate=ma.validate.Length(min=1, max=80))
    place = ma.fields.Nested(PlaceSchema, load_only=True)
    tags = ma.fields.List(ma.fields.String(), load_only=True)
    extra = ma.fields.Dict(load_only=True)


class ListQuery(ma.Schema):
    owner = ma.fields.String()


hooks: dict[str, Callable[[], Any]] = {}
"""What a test wants to happen inside a view."""


@blp.route("/notes")
class Notes(MethodView):
    @writes(idempotent=True)
    @requires(*own("person", "firm"))
    @blp.arguments(NoteSchema)
    @blp.response(201, NoteSchema)
    def post(self, command: dict[str, Any]) -> Any:
        """Write a note."""
        note = Note(owner=caller().account_id, text=command["text"])
        current_uow().session.add(note)
        current_uow().session.flush()
        hooks.get("after insert", lambda: None)()
        return note, {"Location": f"/api/notes/notes/{note.id}"}

    @reads
    @public
    @blp.arguments(ListQuery, location="query")
    @blp.response(200, NoteSchema(many=True))
    def get(self, query: dict[str, Any]) -> Any:
        wanted = select(Note).order_by(Note.id)
        if "owner" in query:
            wanted = wanted.where(Note.owner == query["owner"])
        return current_session().scalars(wanted).all()


@blp.route("/notes/<int:note_id>")
class OneNote(MethodView):
    @reads
    @requires()
    @blp.response(200, NoteSchema)
    def get(self, note_id: int) -> Any:
        hooks.get("read", lambda: None)()
        found = current_session().get(Note, note_id)
        if found is None or found.owner != caller().account_id:
            raise Problem(404, "not-found", zh="没有这条笔记。", en="No such note.")
        return found

    @writes
    @requires("editor")
    def delete(self, note_id: int) -> Any:
        raise Locked(note_id)


guesses = Limit("guess", tries=3)


class GuessSchema(ma.Schema):
    word = ma.fields.String(required=True)


@blp.route("/guess")
class Guess(MethodView):
    @writes(idempotent=True)
    @public
    @blp.arguments(GuessSchema)
    @blp.response(200)
    def post(self, command: dict[str, Any]) -> Any:
        guesses.take(current_uow(), "the word")
        if command["word"] == "ocean":
            raise WrongWord
        if command["word"] != "river":
            raise Problem(404, "wrong-word", zh="不对。", en="Wrong.", keep=True)
        guesses.clear(current_uow(), "the word")
        return {"found": True}


PROBLEMS = {
    Locked: lambda e: Problem(
        409, "illegal-move", zh="已锁定。", en="Locked.", state="locked", move="delete"
    ),
    WrongWord: lambda e: Problem(404, "wrong-word", zh="不对。", en="Wrong.", keep=True),
}


def notes_app(database: Database) -> Flask:
    return create_app(database.config, "Notes", [blp], PROBLEMS, database=database)


def from_env() -> Flask:
    """The same for gunicorn. A request with ``X-Die`` kills its process once its work is committed."""
    app = notes_app(open_database(Config.from_env("notes")))

    @app.after_request
    def die(response: Response) -> Response:
        if "X-Die" in request.headers:
            os._exit(1)
        return response

    def stream() -> Response:
        return serving().feed.response({"case:A"})

    app.add_url_rule("/stream", view_func=stream)
    serving_of(app).access["stream", "GET"] = Access(open=True)
    return app


def serving_of(app: Flask) -> Serving:
    return app.extensions[NAME]  # type: ignore[no-any-return]


def count_notes(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Note)) or 0


def add_note(database: Database, owner: str = "acc-1") -> int:
    with database.transaction() as uow:
        return uow.session.execute(insert(Note).values(owner=owner, text="x").returning(Note.id)).scalar_one()
