"""The real identity behind the portal, beside stand-ins for the rest."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from requests.adapters import BaseAdapter
from werkzeug.http import parse_cookie
from werkzeug.test import Client

from chassis import trust
from chassis.database import Database
from chassis.fakes.database import deliver, events_of
from chassis.fakes.web import Mint
from tests.integration.identity_office import Office
from tests.unit.portal.fake_follow import FollowCity
from tests.unit.portal.fake_sign_in import one_origin

HANDS_OUT = ("/api/identity/token", "/api/identity/upstream")


class StaffCity(FollowCity):
    """`FollowCity` with identity as it is; the portal has heard which keys it signs with."""

    def __init__(self, folder: Path, mint: Mint, catalog: Flask, portal: Database):
        super().__init__(folder, mint, catalog)
        (folder / "identity").mkdir()
        config = portal.config
        self.office = Office(folder / "identity", master_key=config.master_key, public_url=config.public_url)
        self._known: dict[str, dict[str, Any]] = {}
        self._identity = Client(self.office.app, use_cookies=False)

    def answer(self, service: str) -> Client:
        return self._identity if service == "identity" else super().answer(service)

    def adapter(self) -> BaseAdapter:
        return _Remembering(self, super().adapter())

    def has_signed_in(self, answer: dict[str, Any]) -> None:
        """Let the stand-ins accept a token identity has handed out."""
        account = answer.get("account") or self._known[subject_of(answer["access_token"])]
        self._known[account["account_id"]] = account
        self._tokens[answer["access_token"]] = account

    def at(self, pages: Flask) -> Flask:
        """The portal with identity at its own address, as behind the gate."""
        pages.extensions["portal"].http.mount("http://", self.adapter())
        pages.wsgi_app = one_origin(pages.wsgi_app, self.office.app)  # type: ignore[method-assign]
        return pages

    def heard_by(self, portal: Database) -> None:
        """What identity said so far reaches the portal, the other services, and identity itself."""
        self.office.hear()
        said = events_of(self.office.database, *trust.EVENTS)
        for database in (portal, *self.databases.values()):
            deliver(database, trust.keep, said, subscription="trust")

    def close(self) -> None:
        self.office.database.close()
        super().close()


def subject_of(token: str) -> str:
    """The account a token speaks of."""
    middle = token.split(".")[1]
    return str(json.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["sub"])


class _Remembering(BaseAdapter):
    def __init__(self, city: StaffCity, inner: BaseAdapter):
        super().__init__()
        self._city = city
        self._inner = inner

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        answer = self._inner.send(request, **options)
        for name, value in parse_cookie(answer.headers.get("Set-Cookie", "")).items():
            answer.cookies.set(name, value or "")
        if answer.status_code == 200 and request.path_url.startswith(HANDS_OUT):
            body = answer.json()
            if "access_token" in body:
                self._city.has_signed_in(body)
        return answer

    def close(self) -> None:
        self._inner.close()
