"""HTTP: ``/api/identity``."""

from __future__ import annotations

from typing import Any

from flask import Flask

from chassis.config import Config
from chassis.web import create_app as service_app
from services.identity import security_problems
from services.identity.problems import PROBLEMS
from services.identity.settings import Settings
from services.identity.space_problems import SPACE_PROBLEMS
from services.identity.upstream import Upstreams, read_upstreams
from services.identity.upstream_problems import UPSTREAM_PROBLEMS
from services.identity.web.accounts import accounts
from services.identity.web.consents import consents
from services.identity.web.firms import firms
from services.identity.web.logout import logout
from services.identity.web.oidc import oidc
from services.identity.web.own_data import own_data
from services.identity.web.real_name import real_name
from services.identity.web.security import security
from services.identity.web.space import known, space
from services.identity.web.staff import staff
from services.identity.web.steps import steps
from services.identity.web.tokens import tokens
from services.identity.web.upstreams import upstreams

BLUEPRINTS = (
    tokens,
    accounts,
    own_data,
    steps,
    security,
    staff,
    real_name,
    firms,
    space,
    known,
    oidc,
    logout,
    consents,
    upstreams,
)


def create_app(config: Config, **options: Any) -> Flask:
    """Identity's WSGI application."""
    Settings.from_env()  # a slip of the pen is told at the start
    others = Upstreams(read_upstreams(), config.public_url)
    app = service_app(
        config,
        title="One Window identity",
        blueprints=list(BLUEPRINTS),
        problems={**PROBLEMS, **security_problems.PROBLEMS, **SPACE_PROBLEMS, **UPSTREAM_PROBLEMS},
        **options,
    )
    others.install(app)
    return app
