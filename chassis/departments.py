"""Departments on the broker: a user each, its queue of work, its history, and what it may do.

All of it is one import of definitions by the management API, so it is made for one department or for
all at once, on one node or a cluster, and again without harm.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import requests

from chassis.topology import (
    DEPARTMENTS_EXCHANGE,
    PUBLIC,
    QUEUE_ARGUMENTS,
    REPLIES_EXCHANGE,
    STREAM_ARGUMENTS,
)

CODE = re.compile(r"[A-Z][A-Z0-9]{0,15}")
PREFIX = "department-"
TIMEOUT_S = 30
VHOST = "/"
NOTHING = "^$"


class NotProvisioned(Exception):
    """What is missing, in words for whoever called."""


def user_of(code: str) -> str:
    """The broker user of a department."""
    return PREFIX + code


def department_of(user: str) -> str | None:
    """The department a broker user speaks for; None for users that are no department's."""
    return user.removeprefix(PREFIX) if user.startswith(PREFIX) else None


def queues_of(code: str) -> dict[str, tuple[dict[str, str], tuple[str, ...]]]:
    """A department's queues: their arguments, and the keys they start with."""
    return {
        f"departments.{code}.tasks": (QUEUE_ARGUMENTS, (f"{code}.approval.*",)),
        f"departments.{code}.history": (STREAM_ARGUMENTS, (f"{code}.#", f"{PUBLIC}.#")),
    }


def permissions_of(code: str) -> dict[str, str]:
    """Which exchanges and queues it may use: make nothing, read its own, bind them, answer."""
    own = "|".join(map(re.escape, queues_of(code)))
    return {
        "configure": NOTHING,
        "write": f"^({re.escape(REPLIES_EXCHANGE)}|{own})$",
        "read": f"^({DEPARTMENTS_EXCHANGE}|{own})$",
    }


def topic_permissions_of(code: str) -> dict[str, dict[str, str]]:
    """Which keys it may bind and publish, by exchange."""
    return {
        DEPARTMENTS_EXCHANGE: {"read": rf"^({code}|{PUBLIC})\.", "write": NOTHING},
        REPLIES_EXCHANGE: {"read": NOTHING, "write": rf"^{code}\.departments\.answer_given$"},
    }


