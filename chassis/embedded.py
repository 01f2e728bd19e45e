"""The whole platform in one process: every worker in one nameko runner, every web app behind one port.

The broker is kombu's in-process transport, which forgets at exit. So whenever every queue is empty the
position of each service's log is kept as a checkpoint, and the next start sends again what came after it;
the inbox absorbs what was handled already.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any, NoReturn

import eventlet
import eventlet.wsgi
import structlog
from kombu.transport.memory import Channel
from nameko.runners import ServiceRunner
from sqlalchemy import func, insert, select, update
from werkzeug.exceptions import NotFound

from chassis import migrate, tables, topology
from chassis.config import Config
from chassis.database import Database, close_all, open_database
from chassis.publisher import MemoryPublisher, Outgoing
from chassis.sealing import read_master_key
from chassis.services import app_factory, part, service_names, whole_topology, worker_class
from chassis.subscription import Subscription

log = structlog.get_logger()

BROKER_URL = "memory://localhost"
CHECKPOINT_EVERY_S = 2.0
RESEND_PAGE = 1000
PR_SET_PDEATHSIG = 1
LONGEST_ADDRESS = 65_536  # somebody pastes a page into a search: it is answered, not cut off


class FolderInUse(RuntimeError):
    """Another process runs on this folder."""


class NotPrepared(RuntimeError):
    """The databases could not be brought to where they must be; the reason stands on stderr."""


class Embedded:
    """The platform on one folder and one port. Needs `chassis.green.patch` first."""

    def __init__(self, folder: Path, port: int, *, synchronous: str = "FULL", host: str = "127.0.0.1"):
        self.folder = folder
        self.url = f"http://{host}:{port}"
        self._address = (host, port)
        self._synchronous = synchronous
        self._lock: IO[str] | None = None
        self._configs: dict[str, Config] = {}
        self._runner: ServiceRunner | None = None
        self._threads: list[Any] = []

    def start(self, sample: Path | None = None) -> None:
        """Bring everything up; returns when it serves.

        Raises `FolderInUse`, OSError for a taken port, `NotPrepared` when a schema or the sample data failed.
        """
        self._take_folder()
        listener = eventlet.listen(self._address)
        names = service_names()
        master_key = read_master_key(self.folder / "master.key")
        self._configs = {name: self._config(name, master_key) for name in names}
        self._prepare(sample)
        databases = self.databases
        topology.apply(whole_topology(), BROKER_URL)
        for database in databases:
            resend(database)
        self._runner = ServiceRunner(
            {
                "AMQP_URI": BROKER_URL,
                "TRANSPORT_OPTIONS": topology.MEMORY_OPTIONS,
                "onewindow": self._configs.__getitem__,
            }
        )
        for worker in filter(None, map(worker_class, names)):
            self._runner.add_service(worker)
        self._runner.start()
        app = one_port(
            {name: factory(self._configs[name]) for name in names if (factory := app_factory(name))}
        )
        self._threads = [
            eventlet.spawn(
                eventlet.wsgi.server,
                listener,
                app,
                log_output=False,
                minimum_chunk_size=1,
                url_length_limit=LONGEST_ADDRESS,
                max_size=1000,
            ),
            eventlet.spawn(self._keep_checkpoints, databases),
        ]

    def stop(self) -> None:
        """Stop taking requests, let the workers finish what they hold, close the files."""
        for thread in self._threads:
            thread.kill()
        if self._runner is not None:
            self._runner.stop()
        close_all()
        if self._lock is not None:
            self._lock.close()

    def wait(self) -> None:
        """Block until a worker ends; raises what ended it."""
        if self._runner is not None:
            self._runner.wait()

    @property
    def databases(self) -> list[Database]:
        """Every service's database."""
        return [open_database(config) for config in self._configs.values()]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits in a queue and nothing is being handled."""
        return not self._anything_under_way()

    def _take_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / "lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            holder = self._lock.read().strip() or "?"
            raise FolderInUse(f"{self.folder} is in use by process {holder}: stop it first") from None
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()

    def _config(self, name: str, master_key: bytes) -> Config:
        return Config(
            service=name,
            database_url=f"sqlite:///{self.folder / name}.sqlite",
            broker_url=BROKER_URL,
            master_key=master_key,
            urls=dict.fromkeys(service_names(), self.url),
            sqlite_synchronous=self._synchronous,
            storage_url=f"file:{self.folder / 'files' / name}",
            public_url=self.url,
            keys_folder=self.folder / "keys",
            test_keys=True,
        )

    def _prepare(self, sample: Path | None) -> None:
        """Schemas and sample data, by a child: dictionaries and definitions go from memory as it ends."""
        child = os.fork()
        if not child:
            _prepare_and_exit(self.databases, sample)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            raise NotPrepared(f"the databases in {self.folder} could not be prepared: see above")

    def _keep_checkpoints(self, databases: Iterable[Database]) -> None:
        kept: dict[str, int] = {}
        while True:
            eventlet.sleep(CHECKPOINT_EVERY_S)
            positions = {database: newest_position(database) for database in databases}
            if self._anything_under_way():
                continue
            for database, position in positions.items():
                if kept.get(database.service) != position:
                    keep_checkpoint(database, position)
                    kept[database.service] = position

    def _anything_under_way(self) -> bool:
        if any(queue.qsize() for queue in Channel.queues.values()):
            return True
        assert self._runner is not None
        return any(
            entrypoint.in_flight
            for container in self._runner.containers
            for entrypoint in container.entrypoints
            if isinstance(entrypoint, Subscription)
        )


def _prepare_and_exit(databases: Iterable[Database], sample: Path | None) -> NoReturn:
    status = 1
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for database in databases:
            migrate.upgrade(database)
            if sample is not None:
                load_sample(database, sample)
            database.close()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def load_sample(database: Database, folder: Path) -> None:
    """Let the service load what it finds for itself in ``folder``; loading again changes nothing."""
    sample = part(database.service, "sample")
    if sample is not None:
        with database.transaction() as uow:
            sample.load(folder, uow)


def one_port(apps: dict[str, Any]) -> Callable[..., Any]:
    """Send ``/api/<service>/…`` to that service's app and everything else to the one with a front page."""
    pages = next((app for app in apps.values() if _has_front_page(app)), NotFound())

    def dispatch(environ: dict[str, Any], start_response: Any) -> Any:
        first, _, rest = environ["PATH_INFO"].lstrip("/").partition("/")
        app = apps.get(rest.split("/", 1)[0]) if first == "api" else None
        return (app or pages)(environ, start_response)

    return dispatch


