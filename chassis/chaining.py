"""The worker's part of the audit: what was written down is chained every second, by one worker at a time."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import structlog
from sqlalchemy import exists, select

from chassis.audit import BATCH, Trail, chain, end_of
from chassis.database import open_database
from chassis.worker import Repeating

log = structlog.get_logger()

EVERY_S = 1.0
HEAD_EVERY_S = 3600.0


class Chainer(Repeating):
    """``chain = Chainer(trail, …)`` in a worker. Once an hour the ends of the chains are logged, so that they
    are kept where the database's owner can't write."""

    def __init__(self, *trails: Trail, **options: Any):
        super().__init__(**options)
        self._trails = trails
        self._told_at = float("-inf")

    def step(self) -> float:
        database = open_database(self.config)
        pause = EVERY_S
        for trail in self._trails:
            with database.read() as session:
                waiting = session.scalar(select(exists().select_from(trail.unchained)))
            if waiting:
                full = database.write(partial(chain, trail)) == BATCH
                pause = 0.0 if full else pause
        if time.monotonic() - self._told_at > HEAD_EVERY_S:
            self._told_at = time.monotonic()
            for trail in self._trails:
                with database.read() as session:
                    position, head = end_of(trail, session)
                log.info("audit_head", trail=trail.name, position=position, head=head)
        return pause
