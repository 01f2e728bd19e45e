"""HTTP: ``/api/identity``."""

from __future__ import annotations

from typing import Any

from flask import Flask

from chassis.config import Config
from chassis.web import create_app as service_app
from services.identity.problems import PROBLEMS
from services.identity.space_problems import SPACE_PROBLEMS
from services.identity.web.accounts import accounts
from services.identity.web.space import known, space
from services.identity.web.tokens import tokens

BLUEPRINTS = (tokens, accounts, space, known)


def create_app(config: Config, **options: Any) -> Flask:
    """Identity's WSGI application."""
    return service_app(
        config,
        title="One Window identity",
        blueprints=list(BLUEPRINTS),
        problems={**PROBLEMS, **SPACE_PROBLEMS},
        **options,
    )
