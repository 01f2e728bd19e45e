"""The audit's chain: what is found, and what can't be changed at all."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from chassis import audit, migrate
from chassis.chaining import EVERY_S, Chainer
from chassis.cli.audit import audit as command
from chassis.config import Config
from chassis.database import Database, open_database
from chassis.fakes.database import scratch_config
from services.identity.__main__ import main as identity
from services.identity.handlers.audit import write_down
from services.identity.orm import audit_trail as trail

ROWS = 12


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    changes: dict[str, Any] = {}
    if request.param == "postgres":
        changes["database_url"] = request.getfixturevalue("databases")("identity")
    made = Database(scratch_config("identity", tmp_path, **changes))
    migrate.upgrade(made)
    yield made
    made.close()


@pytest.fixture
def filled(database: Database) -> Database:
    for n in range(ROWS):
        with database.transaction() as uow:
            write_down(f"reader-{n % 3}", "read_name", [f"subject-{n}"], uow)
    assert chained(database) == ROWS
    return database


def chained(database: Database) -> int:
    with database.transaction() as uow:
        return audit.chain(trail, uow)


def report(database: Database, **how: Any) -> audit.Report:
    with database.read() as session:
        return audit.verify(trail, session, **how)


def tamper(database: Database, *statements: str) -> None:
    """What somebody does who may change the schema: the triggers are away meanwhile."""
    with database.writer.begin() as connection:
        audit.make_changeable(connection, "audit", "audit_chain")
        for statement in statements:
            connection.execute(text(statement))
        audit.make_append_only(connection, "audit", "audit_chain")


def test_an_untouched_chain_is_intact_and_says_its_end(filled: Database) -> None:
    found = report(filled)
    assert (found.problems, found.rows, found.position, found.waiting) == ([], ROWS, ROWS, 0)
    with filled.read() as session:
        assert (found.position, found.head) == audit.end_of(trail, session)
    assert report(filled, kept={5: hash_at(filled, 5), ROWS: found.head}).problems == []


def hash_at(database: Database, position: int) -> str:
    with database.read() as session:
        return session.execute(
            select(trail.chain.c.hash).where(trail.chain.c.position == position)
        ).scalar_one()


@pytest.mark.parametrize(
    "change", ["actor = 'nobody'", "act = 'read_email'", "subject = 'another'", "at = '2020-01-01 00:00:00'"]
)
def test_a_changed_row_is_found(filled: Database, change: str) -> None:
    tamper(filled, f"UPDATE audit SET {change} WHERE subject = 'subject-4'")
    assert report(filled).problems == ["position 5: row 5 or its link was changed"]


def test_a_removed_row_is_found_with_and_without_its_link(filled: Database) -> None:
    tamper(filled, "DELETE FROM audit WHERE id = 7")
    assert report(filled).problems == ["position 7: row 7 was removed"]
    tamper(filled, "DELETE FROM audit_chain WHERE row_id = 7")
    assert report(filled).problems == ["positions 7 to 7: removed"]


def test_a_row_removed_at_the_end_is_found_by_a_hash_kept_outside(filled: Database) -> None:
    end = report(filled)
    tamper(filled, f"DELETE FROM audit WHERE id = {ROWS}", f"DELETE FROM audit_chain WHERE row_id = {ROWS}")
    assert report(filled).problems == []
    assert report(filled, kept={end.position: end.head}).problems == [
        f"position {ROWS} was kept and is missing"
    ]


def test_a_row_put_in_past_the_chain_is_found(filled: Database) -> None:
    tamper(
        filled, "INSERT INTO audit (at, actor, act, subject) SELECT at, 'x', act, 'y' FROM audit WHERE id = 3"
    )
    assert report(filled).problems == [f"row {ROWS + 1}: put in past the chain"]


def test_a_row_put_in_with_an_older_date_is_found_once_it_is_chained(filled: Database) -> None:
    with filled.transaction() as uow:
        at = uow.now - timedelta(hours=3)
        trail.write([{"at": at, "actor": "x", "act": "read_name", "subject": "y"}], uow)
    chained(filled)
    (problem,) = report(filled).problems
    assert problem.startswith(f"position {ROWS + 1}: row {ROWS + 1} says ")


def test_a_chain_rewritten_from_a_changed_row_on_is_found_by_a_hash_kept_outside(filled: Database) -> None:
    kept = hash_at(filled, 8)
    tamper(
        filled,
        "UPDATE audit SET actor = 'nobody' WHERE id = 4",
        "DELETE FROM audit_chain WHERE position >= 4",
        "INSERT INTO audit_unchained (row_id) SELECT id FROM audit WHERE id >= 4",
    )
    chained(filled)
    assert report(filled).problems == []
    assert report(filled, kept={8: kept}).problems == ["position 8: not the hash that was kept"]


def test_it_may_begin_anywhere(filled: Database) -> None:
    tamper(filled, "UPDATE audit SET actor = 'nobody' WHERE id = 2")
    assert report(filled, since=3).problems == []
    assert report(filled, since=3).rows == ROWS - 2
    assert report(filled, since=ROWS + 5).problems == [f"position {ROWS + 4} is missing: begin earlier"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "UPDATE audit_chain SET hash = 'x'",
        "DELETE FROM audit_chain WHERE position = 1",
    ],
)
def test_the_database_refuses_changes(filled: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), filled.writer.begin() as connection:
        connection.execute(text(statement))
    assert report(filled).problems == []


def test_writers_at_once_wait_for_nobody_and_several_chainers_make_one_chain(database: Database) -> None:
    def writes(n: int) -> None:
        for k in range(10):
            with database.transaction() as uow:
                write_down(f"reader-{n}", "read_name", [f"{n}-{k}", f"{n}-{k}-b"], uow)

    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(writes, n) for n in range(4)]
        while not all(job.done() for job in jobs):
            for chainer in [pool.submit(chained, database) for _ in range(2)]:
                chainer.result()
        for job in jobs:
            job.result()
    while chained(database):
        pass
    found = report(database)
    assert (found.problems, found.rows, found.waiting) == ([], 80, 0)


def test_rows_of_before_the_chain_are_chained_too(tmp_path: Path) -> None:
    from alembic import command

    database = Database(scratch_config("identity", tmp_path))
    with database.writer.begin() as connection:
        settings = migrate._settings("identity")
        settings.attributes["connection"] = connection
        command.upgrade(settings, "identity_0002")
        connection.execute(
            text("INSERT INTO audit (at, actor, act, subject) VALUES ('2026-01-01', 'a', 'read_name', 'b')")
        )
    with database.writer.begin() as connection:
        settings = migrate._settings("identity")
        settings.attributes["connection"] = connection
        command.upgrade(settings, "identity_0005")
    assert chained(database) == 1
    database.close()


class Worker(Chainer):
    """The chaining worker without a container."""

    def __init__(self, database: Database):
        super().__init__(trail)
        self._database = database

    @property
    def config(self) -> Any:
        return self._database.config


def test_the_worker_chains_what_waits_and_comes_again_in_a_second(tmp_path: Path) -> None:
    database = open_database(scratch_config("identity", tmp_path))
    migrate.upgrade(database)
    worker = Worker(database)
    with capture_logs() as lines:
        assert worker.step() == EVERY_S
        with database.transaction() as uow:
            write_down("reader", "read_name", [f"subject-{n}" for n in range(audit.BATCH + 5)], uow)
        assert worker.step() == 0.0, "a full batch: more at once"
        assert worker.step() == EVERY_S
    found = report(database)
    assert (found.problems, found.rows, found.waiting) == ([], audit.BATCH + 5, 0)
    assert [(line["event"], line["position"]) for line in lines] == [("audit_head", 0)], "once an hour"
    database.close()


def test_the_command_says_what_to_keep_and_fails_when_something_was_changed(tmp_path: Path) -> None:
    environment = {
        "ONEWINDOW_MASTER_KEY_FILE": str(tmp_path / "master.key"),
        "ONEWINDOW_DATABASE_URL": f"sqlite:///{tmp_path}/{{service}}.sqlite",
    }
    database = Database(Config.from_env("identity", environment))
    migrate.upgrade(database)
    with database.transaction() as uow:
        write_down("reader", "read_name", ["a", "b"], uow)
    chained(database)
    head = report(database).head

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner(env=environment).invoke(command, ["verify", *words])
        return result.exit_code, result.stdout

    keep = f"audit:2:{head}"
    assert run("identity") == (0, f"identity audit: intact, 2 rows · keep {keep}\n")
    assert run("identity", "--from", "2", "--kept", keep)[0] == 0
    assert run("identity", "--kept", f"audit:2:{'0' * 64}")[0] == 1
    assert run("identity", "--kept", "audit:2:short")[0] == 2
    own = CliRunner(env=environment).invoke(identity, ["audit", "verify"])
    assert (own.exit_code, own.stdout) == run("identity")
    tamper(database, "UPDATE audit SET actor = 'nobody' WHERE id = 1")
    status, said = run("identity")
    assert status == 1 and "position 1: row 1 or its link was changed" in said and "1 fault," in said
    database.close()
