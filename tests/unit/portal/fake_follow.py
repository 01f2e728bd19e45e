"""Notification and dashboard behind the portal: the real applications, told what a test wants told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Flask, jsonify, request
from werkzeug.test import Client

from chassis.database import Database
from chassis.fakes.database import deliver
from chassis.fakes.web import Mint
from contracts.cloudevents import Envelope
from services.dashboard import handlers as dashboard
from services.dashboard.web import create_app as dashboard_app
from services.notification import handlers as notification
from services.notification.web import create_app as notification_app
from tests.migrated import migrated
from tests.unit.portal.fake_city import ACCOUNTS, FakeCity

ACCOUNTS |= {
    login: {
        "account_id": f"acc-{login}",
        "kind": "staff",
        "display_name": name,
        "roles": [role],
        "department": department,
    }
    for login, name, role, department in (
        ("leader", "市领导", "leader", "ZW"),
        ("zhou-sup", "周督办", "supervisor", "ZW"),
        ("xukeqin", "许克勤", "approver", "SJ"),
        ("admin", "平台管理员", "platform_admin", "ZW"),
        ("tangyizhou", "唐一舟", "department_it", "SJ"),
        ("it-xf", "消防信息员", "department_it", "XF"),
    )
}


class FollowCity(FakeCity):
    """`FakeCity` with messages and figures. ``emails`` is what identity knows, ``answers`` approval."""

    def __init__(
        self,
        folder: Path,
        mint: Mint,
        catalog: Flask,
        say: Callable[[set[str]], None] = lambda topics: None,
    ):
        super().__init__(mint, catalog, say)
        self.emails: dict[str, str | None] = {}
        self.databases = {name: _database(name, folder, mint) for name in ("notification", "dashboard")}
        self._apps = {
            "notification": Client(_app(notification_app, self.databases["notification"])),
            "dashboard": Client(_app(dashboard_app, self.databases["dashboard"])),
        }

    def answer(self, service: str) -> Client:
        return self._apps.get(service) or super().answer(service)

    def tell(self, envelopes: Iterable[Envelope]) -> None:
        """Have both services hear these events."""
        told = list(envelopes)
        for name, handlers in (("notification", notification), ("dashboard", dashboard)):
            mine = [e for e in told if type(e.event) in handlers.EVENTS]
            early = deliver(self.databases[name], handlers.follow, mine, batch=100)
            assert early == []

    def close(self) -> None:
        for database in self.databases.values():
            database.close()

    def _make(self) -> Flask:
        made = super()._make()

        def account_id() -> str:
            token = request.headers["Authorization"].removeprefix("Bearer ")
            return str(self._tokens[token]["account_id"])

        @made.get("/api/identity/me/contact")
        def contact() -> Any:
            return jsonify(email=self.emails.get(account_id()))

        @made.put("/api/identity/me/contact")
        def set_contact() -> Any:
            email = request.json["email"]
            if email is not None and "@" not in email:
                return jsonify(type="invalid-request", status=422, errors=[]), 422
            self.emails[account_id()] = email
            return jsonify(email=email)

        @made.post("/api/approval/supervisions/<branch_no>/close")
        def close(branch_no: str) -> Any:
            found = [a for a in self.desk.supervisions if a["branch_no"] == branch_no]
            if not found:
                return jsonify(type="illegal-move", status=409, detail="还没有书面说明。"), 409
            self.desk.supervisions.remove(found[0])
            return jsonify(found[0])

        @made.get("/api/intake/applications/<no>/overview")
        def overview(no: str) -> Any:
            found = self.cases.get(no)
            return jsonify(found) if found else (jsonify(type="not-found", status=404), 404)

        return made


def _database(name: str, folder: Path, mint: Mint) -> Database:
    made = migrated(name, folder)
    mint.install(made)
    return made


def _app(factory: Callable[..., Flask], database: Database) -> Flask:
    return factory(database.config, database=database)