def _has_front_page(app: Any) -> bool:
    return any(rule.rule == "/" for rule in app.url_map.iter_rules())


def newest_position(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.max(tables.event_log.c.position))) or 0


def keep_checkpoint(database: Database, position: int) -> None:
    """Everything up to ``position`` has been handled by all."""
    table = tables.checkpoint
    with database.transaction() as uow:
        uow.session.execute(update(table).values(position=position, starts=0))


def resend(database: Database) -> int:
    """Put what came after the checkpoint into the queues again; returns how many events.

    Each start since the checkpoint counts as one more delivery, so that an event that kills the process
    is found out the same way as on a real broker.
    """
    table, log_ = tables.checkpoint, tables.event_log
    with database.transaction() as uow:
        row = uow.session.execute(select(table.c.position, table.c.starts)).first()
        if row is None:
            uow.session.execute(insert(table).values(name="queues", position=0, starts=1))
            position, starts = 0, 0
        else:
            position, starts = row
            uow.session.execute(update(table).values(starts=starts + 1))
    publisher = MemoryPublisher(BROKER_URL)
    sent = 0
    while True:
        with database.read() as session:
            page = session.execute(
                select(log_.c.position, log_.c.event_id, log_.c.type, log_.c.body)
                .where(log_.c.position > position)
                .order_by(log_.c.position)
                .limit(RESEND_PAGE)
            ).all()
        if not page:
            break
        headers = {"x-delivery-count": starts} if starts else {}
        publisher.publish(
            [Outgoing(r.position, r.event_id, r.type, bytes(r.body), None, headers) for r in page]
        )
        position = page[-1].position
        sent += len(page)
    publisher.close()
    return sent
