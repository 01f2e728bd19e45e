"""What all pages share: the visitor, the language, the city's services, and how a page is made."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import structlog
from flask import (
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from chassis.auth import Caller, InvalidToken, act_for
from chassis.config import Config
from chassis.credentials import client_secret
from chassis.peers import client_address
from chassis.serving import serving
from chassis.views import current_database
from chassis.workdays import WorkCalendar
from services.portal import handlers
from services.portal.clients import City, Refused, Unreachable, http_session
from services.portal.contrast import RIVER
from services.portal.dates import calendar_of
from services.portal.orm import Renewal
from services.portal.place import Place
from services.portal.session import COOKIE, Envelope, Session, SessionSeal
from services.portal.views import Reader
from services.portal.words import Language

NAME = "portal"
VIEW_COOKIE = "onewindow_view"
EXPIRED = "登录已经过期，请再登录一次。您填过的内容都还在。"
SSO_COOKIE = "onewindow_sso"
"""By it the OpenID provider knows a browser again; the portal, its face, sets it."""
RENEW_BEFORE = 30.0  # seconds before its end an access token is exchanged
RENEWAL_WAIT = 5.0
CATALOG_KEPT = 60.0
CATALOG_MOST = 1_000

log = structlog.get_logger("portal")


V = TypeVar("V", bound=Callable[..., Any])


class SignInNeeded(Exception):
    """This page is for somebody who is signed in, and the visitor is not, or not any more."""


class Portal:
    """One per process: connections, seals and what is remembered of the catalogue."""

    def __init__(self, config: Config):
        self.config = config
        self.http = http_session()
        self.sessions = SessionSeal(config.master_key)
        self.links = Envelope(config.master_key, "link")
        self.draft_links = Envelope(config.master_key, "draft")
        self.place = Place.from_env()
        if self.place.colour.upper() != RIVER and self.place.face is None:
            log.warning("the city's colour can't be read well: river teal stays", colour=self.place.colour)
        self._remembered: OrderedDict[tuple[Any, ...], tuple[float, Any]] = OrderedDict()

    def city(
        self, token: str = "", lang: str = "zh", address: str = "", browser: str = "", acting_for: str = ""
    ) -> City:
        return City(self.http, self.config.urls, token, lang, address, browser, acting_for)

    def public(self, what: str, *arguments: Any) -> Any:
        """A public answer of the catalogue, kept for a minute; an old one serves while it is away."""
        key = (what, *arguments)
        at, value = self._remembered.get(key, (float("-inf"), None))
        if time.monotonic() - at < CATALOG_KEPT:
            return value
        try:
            value = getattr(self.city(), what)(*arguments)
        except Unreachable:
            if value is None:
                raise
        self._remembered[key] = (time.monotonic(), value)
        self._remembered.move_to_end(key)
        while len(self._remembered) > CATALOG_MOST:
            self._remembered.popitem(last=False)
        return value

    def forget(self, what: str, *arguments: Any) -> None:
        """Ask the catalogue anew next time: the visitor has just changed it."""
        self._remembered.pop((what, *arguments), None)

    def calendar(self, now: datetime) -> WorkCalendar:
        """This year and the next; plain weekdays where the catalogue has none or is away."""
        years = []
        for year in (now.year, now.year + 1):
            try:
                years.append(self.public("calendar", year))
            except (Refused, Unreachable):
                continue
        return calendar_of(years)


def portal() -> Portal:
    return cast(Portal, current_app.extensions[NAME])


def language() -> Language:
    """By the address: ``/en/…`` is English."""
    if "language" not in g:
        g.language = Language("en" if request.environ.get("onewindow.english") else "zh")
    return cast(Language, g.language)


def session() -> Session:
    """The visitor's session; what changes in it is kept with the answer."""
    if "visitor" not in g:
        g.visitor = portal().sessions.read(request.cookies.get(COOKIE))
        g.visitor_before = portal().sessions.snapshot(g.visitor)
    return cast(Session, g.visitor)


def account() -> dict[str, Any]:
    """Who is signed in (``account_id``, ``kind``, ``display_name``, ``roles``, ``department``), or empty."""
    return session().account


def acting() -> dict[str, str]:
    """The firm the visitor has chosen to act for (``firm``, ``name``), or empty."""
    return session().acting


