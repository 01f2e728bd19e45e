"""Forms to download."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response, make_response
from flask.views import MethodView
from marshmallow import fields, validate

from chassis.problems import Problem
from chassis.web import Blueprint, current_session, public, reads
from services.catalog import paper, queries

blp = Blueprint("paper", __name__, description="Forms on paper.")
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class Wanted(ma.Schema):
    lang = fields.String(load_default="zh", validate=validate.OneOf(("zh", "en")))


@blp.route("/items/<code>/forms/<any(blank, sample):which>")
class Form(MethodView):
    @reads
    @public
    @blp.arguments(Wanted, location="query")
    @blp.response(200, content_type=WORD)
    def get(self, asked: dict[str, Any], code: str, which: str) -> Response:
        """The form of an item or package as a Word document, empty or filled in as a sample."""
        found = queries.procedure(current_session(), code)
        answers = found["facts"].get("sample_form")
        if which == "sample" and not answers:
            raise _no_sample()
        written = paper.document(
            code, found["title"], found["form"], answers if which == "sample" else None, asked["lang"]
        )
        response = make_response(written)
        response.headers["Content-Type"] = WORD
        response.headers["Content-Disposition"] = f'attachment; filename="{code}-{which}.docx"'
        return response


def _no_sample() -> Problem:
    return Problem(
        404,
        "not-found",
        zh="这个事项还没有样表，可以先下载空白表。",
        en="There is no sample form of this item yet; the blank one is there.",
    )
