"""What identity's worker does by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from chassis import migrate
from chassis.database import Database, open_database
from chassis.fakes.database import events_of, scratch_config
from contracts.identity import SigningKeyPublished
from services.identity import __main__ as command
from services.identity import keys, orm, passwords, worker
from services.identity.domain import Account


class Container:
    """As much of a nameko container as a dependency needs; its threads run at once."""

    service_name = "identity"

    def __init__(self, database: Database):
        self.config = {"onewindow": lambda _: database.config}
        self.shared_extensions: dict[Any, Any] = {}

    def spawn_managed_thread(self, act: Callable[[], None], identifier: str) -> None:
        act()


def start(database: Database) -> None:
    """Start what the worker starts."""
    container = Container(database)
    announced = worker.KeysAnnounced().bind(container, "announced")
    announced.setup()
    announced.start()


def test_the_first_start_makes_a_key_and_the_next_says_it_again(database: Database) -> None:
    start(database)
    start(database)
    first, again = events_of(database, SigningKeyPublished)
    assert first.event == again.event
    with database.read() as session:
        assert len(session.execute(select(orm.key)).all()) == 1


def test_a_start_waits_for_a_database_that_is_not_migrated_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(scratch_config("identity", tmp_path))
    waited: list[float] = []

    def migrate_meanwhile(seconds: float) -> None:
        waited.append(seconds)
        migrate.upgrade(database)

    monkeypatch.setattr(worker.time, "sleep", migrate_meanwhile)
    start(database)
    assert len(waited) == 1
    assert len(events_of(database, SigningKeyPublished)) == 1
    database.close()


def test_an_operator_rotates_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEWINDOW_DATABASE_URL", f"sqlite:///{tmp_path}/{{service}}.sqlite")
    monkeypatch.setenv("ONEWINDOW_MASTER_KEY_FILE", str(tmp_path / "master.key"))
    with command.database_of("identity") as database:
        migrate.upgrade(database)
        with database.transaction() as uow:
            keys.start(uow)
    result = CliRunner().invoke(command.main, ["rotate-keys"])
    assert (result.exit_code, result.output) == (0, "a new key signs in 10 minutes\n")
    with command.database_of("identity") as database:
        old, *announced = [e.event for e in events_of(database, SigningKeyPublished)]
    assert isinstance(old, SigningKeyPublished)
    assert {
        (e.kid == old.kid, e.retired_at is None) for e in announced if isinstance(e, SigningKeyPublished)
    } == {
        (True, False),
        (False, True),
    }


def test_the_first_administrator_is_opened_by_command_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEWINDOW_DATABASE_URL", f"sqlite:///{tmp_path}/{{service}}.sqlite")
    monkeypatch.setenv("ONEWINDOW_MASTER_KEY_FILE", str(tmp_path / "master.key"))
    with command.database_of("identity") as database:
        migrate.upgrade(database)
    first = CliRunner().invoke(command.main, ["add-administrator", "root", "周立群", "ZW"])
    again = CliRunner().invoke(command.main, ["add-administrator", "root", "周立群", "ZW"])
    assert first.exit_code == 0
    assert (again.exit_code, "login" in again.output) == (1, True)
    password = first.output.splitlines()[0].removeprefix("root: ")
    with command.database_of("identity") as database, database.read() as session:
        account = session.scalars(select(Account)).one()
    assert account.roles == ["platform_admin"]
    assert passwords.matches(account.password_hash, password)
