"""Names and addresses, asked of identity (of intake for signers) in this service's own name at the moment of
sending."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import requests

from chassis.config import Config
from chassis.credentials import service_login, service_password

TIMEOUT = (2.0, 5.0)  # seconds to connect, to answer
RENEW_BEFORE_S = 60.0
KEPT_S = 30.0
MOST_KEPT = 10_000


class Unreachable(Exception):
    """Identity did not answer, or not as expected. The text is a code."""


class Contact(NamedTuple):
    name: str
    email: str | None


class PhoneCode(NamedTuple):
    phone: str
    code: str


class Invitation(NamedTuple):
    """Whom to send a link to, and what it leads to. ``title`` is by language."""

    phone: str
    token: str
    title: dict[str, str]


class Contacts(Protocol):
    """Who answers how somebody is reached."""

    def of(self, account_id: str) -> Contact | None:
        """None when there is no such account; raises `Unreachable`."""

    def phone_code(self, check_id: str) -> PhoneCode | None:
        """None when it is over; raises `Unreachable`."""

    def invitation(self, signer_id: str) -> Invitation | None:
        """None when it is answered or over; raises `Unreachable`."""


class IdentityContacts:
    """Asks identity over HTTP. It signs in by itself and keeps its token until it is about to end."""

    def __init__(self, config: Config, http: requests.Session | None = None):
        self._config = config
        self._http = http or _session()
        self._token, self._ends = "", 0.0

    def of(self, account_id: str) -> Contact | None:
        answer = self._asked("/accounts/contacts", ids=account_id)
        if answer.status_code != 200:
            raise Unreachable(f"identity {answer.status_code}")
        for item in answer.json()["items"]:
            return Contact(item["display_name"], item["email"])
        return None

    def phone_code(self, check_id: str) -> PhoneCode | None:
        answer = self._asked(f"/phone-codes/{check_id}")
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise Unreachable(f"identity {answer.status_code}")
        body = answer.json()
        return PhoneCode(body["phone"], body["code"])

    def invitation(self, signer_id: str) -> Invitation | None:
        answer = self._asked(f"/signers/{signer_id}", "intake")
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise Unreachable(f"intake {answer.status_code}")
        return Invitation(**answer.json())

    def _asked(self, path: str, service: str = "identity", **params: str) -> requests.Response:
        answer = self._ask(path, service, params)
        if answer.status_code == 401:  # revoked, or identity's keys are new
            self._ends = 0.0
            answer = self._ask(path, service, params)
        return answer

    def _ask(self, path: str, service: str, params: dict[str, str]) -> requests.Response:
        if time.monotonic() > self._ends - RENEW_BEFORE_S:
            self._sign_in()
        bearer = {"Authorization": f"Bearer {self._token}"}
        return self._call("GET", path, service, params=params, headers=bearer)

    def _sign_in(self) -> None:
        password = service_password(self._config.master_key, self._config.service)
        answer = self._call(
            "POST",
            "/tokens",
            json={"login": service_login(self._config.service), "password": password},
        )
        if answer.status_code != 200:
            raise Unreachable(f"identity sign-in {answer.status_code}")
        body = answer.json()
        self._token, self._ends = body["access_token"], time.monotonic() + body["expires_in"]

    def _call(self, method: str, path: str, service: str = "identity", **arguments: Any) -> requests.Response:
        address = f"{self._config.urls[service].rstrip('/')}/api/{service}{path}"
        try:
            return self._http.request(method, address, timeout=TIMEOUT, allow_redirects=False, **arguments)
        except requests.RequestException as error:
            raise Unreachable(f"{service} {type(error).__name__}") from None


class Remembering:
    """Asks again only after `KEPT_S`, since one case brings several messages to one person within seconds."""

    def __init__(self, contacts: Contacts, clock: Callable[[], float] = time.monotonic):
        self._contacts = contacts
        self._clock = clock
        self._known: dict[str, tuple[float, Contact | None]] = {}

    def of(self, account_id: str) -> Contact | None:
        now = self._clock()
        until, contact = self._known.get(account_id, (now, None))
        if until <= now:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            contact = self._contacts.of(account_id)
            self._known[account_id] = (now + KEPT_S, contact)
        return contact

    def phone_code(self, check_id: str) -> PhoneCode | None:
        return self._contacts.phone_code(check_id)

    def invitation(self, signer_id: str) -> Invitation | None:
        return self._contacts.invitation(signer_id)


def _session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    return made
