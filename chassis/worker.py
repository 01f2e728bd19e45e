"""What every worker has: its configuration, its relay and a watch over itself."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import eventlet
import eventlet.wsgi
import structlog
from eventlet.event import Event as GreenEvent
from nameko.extensions import DependencyProvider
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from chassis import logs, ops, tables, wake
from chassis.config import Config
from chassis.database import Database, open_database
from chassis.publisher import BrokerLost, open_publisher
from chassis.relay import BATCH, WHEN_ANOTHER_RELAYS_S, Relay
from chassis.subscription import BatchConsumer, config_of, subscribe, subscriptions_of
from chassis.timerows import due

__all__ = ["Worker", "due", "subscribe", "subscriptions_of"]

log = structlog.get_logger()

WATCH_EVERY_S = 5.0
RELAY_STILL_S = 15.0
BACKOFF_S = (0.1, 2.0)


class _Threaded(DependencyProvider):
    """A dependency with one thread that lives as long as the worker."""

    def start(self) -> None:
        self.stopping = False
        self._thread = self.container.spawn_managed_thread(self.run, identifier=type(self).__name__)

    def stop(self) -> None:
        self.stopping = True
        self.wake_up()
        self._thread.wait()

    def wake_up(self) -> None:
        """Have `run` look at ``stopping`` soon."""

    def run(self) -> None:
        raise NotImplementedError

    @property
    def config(self) -> Config:
        return config_of(self.container)

    def get_dependency(self, _context: Any) -> Any:
        return self


class ServiceConfig(DependencyProvider):
    """``self.config`` of a worker."""

    def setup(self) -> None:
        self._config = config_of(self.container)
        if "onewindow" not in self.container.config:
            logs.configure(service=self._config.service)

    def get_dependency(self, _context: Any) -> Config:
        return self._config


class RelayThread(_Threaded):
    """Runs the relay: at once when something was committed, and whenever a put-off row falls due."""

    def setup(self) -> None:
        self.last_step = time.monotonic()
        self._signal = open_database(self.config).wake.signal(wake.OUTBOX)

    def wake_up(self) -> None:
        self._signal.ring()

    def run(self) -> None:
        database = open_database(self.config)
        publisher = open_publisher(self.config.broker_url)
        relay = Relay(database, publisher)
        backoff = BACKOFF_S[0]
        while not self.stopping:
            seen = self._signal.generation
            try:
                moved = relay.step()
                self.last_step = time.monotonic()
                backoff = BACKOFF_S[0]
                if moved == BATCH:
                    continue
                publisher.idle()
                if moved is not None and self._signal.generation != seen:
                    continue
                pause = WHEN_ANOTHER_RELAYS_S if moved is None else relay.pause()
                if pause > 0:
                    self._signal.wait(seen, pause)
            except (BrokerLost, SQLAlchemyError) as error:
                log.warning("relay_waits", service=self.config.service, error=str(error)[:200])
                time.sleep(backoff)
                backoff = min(backoff * 2, BACKOFF_S[1])
        publisher.close()


class Repeating(_Threaded):
    """Work outside any transaction that a worker does over and over: `step` again as soon as something
    wished for it (`chassis.wake.EFFECTS`), or when the pause it asked for is over."""

    LONGEST_PAUSE_S = 5.0

    def setup(self) -> None:
        self._signal = open_database(self.config).wake.signal(wake.EFFECTS)

    def wake_up(self) -> None:
        self._signal.ring()

    def step(self) -> float:
        """Do what is due; returns in how many seconds to come again. It may be stopped between steps."""
        raise NotImplementedError

    def run(self) -> None:
        while not self.stopping:
            seen = self._signal.generation
            try:
                pause = self.step()
            except SQLAlchemyError as error:
                log.warning("work_waits", service=self.config.service, error=str(error)[:200])
                pause = BACKOFF_S[1]
            if pause > 0:
                self._signal.wait(seen, min(pause, self.LONGEST_PAUSE_S))


class SelfWatch(_Threaded):
    """Keeps the figures of the outbox and dead events, and tells the web process what is wrong here."""

    consumer = BatchConsumer()

    def setup(self) -> None:
        self._wanted = GreenEvent()

    def wake_up(self) -> None:
        if not self._wanted.ready():
            self._wanted.send()

    def run(self) -> None:
        database = open_database(self.config)
        server = self._serve_ops(database)
        while not self.stopping:
            with suppress(SQLAlchemyError):
                ops.measure(database)
                note(database, "queues", self._missing())
                note(database, "relay", self._standing_still())
            with eventlet.Timeout(WATCH_EVERY_S, False):
                self._wanted.wait()
        if server is not None:
            server.kill()

    def _serve_ops(self, database: Database) -> Any:
        """Health and metrics of this process, on a port of its own where one is configured."""
        if self.config.ops_port is None:
            return None
        listener = eventlet.listen(("", self.config.ops_port))
        return eventlet.spawn(eventlet.wsgi.server, listener, ops.application(database), log_output=False)

    def _missing(self) -> str | None:
        absent = sorted(self.consumer.absent)
        return f"no queue {', '.join(absent)}: `onewindow topology apply`, then backfill" if absent else None

    def _standing_still(self) -> str | None:
        still = time.monotonic() - _last_relay_step(self.container)
        return f"the relay has done nothing for {still:.0f} s" if still > RELAY_STILL_S else None


def _last_relay_step(container: Any) -> float:
    return float(next(d.last_step for d in container.dependencies if isinstance(d, RelayThread)))


def note(database: Database, name: str, problem: str | None) -> None:
    """Write down, or take back, what is wrong."""
    table = tables.health_note
    with database.read() as session:
        known = session.scalar(select(table.c.problem).where(table.c.name == name))
    if problem is None and known is None:
        return
    with database.transaction() as uow:
        if problem is None:
            uow.session.execute(delete(table).where(table.c.name == name))
        else:
            statement = uow.insert(table).values(name=name, problem=problem, seen_at=uow.now)
            uow.session.execute(
                statement.on_conflict_do_update(
                    index_elements=["name"], set_={"problem": problem, "seen_at": uow.now}
                )
            )


class Worker:
    """Base of every service's worker. Give it a ``name`` and methods with `subscribe` and `due`."""

    name = ""
    config = ServiceConfig()
    relay = RelayThread()
    watch = SelfWatch()
