"""Identity away: services check tokens by what they keep; keys change without a restart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis import clock, migrate, trust
from chassis.database import Database
from chassis.fakes.database import deliver, events_of, scratch_config
from chassis.fakes.web import client
from services.identity import handlers, keys
from tests.unit.intake.helpers import FORM
from tests.unit.intake.office import BASE, Office

NOWHERE = {"identity": "http://127.0.0.1:9"}
START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
LIFE = trust.TOKEN_LIFETIME


class City:
    """Identity's database, and intake that hears its events and finds nobody at its address."""

    def __init__(self, folder: Path):
        self.identity = Database(scratch_config("identity", folder))
        self.intake = Database(scratch_config("intake", folder, urls=NOWHERE))
        for database in (self.identity, self.intake):
            migrate.upgrade(database)
        self.office = Office(self.intake)
        self.heard = 0
        with self.identity.transaction() as uow:
            keys.start(uow)
            person: dict[str, Any] = {"login": "shen", "kind": "person", "display_name": "沈佳禾"}
            clerk = {"login": "chen", "kind": "staff", "display_name": "陈一", "department": "SJ"}
            self.accounts = {
                "person": handlers.open_account(**person, password_hash="x", uow=uow).account_id,
                "clerk": handlers.open_account(
                    **clerk, roles=["acceptance_clerk"], password_hash="x", uow=uow
                ).account_id,
            }
        self.hear()

    def hear(self) -> None:
        """What identity has said since arrives at intake."""
        said = events_of(self.identity, *trust.EVENTS)
        deliver(self.intake, trust.keep, said, subscription="intake.trust")
        self.look_again()

    def look_again(self) -> None:
        self.office.app.extensions["onewindow"].verifier.keyring.refresh(0)

    def token(self, who: str = "person") -> str:
        with self.identity.transaction() as uow:
            return handlers.sign_in(self.accounts[who], uow).access_token

    def status(self, token: str) -> int:
        return client(self.office.app, token).get(f"{BASE}/applications").status_code

    def kid(self, token: str) -> str:
        from joserfc import jws

        return str(jws.extract_compact(token.encode()).headers()["kid"])


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    clock.stand_at(START)
    made = City(tmp_path)
    yield made
    clock.stand_at(None)
    made.identity.close()
    made.intake.close()


def test_keys_change_without_a_restart_and_old_tokens_live_on_to_their_end(city: City) -> None:
    first = city.token()
    assert city.status(first) == 200
    with city.identity.transaction() as uow:
        keys.rotate(uow)
    city.hear()
    clock.stand_at(START + keys.LEAD - timedelta(seconds=30))
    before = city.token()
    assert city.kid(before) == city.kid(first), "the new key waits until everybody knows it"
    clock.stand_at(START + keys.LEAD + timedelta(seconds=1))
    after = city.token()
    assert city.kid(after) != city.kid(first)
    assert (city.status(before), city.status(after)) == (200, 200)
    clock.stand_at(START + keys.LEAD + LIFE - timedelta(seconds=40))
    assert (city.status(before), city.status(after)) == (200, 200)
    clock.stand_at(START + keys.LEAD + LIFE + timedelta(seconds=2))
    assert (city.status(before), city.status(after)) == (401, 401)
    late = city.token()
    clock.stand_at(START + keys.LEAD + LIFE + keys.GRACE + timedelta(seconds=1))
    assert city.status(late) == 200


def test_a_token_of_a_retired_key_proves_nothing_even_if_it_says_it_lives(city: City) -> None:
    with city.identity.transaction() as uow:
        keys.rotate(uow)
    city.hear()
    clock.stand_at(START + keys.LEAD - timedelta(seconds=1))
    token = city.token()
    clock.stand_at(START + keys.LEAD + LIFE + keys.GRACE + timedelta(seconds=1))
    assert city.status(token) == 401


def test_ten_minutes_without_identity_whoever_has_a_token_files_and_answers_until_it_ends(city: City) -> None:
    person, clerk = (client(city.office.app, city.token(who)) for who in ("person", "clerk"))
    numbers = []
    for minute in (0, 3, 6, 9):
        clock.stand_at(START + timedelta(minutes=minute, seconds=55))
        city.look_again()
        filed = person.post(f"{BASE}/applications", json={"procedure": "open-shop", "form": FORM})
        assert filed.status_code == 201, f"minute {minute}: {filed.text}"
        numbers.append(filed.get_json()["application_no"])
        assert clerk.get(f"{BASE}/acceptance").status_code == 200
        begun = person.post(f"{BASE}/drafts", json={"procedure": "open-shop", "prefill": True})
        assert begun.status_code in (200, 201), "forms are begun without what identity would fill in"
    assert len(set(numbers)) == 4
    clock.stand_at(START + LIFE + timedelta(seconds=1))
    assert person.get(f"{BASE}/applications").status_code == 401
    assert clerk.get(f"{BASE}/acceptance").status_code == 401
    looked = client(city.office.app).post(
        f"{BASE}/progress", json={"application_no": numbers[0], "query_code": "WRONG1XX"}
    )
    assert looked.status_code == 404, "looking up by number and code needs no token"
