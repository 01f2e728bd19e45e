"""Signing in through another provider 省统一身份认证. It is called between transactions, never inside one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from flask.views import MethodView

from chassis import metrics
from chassis.database import is_retryable
from chassis.problems import Problem, caller_language
from chassis.uow import UnitOfWork
from chassis.views import ATTEMPTS
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
from services.identity import schemas, upstream_schemas
from services.identity.domain.upstreams import (
    Overtaken,
    UnknownUpstream,
    UpstreamAway,
    UpstreamFlow,
    UpstreamRefused,
)
from services.identity.guesses import answers_refused, sign_ins_begun
from services.identity.handlers import SignedIn, StepNeeded, upstream_links
from services.identity.handlers import upstreams as handlers
from services.identity.handlers.audit import write_down
from services.identity.security_problems import step_needed
from services.identity.settings import Settings
from services.identity.upstream.registered import upstreams as registered
from services.identity.upstream_problems import away, refused, sign_in_to_link
from services.identity.web.caller import address, device, origin
from services.identity.web.tokens import handed_out

upstreams = Blueprint("upstreams", __name__, description="Signing in through another provider of identities.")

T = TypeVar("T")
OWNERS = own("person")


@upstreams.route("/upstreams")
class Offered(MethodView):
    @public
    @upstreams.response(200, upstream_schemas.UpstreamList)
    def get(self) -> dict[str, Any]:
        """The providers people may sign in through."""
        return {"items": registered().all()}


@upstreams.route("/upstreams/<slug>/sign-ins")
class Begin(MethodView):
    @public
    @upstreams.arguments(upstream_schemas.UpstreamBegin)
    @upstreams.response(201, upstream_schemas.UpstreamBegun)
    def post(self, command: dict[str, Any], slug: str) -> dict[str, Any]:
        """Begin a sign-in there, good for ten minutes and for the browser that keeps the secret."""
        client = registered().client(slug)
        with current_database().transaction() as uow:
            sign_ins_begun.take(uow, address())
            begun = handlers.begin(slug, command["browser"], command["fresh"], uow)
        try:
            where = client.address(
                state=begun.state,
                nonce=begun.nonce,
                verifier=begun.verifier,
                language=caller_language(),
                fresh=command["fresh"],
            )
        except UpstreamAway as error:
            raise _refuse(slug, error) from None
        return {"location": where, "state": begun.state}


@upstreams.route("/upstreams/<slug>/answers")
class Answer(MethodView):
    @public
    @upstreams.arguments(upstream_schemas.UpstreamAnswer)
    @upstreams.response(200, schemas.Tokens)
    def post(self, command: dict[str, Any], slug: str) -> dict[str, Any]:
        """Sign in whom the provider vouches for. Whose number an account has claimed and never shown signs in
        to that once (`sign-in-to-link`, with a ticket for `/me/upstream-links`); where an account asks for a
        code, so does this."""
        registered().client(slug)
        try:
            flow = _flow(slug, command)
            vouched = registered().client(slug).vouched(command["code"], command["iss"], flow)
            outcome = _done(
                lambda uow: handlers.settle(vouched, origin(), _roles(), uow, knows=device().accounts)
            )
        except (UpstreamRefused, UpstreamAway) as error:
            raise _refuse(slug, error) from None
        if isinstance(outcome, handlers.SignInToLink):
            _count(slug, "link_by_sign_in")
            raise sign_in_to_link(outcome.ticket, outcome.claimed)
        _count(slug, "signed_in" if isinstance(outcome, SignedIn) else "step")
        return _handed(outcome)


@upstreams.route("/upstream-accounts")
class Apart(MethodView):
    @public
    @upstreams.arguments(upstream_schemas.ByTicket)
    @upstreams.response(200, schemas.Tokens)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """An account for whom the ticket speaks of, who says that the one that claims their number isn't
        theirs: the claim ends, the account stays."""
        try:
            outcome = _done(lambda uow: handlers.open_apart(command["ticket"], origin(), _roles(), uow))
        except UpstreamRefused as error:
            raise _refuse(handlers.NOBODY, error) from None
        return _handed(outcome)


@upstreams.route("/me/upstream-links")
class Links(MethodView):
    @reads
    @requires(*OWNERS)
    @upstreams.response(200, upstream_schemas.OwnLinks)
    def get(self) -> dict[str, Any]:
        """The providers the caller can sign in through."""
        found = upstream_links.links_of(caller().account_id, current_session())
        return {"items": [link | {"name": _name(link["upstream"])} for link in found]}

    @writes
    @requires(*OWNERS)
    @upstreams.arguments(upstream_schemas.ByTicket)
    @upstreams.response(204)
    def post(self, command: dict[str, Any]) -> None:
        """Link whom the ticket speaks of to the caller's account, who has signed in here to say so."""
        mine = caller().account_id
        try:
            vouched = upstream_links.link_by_ticket(mine, command["ticket"], current_uow())
        except UpstreamRefused as error:
            write_down(mine, f"upstream:{error.reason}", [mine], current_uow())
            raise
        _count(vouched.upstream, "linked")


@upstreams.route("/me/upstream-links/<link_id>")
class OneLink(MethodView):
    @writes
    @requires(*OWNERS)
    @upstreams.response(204)
    def delete(self, link_id: str) -> None:
        """End it; refused without a password to sign in by."""
        upstream_links.unlink(caller().account_id, link_id, current_uow())


def _flow(slug: str, command: dict[str, Any]) -> UpstreamFlow:
    """The sign-in this answers, used up whatever follows."""
    reason = "state"
    with current_database().transaction() as uow:
        if answers_refused.waiting(address(), uow.session, uow.now):
            answers_refused.take(uow, address())
        try:
            flow = handlers.take_flow(slug, command["state"], command["browser"], uow)
            if not command["error"] and command["code"]:
                sign_ins_begun.clear(uow, address())
                return flow
            reason = "denied"
        except UpstreamRefused as error:
            reason = error.reason
    raise UpstreamRefused(reason)


def _done(work: Callable[[UnitOfWork], T]) -> T:
    """In a transaction of its own; once more when somebody else was at the same."""
    for left in reversed(range(ATTEMPTS)):
        try:
            with current_database().transaction() as uow:
                return work(uow)
        except Exception as error:
            if not left or not (isinstance(error, Overtaken) or is_retryable(error)):
                raise
    raise AssertionError("unreachable")


def _handed(outcome: SignedIn | StepNeeded) -> dict[str, Any]:
    if isinstance(outcome, StepNeeded):
        raise step_needed(outcome)
    return handed_out(outcome)


def _roles() -> frozenset[str]:
    return Settings.from_env().second_factor_roles


def _refuse(slug: str, error: UpstreamRefused | UpstreamAway) -> Problem:
    """Written down, counted, and what whoever asked is told."""
    reason = error.reason if isinstance(error, UpstreamRefused) else "away"
    _count(slug, reason)
    with current_database().transaction() as uow:
        handlers.note_refusal(slug, reason, uow)
        if reason not in ("away", "denied"):
            with suppress(Problem):  # it waits already
                answers_refused.take(uow, address())
    return refused(error) if isinstance(error, UpstreamRefused) else away()


def _count(slug: str, outcome: str) -> None:
    metrics.UPSTREAM_SIGN_INS.labels(slug, outcome).inc()


def _name(slug: str) -> dict[str, str]:
    try:
        return dict(registered().client(slug).upstream.name)
    except UnknownUpstream:
        return {"zh": slug, "en": slug}
