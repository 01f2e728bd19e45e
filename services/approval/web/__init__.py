"""HTTP: ``/api/approval``."""

from __future__ import annotations

from flask import Flask

from chassis import web
from chassis.config import Config
from chassis.database import Database
from services.approval.problems import PROBLEMS
from services.approval.web.branches import branches, cases, inboxes
from services.approval.web.events import events
from services.approval.web.head import heads
from services.approval.web.own import own

__all__ = ["create_app"]


def create_app(config: Config, *, database: Database | None = None) -> Flask:
    """The web application of approval."""
    parts = [inboxes, branches, cases, heads, own, events]
    return web.create_app(config, "One Window: approval", parts, PROBLEMS, database=database)
