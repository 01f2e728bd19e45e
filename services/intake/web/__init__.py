"""HTTP: ``/api/intake``."""

from __future__ import annotations

from flask import Flask

from chassis import web
from chassis.config import Config
from chassis.database import Database
from services.intake.problems import PROBLEMS
from services.intake.settings import Settings
from services.intake.web import applications, drafts, kept, materials, signing
from services.intake.web.means import NAME, Means

FORM_AROUND_A_FILE = 64 * 1024


def create_app(
    config: Config, *, database: Database | None = None, settings: Settings | None = None
) -> Flask:
    """The web application of intake."""
    settings = settings or Settings.from_env()
    app = web.create_app(
        config,
        "One Window: intake",
        [*applications.PARTS, drafts.drafts, materials.materials, kept.kept, signing.signings],
        PROBLEMS,
        database=database,
        larger=dict.fromkeys((*materials.UPLOADS, *kept.UPLOADS), settings.max_file + FORM_AROUND_A_FILE),
    )
    app.extensions[NAME] = Means.of(config, settings)
    return app
