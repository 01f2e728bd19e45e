"""Where staff belong as the catalogue says, sessions that end one by one, and the operator's last resort."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyotp
import pytest
import yaml
from click.testing import CliRunner
from sqlalchemy import select

import services.identity.__main__ as command
from chassis import migrate, trust
from chassis.auth import InvalidToken, Verifier
from chassis.database import Database
from chassis.fakes.database import deliver, envelope, events_of
from chassis.trust import Keyring
from contracts.catalog import DepartmentPublished, PlacePublished
from contracts.identity import SecurityChanged, SessionRevoked
from contracts.procedure import Text
from services.identity import handlers, keys, orm, sample, staff_queries


def name(code: str) -> Text:
    return Text(zh=code, en=code)


def place(code: str, kind: str = "town", **more: Any) -> PlacePublished:
    return PlacePublished(code=code, name=name(code), kind=kind, **more)


@pytest.mark.parametrize("seed", range(5))
def test_departments_and_places_end_the_same_in_any_order_and_number(database: Database, seed: int) -> None:
    dice = random.Random(seed)
    now = database.now()
    said = [
        envelope(DepartmentPublished(code="SJ", name=name("SJ")), sequence=1, time=now, id="1"),
        envelope(place("329982", "city"), sequence=1, time=now, id="2"),
        envelope(place("329982100", parent="329982"), sequence=1, time=now, id="3"),
        envelope(place("329982100", parent="329982", is_gone=True), sequence=2, time=now, id="4"),
        envelope(place("329982101", "street", parent="329982"), sequence=1, time=now, id="5"),
        envelope(place("329982101", parent="329982"), sequence=2, time=now, id="6"),
    ]
    told = said + dice.choices(said, k=6)
    dice.shuffle(told)
    deliver(database, handlers.keep_units, told, subscription="identity.units", batch=dice.randint(1, 5))
    with database.read() as session:
        found = [(u["code"], u["kind"], u["depth"]) for u in staff_queries.tree(session)]
    assert found == [("SJ", "department", 0), ("329982", "city", 0), ("329982101", "town", 1)]


def test_before_the_catalogue_has_told_anything_the_form_of_a_unit_counts(database: Database) -> None:
    with database.transaction() as uow:
        assert handlers.wrong_unit("SJ", uow) is None
        assert handlers.wrong_unit("sj", uow) == "unit"
        event = DepartmentPublished(code="SJ", name=name("SJ"))
        handlers.keep_units([envelope(event, sequence=1, time=uow.now)], uow)
        assert handlers.wrong_unit("SJ", uow) is None
        assert handlers.wrong_unit("GA", uow) == "unknown_unit"
        handlers.keep_units([envelope(place("329982", "city", is_gone=True), sequence=1, time=uow.now)], uow)
        assert handlers.wrong_unit("329982", uow) == "unknown_unit"


def test_a_session_that_was_ended_is_refused_everywhere_and_the_others_go_on(database: Database) -> None:
    with database.transaction() as uow:
        keys.start(uow)
        account = handlers.open_account(
            login="shen", password_hash="-", kind="person", display_name="沈佳禾", uow=uow
        )
    sessions = []
    for _ in range(2):
        with database.transaction() as uow:
            sessions.append(handlers.sign_in(account.account_id, uow))
    gone, goes_on = (s.access_token for s in sessions)
    with database.transaction() as uow:
        handlers.revoke_session(account.account_id, sessions[0].refresh_token.partition(".")[0], uow)
    for order in (1, -1):
        said = events_of(database, *trust.EVENTS)[::order]
        deliver(database, trust.keep, said, subscription=f"fresh{order}")
        verifier = Verifier(Keyring(database))
        assert verifier.verify(goes_on).account_id == account.account_id
        with pytest.raises(InvalidToken, match="revoked"):
            verifier.verify(gone)
    assert len(events_of(database, SessionRevoked)) == 1


def test_accounts_of_a_folder_have_initial_passwords_unless_it_is_a_demonstration(
    database: Database, tmp_path: Path
) -> None:
    accounts = [
        {
            "login": "head",
            "kind": "staff",
            "display_name": "负责人",
            "department": "SJ",
            "roles": ["approver"],
        },
        {"login": "dept-sj", "kind": "machine", "display_name": "系统", "department": "SJ", "roles": []},
    ]
    for name, more in (("city", {}), ("demo", {"demonstration": True}), ("slip", {"demonstration": "no"})):
        folder = tmp_path / name
        folder.mkdir()
        mine = [a | {"login": f"{name}-{a['login']}", "department": "SJ"} for a in accounts]
        (folder / "accounts.yaml").write_text(yaml.safe_dump({"password": "x", "accounts": mine} | more))
        with database.transaction() as uow:
            sample.load(folder, uow)
    with database.read() as session:
        rows = session.execute(select(orm.account).order_by(orm.account.c.login)).all()
    assert {r.login: (r.has_initial_password, r.is_demonstration) for r in rows} == {
        "city-dept-sj": (False, False),
        "city-head": (True, False),
        "demo-dept-sj": (False, True),
        "demo-head": (False, True),
        "slip-dept-sj": (False, False),
        "slip-head": (True, False),
    }


def test_an_operator_resets_a_second_factor_when_nobody_else_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEWINDOW_DATABASE_URL", f"sqlite:///{tmp_path}/{{service}}.sqlite")
    monkeypatch.setenv("ONEWINDOW_MASTER_KEY_FILE", str(tmp_path / "master.key"))
    with command.database_of("identity") as database:
        migrate.upgrade(database)
        with database.transaction() as uow:
            for login, kind in (("root", "staff"), ("shen", "person")):
                handlers.open_account(
                    login=login,
                    password_hash="-",
                    kind=kind,  # type: ignore[arg-type]
                    display_name="周立群",
                    department="ZW" if kind == "staff" else None,
                    roles=["security_admin"] if kind == "staff" else [],
                    uow=uow,
                )

    def reset(login: str) -> Any:
        return CliRunner().invoke(command.main, ["reset-second-factor", login])

    assert "has no second factor" in reset("root").output
    assert "is not staff" in reset("shen").output
    assert "no account" in reset("nobody").output
    with command.database_of("identity") as database, database.transaction() as uow:
        row = uow.session.execute(select(orm.account.c.account_id).where(orm.account.c.login == "root"))
        account = handlers.locked(row.scalar_one(), uow)
        secret, _ = handlers.begin_enrolment(account, "holder", uow)
        uow.session.flush()
        code = pyotp.TOTP(secret).at(uow.now)
        assert handlers.confirm_enrolment(account, "holder", code, uow)
    done = reset("root")
    assert (done.exit_code, "root: signed out" in done.output) == (0, True)
    with command.database_of("identity") as database, database.read() as session:
        assert session.execute(select(orm.second_factor)).all() == []
        (line,) = session.execute(select(orm.audit)).all()
        told = [e.event.change for e in events_of(database, SecurityChanged)]  # type: ignore[attr-defined]
    assert (line.actor, line.act) == ("operator", "reset_second_factor")
    assert told == ["second_factor_added", "second_factor_reset"]
