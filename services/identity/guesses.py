"""Wrong guesses cost time, so that nobody is locked out by somebody else.

Passwords count by login and address, in a device's own counter where its owner has signed in before. Whoever
tries many logins from one address waits too. Codes count by account: in a known device's own counter, and
together for all others, which takes somebody who knows the password already.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.ratelimit import Limit
from chassis.tables import attempt
from chassis.uow import UnitOfWork
from services.identity.devices import Device


class WrongPasswords(Limit):
    """Counts wrong passwords only (`take`, after the check), so that any number of right ones may come at
    once. While a key waits, a right password is refused like a wrong one: guessing on tells nothing."""

    def waiting(self, key: str, session: Session, now: datetime) -> bool:
        """Whether this key has to wait; `take` then raises the problem that says how long."""
        tries = select(attempt.c["count"], attempt.c.until).where(attempt.c.key == self._key(key))
        row = session.execute(tries).first()
        return row is not None and row[0] >= self.tries and row.until > now


wrong_passwords = WrongPasswords(
    "sign-in", tries=10, pause=timedelta(seconds=10), longest=timedelta(minutes=15)
)
sprayed = WrongPasswords("sprayed", tries=100, pause=timedelta(seconds=5), longest=timedelta(minutes=5))
wrong_codes = WrongPasswords("code", tries=10, pause=timedelta(seconds=10), longest=timedelta(minutes=15))
own_password = WrongPasswords(
    "own-password", tries=5, pause=timedelta(seconds=10), longest=timedelta(minutes=15)
)

answers_refused = WrongPasswords(
    "upstream", tries=20, pause=timedelta(seconds=10), longest=timedelta(minutes=5)
)
"""What came back from another provider and was refused: by address."""
sign_ins_begun = Limit("upstream-begin", tries=60, pause=timedelta(seconds=5), longest=timedelta(minutes=5))
"""Sign-ins through another provider that nobody has come back from: by address."""


class Passwords:
    """The counters one try of a password for ``login`` counts in."""

    def __init__(self, login: str, account_id: str | None, device: Device, address: str):
        known = account_id is not None and device.knows(account_id)
        self._login = f"{login} device:{device.device_id}" if known else f"{login} {address}"
        self._address = None if known else address

    def waiting(self, session: Session, now: datetime) -> bool:
        """Whether no password counts now, right or wrong."""
        spray = self._address is not None and sprayed.waiting(self._address, session, now)
        return spray or wrong_passwords.waiting(self._login, session, now)

    def take(self, uow: UnitOfWork) -> None:
        """A wrong one; the problem that says how long to wait while one has to."""
        wrong_passwords.take(uow, self._login)
        if self._address is not None:
            sprayed.take(uow, self._address)

    def clear(self, uow: UnitOfWork) -> None:
        """A right one. It says nothing about other logins tried from there."""
        wrong_passwords.clear(uow, self._login)


class Codes:
    """The counters one try of a code for an account counts in."""

    def __init__(self, account_id: str, device: Device, address: str):
        known = device.knows(account_id)
        self._account = f"{account_id} {device.device_id if known else 'elsewhere'}"
        self._address = None if known else address

    def waiting(self, session: Session, now: datetime) -> bool:
        spray = self._address is not None and sprayed.waiting(self._address, session, now)
        return spray or wrong_codes.waiting(self._account, session, now)

    def take(self, uow: UnitOfWork) -> None:
        wrong_codes.take(uow, self._account)
        if self._address is not None:
            sprayed.take(uow, self._address)

    def clear(self, uow: UnitOfWork) -> None:
        wrong_codes.clear(uow, self._account)
