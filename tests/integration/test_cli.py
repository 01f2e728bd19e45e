"""The operator's command, on databases of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chassis import cli, tables
from chassis.config import Config
from chassis.consume import Consumption, Delivery
from chassis.database import Database
from chassis.fakes.database import events_of
from chassis.publisher import MemoryPublisher
from chassis.relay import Relay
from contracts import intake

CASE = "SJ20261124000001A"


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONEWINDOW_DATABASE_URL", f"sqlite:///{tmp_path}/{{service}}.sqlite")
    monkeypatch.setenv("ONEWINDOW_MASTER_KEY_FILE", str(tmp_path / "master.key"))
    monkeypatch.setenv("ONEWINDOW_BROKER_URL", "memory://localhost")
    assert run("migrate").exit_code == 0
    return tmp_path


@pytest.fixture
def database(city: Path) -> Iterator[Database]:
    database = Database(Config.from_env("intake"))
    yield database
    database.close()


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(cli.main, arguments)


def bury_one(database: Database) -> None:
    def ack() -> None: ...

    consumption = Consumption(database, "intake.cases", lambda *_: None)
    consumption.handle([Delivery(body=b'{"broken": true}', ack=ack)])


def test_every_command_explains_itself() -> None:
    for group in cli.GROUPS:
        result = run(group, "--help")
        assert result.exit_code == 0, group
        assert "Usage:" in result.output


def test_migrating_again_changes_nothing(city: Path) -> None:
    assert "already up to date" in run("migrate", "intake").output


def test_figures_are_made_anew_from_the_logs(city: Path, database: Database) -> None:
    with database.transaction() as uow:
        uow.emit(
            intake.ApplicationSubmitted(
                application_no=CASE,
                procedure="new-company",
                version=1,
                applicant="acc-1",
                channel="portal",
                submitted_at=uow.now,
            )
        )
    Relay(database, MemoryPublisher("memory://localhost")).step()
    result = run("projection", "rebuild", "dashboard")
    assert result.exit_code == 0, result.output
    assert "dashboard rebuilt from 1 events" in result.output
    assert "there is dashboard" in run("projection", "rebuild", "intake").output


def test_loading_the_sample_twice_is_loading_it_once(city: Path) -> None:
    folder = str(Path(cli.__file__).parents[2] / "sample_city")
    assert run("load", folder, "--service", "catalog").exit_code == 0
    database = Database(Config.from_env("catalog"))
    before = len(events_of(database))
    assert run("load", folder, "--service", "catalog").exit_code == 0
    assert len(events_of(database)) == before > 0
    database.close()


def test_a_dead_event_is_listed_shown_and_replayed_once(database: Database) -> None:
    assert "no dead event" in run("events", "list").output
    bury_one(database)
    assert "intake/1" in run("events", "list").output
    assert "broken" in run("events", "show", "intake/1").output
    assert run("events", "replay", "intake/1").exit_code == 0
    with database.read() as session:
        (waiting,) = session.execute(tables.outbox.select()).all()
    assert (waiting.queue, bytes(waiting.body)) == ("intake.cases", b'{"broken": true}')
    assert run("events", "replay", "intake/1").exit_code == 1
    assert run("events", "show", "intake/9").exit_code == 1
    assert run("events", "show", "nonsense").exit_code == 2


def test_a_discarded_event_keeps_its_body_for_the_record(database: Database) -> None:
    bury_one(database)
    assert run("events", "discard", "intake/1").exit_code == 0
    assert "no dead event" in run("events", "list").output
    assert "discarded" in run("events", "list", "--all").output


def test_a_case_is_traced_through_the_services(database: Database) -> None:
    with database.transaction() as uow:
        uow.emit(intake.ApplicationReturned(application_no=CASE, round=1), case=CASE)
    shown = run("trace", CASE)
    assert "intake.application_returned #1" in shown.output
    assert "waiting" in shown.output
    assert run("trace", "nobody").exit_code == 1


def test_due_dates_are_shown_and_their_breaker_released(database: Database) -> None:
    with database.transaction() as uow:
        uow.schedule("intake.acceptance_silence", CASE, uow.now - timedelta(days=1))
    assert "intake.acceptance_silence: 1 waiting, 1 due" in run("time", "show").output
    assert run("time", "release", "intake.acceptance_silence").exit_code == 0


def test_the_topology_names_every_queue(city: Path) -> None:
    shown = run("topology", "show").output
    for queue in ("intake.cases", "approval.intake", "approval.replies", "portal.pages"):
        assert queue in shown
    assert "queues stand" in run("topology", "apply").output


def test_backfilling_an_unknown_queue_says_where_to_look(city: Path) -> None:
    result = run("events", "backfill", "nobody.knows", "--from", "2026-01-01")
    assert result.exit_code == 1
    assert "topology show" in result.output