def is_elder() -> bool:
    return request.cookies.get(VIEW_COOKIE) == "elder"


def me() -> Caller:
    """The visitor as the token proves it, acting for the firm that was chosen; raises `SignInNeeded`, and
    the problem ``not-your-firm``."""
    if "caller" not in g:
        try:
            g.caller = act_for(acting().get("firm", ""), serving().verifier.verify(token()))
        except InvalidToken:
            raise SignInNeeded from None
    return cast(Caller, g.caller)


def requires(*names: str) -> Callable[[V], V]:
    """Only for visitors of any of these account kinds or roles; without names, for all who are signed in."""

    def guard(view: V) -> V:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not session().signed_in:
                raise SignInNeeded
            if not me().is_any(*names) and names:
                abort(403)
            return view(*args, **kwargs)

        return cast(V, guarded)

    return guard


def token() -> str:
    """The visitor's access token, renewed when it is about to end; empty for nobody."""
    mine = session()
    if mine.signed_in and mine.expires - time.time() < RENEW_BEFORE:
        renew(mine)
    return mine.access


def city() -> City:
    """The city's services in the visitor's name, or that of the firm acted for."""
    return portal().city(token(), language().code, _address(), acting_for=acting().get("firm", ""))


def own_city(firm: str = "") -> City:
    """The city's services in the visitor's own name, whomever else they act for; or in that of ``firm``."""
    return portal().city(token(), language().code, _address(), acting_for=firm)


def anybody() -> City:
    """The city's services in nobody's name."""
    browser = request.headers.get("User-Agent", "")
    return portal().city("", language().code, _address(), browser)


def _address() -> str:
    return client_address(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))


def reader() -> Reader:
    if "reader" not in g:
        now = datetime.now(UTC)
        g.reader = Reader(language(), portal().calendar(now), now)
    return cast(Reader, g.reader)


def page(template: str, status: int = 200, **values: Any) -> Response:
    notes, session().notes = session().notes, []
    return make_response(render_template(template, notes=notes, **values), status)


def note(text: str, tone: str = "ok") -> None:
    """Say something on the next page."""
    session().is_new = False
    session().notes.append({"text": text, "tone": tone})


def go(endpoint: str, **values: Any) -> Response:
    """303: show another page after a form was taken."""
    return cast(Response, redirect(url_for(endpoint, **values), code=303))


def go_to(address: str) -> Response:
    return cast(Response, redirect(address, code=303))


def next_or(default: str) -> str:
    """The ``next`` address when it lies inside this site, else ``default``."""
    wanted = request.values.get("next", "")
    inside = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    return wanted if inside and not urlsplit(wanted).netloc and wanted.isprintable() else default


def renew(mine: Session) -> None:
    """Exchange the refresh token, once for all requests that come with it at the same moment.

    Raises `SignInNeeded` when identity no longer knows it, `Unreachable` when nobody answers.
    """
    deadline = time.monotonic() + RENEWAL_WAIT
    while time.monotonic() < deadline:
        token_hash = hashlib.sha256(mine.refresh.encode()).hexdigest()
        with current_database().read() as reading:
            renewal = reading.get(Renewal, token_hash)
            tokens = renewal.tokens if renewal else None
        fresh = tokens is None
        if tokens is None:
            tokens = _exchange(token_hash, mine.refresh)
        if tokens is None:
            time.sleep(0.05)
            continue
        if not tokens:
            raise SignInNeeded
        mine.take_tokens(tokens, tokens["at"])
        if fresh or mine.expires - time.time() > RENEW_BEFORE:
            return
    raise Unreachable("identity")


def _exchange(token_hash: str, refresh_token: str) -> dict[str, Any] | None:
    """New tokens, ``{}`` when refused, None when another request is at it."""
    with current_database().transaction() as uow:
        if not handlers.claim_renewal(token_hash, uow):
            return None
    tokens: dict[str, Any] | None = None
    try:
        secret = client_secret(portal().config.master_key, "portal")
        tokens = portal().city().refresh(refresh_token, secret) | {"at": time.time()}
    except Refused:
        tokens = {}
    finally:
        with current_database().transaction() as uow:
            handlers.settle_renewal(token_hash, tokens, uow)
    return tokens
