"""The guide over HTTP: places, materials, policies, everyday words, and what an item means for me."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.views import MethodView

from chassis.problems import Problem, not_found
from chassis.web import Blueprint, current_session, public, reads
from services.catalog import domain, guide_queries, guide_schemas

blp = Blueprint("guide", __name__, description="Places, materials, policies, words and guided finding.")

REASONS = {"no such question": "没有这个问题", "not one of the choices": "不在可选答案之内"}

PROBLEMS: dict[type[Any], Callable[[Any], Problem]] = {
    domain.WrongAnswers: lambda e: Problem(
        422,
        "wrong-answers",
        zh="有的回答不在可选之列，请重新选择。",
        en="Some answers are none of the choices.",
        errors=[
            {"field": f"answers.{k}", "zh": REASONS[r], "en": r.capitalize()} for k, r in e.wrong.items()
        ],
    ),
}


@blp.route("/themes")
class Themes(MethodView):
    @reads
    @public
    @blp.response(200, guide_schemas.Themes)
    def get(self) -> dict[str, Any]:
        return {"items": guide_queries.themes(current_session())}


@blp.route("/places")
class Places(MethodView):
    @reads
    @public
    @blp.response(200, guide_schemas.Places)
    def get(self) -> dict[str, Any]:
        return {"items": guide_queries.places(current_session())}


@blp.route("/materials")
class Materials(MethodView):
    @reads
    @public
    @blp.response(200, guide_schemas.Materials)
    def get(self) -> dict[str, Any]:
        return {"items": guide_queries.materials(current_session())}


@blp.route("/materials/<code>")
class Material(MethodView):
    @reads
    @public
    @blp.response(200, guide_schemas.Material)
    def get(self, code: str) -> dict[str, Any]:
        return _found(guide_queries.material(current_session(), code))


@blp.route("/policies")
class Policies(MethodView):
    @reads
    @public
    @blp.arguments(guide_schemas.OfItem, location="query")
    @blp.response(200, guide_schemas.Policies)
    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"items": guide_queries.policies(current_session(), asked["item"])}


@blp.route("/policies/<code>")
class Policy(MethodView):
    @reads
    @public
    @blp.response(200, guide_schemas.Policy)
    def get(self, code: str) -> dict[str, Any]:
        return _found(guide_queries.policy(current_session(), code))


@blp.route("/synonyms")
class Synonyms(MethodView):
    @reads
    @public
    @blp.response(200, guide_schemas.Synonyms)
    def get(self) -> dict[str, Any]:
        return {"items": guide_queries.synonyms(current_session())}


@blp.route("/guide")
class Guides(MethodView):
    @reads
    @public
    @blp.response(200, guide_schemas.Guides)
    def get(self) -> dict[str, Any]:
        return {"items": guide_queries.guides(current_session())}


@blp.route("/guide/<code>")
class Guide(MethodView):
    @reads
    @public
    @blp.arguments(guide_schemas.Answers, location="query")
    @blp.response(200, guide_schemas.Guide)
    def get(self, asked: dict[str, Any], code: str) -> dict[str, Any]:
        pairs = (pair.split(":") for pair in asked["answers"].split(",") if pair)
        answers = {question: choice for question, choice in pairs}
        return _found(guide_queries.guide(current_session(), code, answers))


def _found(entry: dict[str, Any] | None) -> dict[str, Any]:
    if entry is None:
        raise not_found()
    return entry
