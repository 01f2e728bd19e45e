"""What one web application stands on, for whoever works inside a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import current_app

from chassis.config import Config
from chassis.database import Database
from chassis.problems import ProblemMap

if TYPE_CHECKING:
    from chassis.access import Access
    from chassis.auth import Verifier
    from chassis.live import Feed

NAME = "onewindow"


@dataclass(frozen=True, slots=True)
class Serving:
    """One service's web side: its database, token check, live feed and error table.

    ``access`` says, by endpoint and method, what is asked of the caller, ``larger`` which endpoints take
    more bytes than usual.
    """

    config: Config
    database: Database
    verifier: Verifier
    feed: Feed
    problems: ProblemMap
    access: dict[tuple[str, str], Access] = field(default_factory=dict)
    larger: dict[str, int] = field(default_factory=dict)


def serving() -> Serving:
    """The application the request at hand is in."""
    return current_app.extensions[NAME]  # type: ignore[no-any-return]