class Departments:
    """Makes, shows and takes away departments. ``url``: ``http://user:password@host:15672``."""

    def __init__(self, url: str):
        self._url = url.rstrip("/") + "/api"

    def add(self, codes: Iterable[str]) -> dict[str, str]:
        """Everything these departments need; returns the passwords of those that had no user yet."""
        wanted = sorted(set(codes))
        if wrong := [code for code in wanted if not CODE.fullmatch(code)]:
            raise NotProvisioned(
                f"no department's code: {', '.join(wrong)} (capitals and digits, a letter first, 16 at most)"
            )
        self._check_exchanges()
        known = {row["name"] for row in self._call("GET", "users").json()}
        passwords = {code: secrets.token_urlsafe(24) for code in wanted if user_of(code) not in known}
        self._call("POST", "definitions", json=_definitions(wanted, passwords))
        return passwords

    def rotate(self, code: str) -> str:
        """A new password; the old one and connections made with it end."""
        self.show(code)
        password = secrets.token_urlsafe(24)
        self._call("PUT", f"users/{user_of(code)}", json={"password_hash": _hash(password), "tags": ""})
        self._disconnect(code)
        return password

    def remove(self, code: str, *, with_queues: bool = False) -> None:
        """Take the user away, and with ``with_queues`` what waits for it."""
        self.show(code)
        self._call("DELETE", f"users/{user_of(code)}")
        self._disconnect(code)
        if with_queues:
            for queue in queues_of(code):
                self._call("DELETE", f"queues/{quote(VHOST, safe='')}/{queue}", may_lack=True)

    def show(self, code: str) -> dict[str, Any]:
        """What stands of a department. Raises `NotProvisioned` where it has no user."""
        user = user_of(code)
        if self._call("GET", f"users/{quote(user, safe='')}", may_lack=True).status_code == 404:
            raise NotProvisioned(f"{code} has no user on the broker; next: onewindow department add {code}")
        permissions = self._call("GET", f"users/{user}/permissions").json()
        topics = self._call("GET", f"users/{user}/topic-permissions").json()
        queues = {}
        for name in queues_of(code):
            path = f"queues/{quote(VHOST, safe='')}/{name}"
            if self._call("GET", path, may_lack=True).status_code == 404:
                continue
            bindings = self._call("GET", f"{path}/bindings").json()
            queues[name] = sorted(b["routing_key"] for b in bindings if b["source"])
        return {
            "user": user,
            "permissions": {k: row[k] for row in permissions for k in ("configure", "write", "read")},
            "topics": {row["exchange"]: {k: row[k] for k in ("write", "read")} for row in topics},
            "queues": queues,
        }

    def _check_exchanges(self) -> None:
        standing = {row["name"] for row in self._call("GET", f"exchanges/{quote(VHOST, safe='')}").json()}
        if missing := [x for x in (DEPARTMENTS_EXCHANGE, REPLIES_EXCHANGE) if x not in standing]:
            raise NotProvisioned(
                f"the broker has no exchange {' and '.join(missing)}; next: onewindow topology apply"
            )

    def _disconnect(self, code: str) -> None:
        for row in self._call("GET", "connections").json():
            if row.get("user") == user_of(code):
                self._call("DELETE", f"connections/{quote(row['name'], safe='')}", may_lack=True)

    def _call(self, method: str, path: str, may_lack: bool = False, **more: Any) -> requests.Response:
        where = self._url.rpartition("@")[2]
        try:
            answer = requests.request(method, f"{self._url}/{path}", timeout=TIMEOUT_S, **more)
        except requests.RequestException as error:
            raise NotProvisioned(
                f"RabbitMQ's management API doesn't answer at {where} ({type(error).__name__}): is the "
                "plugin rabbitmq_management on, and ONEWINDOW_BROKER_API its address?"
            ) from None
        if answer.status_code == 401:
            raise NotProvisioned(
                f"{where} refuses the user in ONEWINDOW_BROKER_API (wrong password, or no tag)"
            )
        if answer.status_code == 403:
            raise NotProvisioned(f"the user in ONEWINDOW_BROKER_API needs the tag administrator at {where}")
        if not answer.ok and not (may_lack and answer.status_code == 404):
            raise NotProvisioned(f"{where} answered {answer.status_code}: {answer.text[:300]}")
        return answer


def _definitions(codes: list[str], passwords: Mapping[str, str]) -> dict[str, Any]:
    queues = [(name, *queue) for code in codes for name, queue in queues_of(code).items()]
    return {
        "users": [
            {"name": user_of(code), "password_hash": _hash(password), "tags": ""}
            for code, password in passwords.items()
        ],
        "permissions": [{"user": user_of(c), "vhost": VHOST, **permissions_of(c)} for c in codes],
        "topic_permissions": [
            {"user": user_of(c), "vhost": VHOST, "exchange": exchange, **allowed}
            for c in codes
            for exchange, allowed in topic_permissions_of(c).items()
        ],
        "queues": [
            {"name": name, "vhost": VHOST, "durable": True, "auto_delete": False, "arguments": arguments}
            for name, arguments, _ in queues
        ],
        "bindings": [
            {
                "source": DEPARTMENTS_EXCHANGE,
                "vhost": VHOST,
                "destination": name,
                "destination_type": "queue",
                "routing_key": key,
                "arguments": {},
            }
            for name, _, keys in queues
            for key in keys
        ],
    }


def _hash(password: str) -> str:
    """RabbitMQ's salted SHA-256, so that no password stands in a request."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
