"""Rotation: everything sealed anew, killed in the middle, beside people who write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from chassis import migrate
from chassis.cli import keys as command
from chassis.config import Config
from chassis.database import Database
from chassis.reseal import reseal, sealed_tables, versions_in
from chassis.sealing import MasterKey, Sealer, read_master_key
from chassis.storage import Vault
from chassis.storage.folder import Folder
from services.identity import handlers, keys
from services.identity.domain import Account, InvalidAccount

NUMBER = "329982199504183021"
PEOPLE = 250


class House:
    """Identity's database and the key file beside it."""

    def __init__(self, folder: Path, url: str | None):
        self.folder, self.file = folder, folder / "master.key"
        read_master_key(self.file)
        self.environment = {
            "ONEWINDOW_MASTER_KEY_FILE": str(self.file),
            "ONEWINDOW_DATABASE_URL": url or f"sqlite:///{folder}/{{service}}.sqlite",
            "ONEWINDOW_STORAGE_URL": f"file:{folder}/files",
            "ONEWINDOW_SQLITE_SYNCHRONOUS": "OFF",
        }
        self.database = self.open()

    def open(self) -> Database:
        return Database(Config.from_env("identity", self.environment))

    def add_version(self, version: int = 2) -> None:
        read_master_key(self.file).with_version(version, bytes([version]) * 32).write(self.file)
        self.database.close()
        self.database = self.open()

    def counts(self) -> dict[int, int]:
        return dict(versions_in(self.database, sealed_tables("identity"), None))

    def rotate(self, told: Any = lambda place, count: None) -> int:
        return reseal(self.database, sealed_tables("identity"), None, told)

    def emails(self) -> dict[str, str | None]:
        with self.database.read() as session:
            return {a.login: a.email for a in session.scalars(select(Account))}


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = request.getfixturevalue("databases")("identity") if request.param == "postgres" else None
    made = House(tmp_path, url)
    migrate.upgrade(made.database)
    with made.database.transaction() as uow:
        keys.start(uow)
        opened("first", uow, id_number=NUMBER)
        for n in range(PEOPLE):
            opened(f"person-{n}", uow, email=f"p{n}@example.com")
    yield made
    made.database.close()


def opened(login: str, uow: Any, **more: Any) -> Account:
    return handlers.open_account(
        login=login, password_hash="x", kind="person", display_name="沈佳禾", uow=uow, **more
    )


def test_everything_is_sealed_anew_and_numbers_are_still_found(house: House) -> None:
    house.add_version()
    with house.database.transaction() as uow, pytest.raises(InvalidAccount, match="id_number: taken"):
        opened("second", uow, id_number=NUMBER)
    assert house.rotate() == PEOPLE + 2
    assert house.counts().keys() == {2}
    read_master_key(house.file).without_version(1).write(house.file)
    house.database.close()
    house.database = house.open()
    with house.database.transaction() as uow, pytest.raises(InvalidAccount, match="id_number: taken"):
        opened("second", uow, id_number=NUMBER)
    assert house.emails()["person-7"] == "p7@example.com"
    assert house.rotate() == 0


def test_killed_in_the_middle_everything_can_be_read_and_the_next_run_ends_it(house: House) -> None:
    house.add_version()
    program = (
        "from chassis.config import Config; from chassis.database import Database\n"
        "from chassis.reseal import reseal, sealed_tables\n"
        "def told(place, count):\n"
        "    print(place, count, flush=True); input()\n"
        "reseal(Database(Config.from_env('identity')), sealed_tables('identity'), None, told)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ | house.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None and run.stdin is not None
    assert run.stdout.readline() == "account 200\n"
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert house.counts().keys() == {1, 2}
    assert len([email for email in house.emails().values() if email]) == PEOPLE
    assert house.rotate() == PEOPLE + 2 - 200
    assert house.counts().keys() == {2}


def test_what_is_written_meanwhile_stays_as_it_was_written(house: House) -> None:
    house.add_version()
    with house.database.read() as session:
        accounts = {a.login: a.account_id for a in session.scalars(select(Account)) if a.email}
    over, written = threading.Event(), {}

    def writes() -> None:
        names = sorted(accounts)
        n = 0
        while not over.wait(0.001):  # SQLite's one connection goes to whoever asks first
            login = names[n % len(names)]
            with house.database.transaction() as uow:
                handlers.set_email(accounts[login], f"new{n}@example.com", uow)
            written[login] = f"new{n}@example.com"
            n += 1

    writer = threading.Thread(target=writes)
    writer.start()
    try:
        house.rotate()
    finally:
        over.set()
        writer.join()
    assert written
    assert house.counts().keys() == {2}
    found = house.emails()
    assert {login: found[login] for login in written} == written


def test_a_writer_who_does_not_know_the_newest_version_is_named_instead_of_waited_for(house: House) -> None:
    old = house.open()
    house.add_version()
    with house.database.read() as session:
        account_id = session.scalars(select(Account.account_id)).first()  # type: ignore[call-overload]

    stale = Sealer(MasterKey(old.config.master_key), "columns")

    def told(place: str, count: int) -> None:
        with house.database.writer.begin() as connection:
            statement = "UPDATE account SET display_name = :name WHERE account_id = :id"
            connection.exec_driver_sql(*bound(house, statement, stale.seal(b"x"), account_id))

    with pytest.raises(RuntimeError, match="account: somebody still seals by an old version"):
        house.rotate(told)
    old.close()


def bound(house: House, statement: str, name: bytes, account_id: Any) -> tuple[str, Any]:
    if house.database.is_sqlite:
        return statement, {"name": name, "id": account_id}
    return statement.replace(":name", "%(name)s").replace(":id", "%(id)s"), {"name": name, "id": account_id}


def test_files_are_sealed_anew(tmp_path: Path) -> None:
    first = MasterKey(b"k" * 32)
    old, folder = Vault(Folder(tmp_path), Sealer(first, "files")), Folder(tmp_path)
    digests = {old.put(content) for content in (b"one", b"two")}
    new = Vault(folder, Sealer(first.with_version(2, b"n" * 32), "files"))
    assert set(new.names()) == digests
    assert [new.version_of(d) for d in sorted(digests)] == [1, 1]
    assert [new.reseal(d) for d in sorted(digests)] == [True, True]
    assert [new.reseal(d) for d in sorted(digests)] == [False, False]
    alone = Vault(folder, Sealer(MasterKey(b"k" * 32, {2: b"n" * 32}), "files"))
    assert {alone.get(d) for d in digests} == {b"one", b"two"}
    alone.delete(min(digests))
    assert not new.reseal(min(digests))


def test_the_commands_add_list_rotate_and_remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(tmp_path, None)
    migrate.upgrade(house.database)
    with house.database.transaction() as uow:
        opened("first", uow, id_number=NUMBER)
    house.database.close()
    monkeypatch.setattr(command, "service_names", lambda: ("identity",))
    run = CliRunner(env=house.environment).invoke

    def said(*words: str, status: int = 0) -> str:
        result = run(command.keys, words)
        assert result.exit_code == status, result.output
        return result.output

    assert "version 1 seals: `onewindow keys add` first" in said("remove", "1", status=1)
    assert "version 2 added" in said("add")
    assert "2 values of identity are sealed by version 1: rotate it first" in said("remove", "1", status=1)
    assert "version 2 seals" in said("list")
    assert "identity: 1 rows and files sealed anew" in said("rotate", "identity")
    assert "there is no version 7" in said("remove", "7", status=1)
    assert "version 1 removed" in said("remove", "1")
    assert set(read_master_key(house.file).versions) == {2}
