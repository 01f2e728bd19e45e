"""Identity with a few accounts, and what a test does there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
from flask.testing import FlaskClient
from sqlalchemy import select, update

from chassis import trust
from chassis.database import Database
from chassis.fakes.database import deliver, events_of, memory_database
from chassis.fakes.web import client
from services.identity import handlers, keys, orm, passwords
from services.identity.web import create_app

BASE = "/api/identity"
PASSWORD = "a long enough one"
HASH = passwords.hash_now(PASSWORD)


class Office:
    """Identity over HTTP, its accounts by login."""

    def __init__(self, folder: Path, **changes: Any):
        self.database: Database = memory_database("identity", folder, orm.metadata, **changes)
        self.app = create_app(self.database.config, database=self.database)
        self.ids: dict[str, str] = {}
        with self.database.transaction() as uow:
            keys.start(uow)
        self.hear()

    def hear(self) -> None:
        """Let identity's worker hear what identity said."""
        deliver(
            self.database,
            trust.keep,
            events_of(self.database, *trust.EVENTS),
            subscription="identity.trust",
        )

    def open(self, login: str, *roles: str, department: str = "SJ", **options: Any) -> str:
        """An account: of staff where it has roles, else a person's. Returns its id."""
        kind = "staff" if roles else "person"
        with self.database.transaction() as uow:
            made = handlers.open_account(
                login=login,
                password_hash=HASH,
                kind=kind,
                display_name=f"某{login}",
                roles=roles,
                department=department if roles else None,
                uow=uow,
                **options,
            )
        self.ids[login] = made.account_id
        return made.account_id

    def anyone(self) -> FlaskClient:
        """A browser of somebody new: it keeps its cookies."""
        return client(self.app)

    def signed_in(self, login: str) -> FlaskClient:
        """A new browser in which this account has signed in by its password alone."""
        browser = self.anyone()
        answer = sign_in(browser, login)
        assert answer.status_code == 200, answer.text
        return bearer(browser, answer)

    def as_(self, login: str, *roles: str) -> FlaskClient:
        """A new account with these roles, signed in; a demonstration's, so that nothing more is asked."""
        if login not in self.ids:
            self.open(login, *roles, is_demonstration=True)
        return self.signed_in(login)

    def enrol(self, login: str) -> tuple[str, list[str]]:
        """Give an account a second factor; returns its secret and the recovery codes."""
        with self.database.transaction() as uow:
            account = handlers.locked(self.ids[login], uow)
            secret, _ = handlers.begin_enrolment(account, "holder", uow)
            uow.session.flush()
            code = pyotp.TOTP(secret).at(uow.now - timedelta(seconds=30))
            codes = handlers.confirm_enrolment(account, "holder", code, uow)
        assert codes is not None
        return secret, codes

    def code(self, secret: str, offset: int = 0) -> str:
        """The code of now, or of another step."""
        return pyotp.TOTP(secret).generate_otp(int(self.now.timestamp()) // 30 + offset)

    @property
    def now(self) -> datetime:
        with self.database.read() as session:
            return self.database.now(session)

    def rows(self, table: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.execute(select(table)))

    def set(self, table: Any, **values: Any) -> None:
        with self.database.transaction() as uow:
            uow.session.execute(update(table).values(**values))


@contextmanager
def office_in(folder: Path) -> Iterator[Office]:
    made = Office(folder)
    try:
        yield made
    finally:
        made.database.close()


def sign_in(who: FlaskClient, login: str, password: str = PASSWORD, **headers: str) -> Any:
    return post(who, "/tokens", {"login": login, "password": password}, **headers)


def post(who: FlaskClient, path: str, body: Any = None, **headers: str) -> Any:
    return who.post(BASE + path, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def bearer(browser: FlaskClient, answer: Any) -> FlaskClient:
    browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {answer.get_json()['access_token']}"
    return browser


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"]


def fields(answer: Any) -> set[str]:
    assert refused(answer) == (422, "invalid-request"), answer.text
    assert all(e["zh"] and e["en"] for e in answer.get_json()["errors"])
    return {e["field"] for e in answer.get_json()["errors"]}
