"""A small city behind the portal: the real catalogue on the sample, and simple stand-ins for the rest.

It answers the portal's own HTTP client in the process, so pages can be tried (and looked at in a browser)
without any other service running. ``say`` is called with the topics a real city's events would mark.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import requests
from flask import Flask, jsonify, request
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse
from werkzeug.test import Client

from chassis import tables
from chassis.config import Config
from chassis.database import Database
from chassis.fakes.web import Mint
from services.catalog import orm as catalog_orm
from services.catalog import sample as catalog_sample
from services.catalog.web import create_app as catalog_app
from services.portal.handlers import page_changes
from tests.unit.portal.fake_approval import add_approval
from tests.unit.portal.fake_desk import DESK_ACCOUNTS, add_desk
from tests.unit.portal.fake_identity import add_identity
from tests.unit.portal.fake_intake import add_intake
from tests.unit.portal.fake_papers import add_papers
from tests.unit.portal.fake_sign_in import OPEN, add_sign_in
from tests.unit.portal.fake_signing import add_signing
from tests.unit.portal.fake_space import add_space

SAMPLE = Path(__file__).parents[3] / "sample_city"
PASSWORD = "demo"
ACCOUNTS: dict[str, dict[str, Any]] = DESK_ACCOUNTS | {
    "shenjiahe": {"account_id": "acc-shen", "kind": "person", "display_name": "沈佳禾", "roles": []},
    "heji": {"account_id": "acc-heji", "kind": "firm", "display_name": "江塘禾记餐饮有限公司", "roles": []},
    "luming": {
        "account_id": "acc-lu",
        "kind": "staff",
        "display_name": "陆明远",
        "roles": ["officer"],
        "department": "SJ",
    },
    "officer-xf": {
        "account_id": "acc-xf",
        "kind": "staff",
        "display_name": "方立",
        "roles": ["officer"],
        "department": "XF",
    },
    "qianxiaowen": {
        "account_id": "acc-qian",
        "kind": "staff",
        "display_name": "钱晓雯",
        "roles": ["acceptance_clerk"],
        "department": "SJ",
    },
}


class FakeCity:
    """State of the stand-ins, and what a test may make happen in them."""

    def __init__(self, mint: Mint, catalog: Flask, say: Callable[[set[str]], None] = lambda topics: None):
        self.mint = mint
        self.say = say
        self.accounts = ACCOUNTS
        self.cases: dict[str, dict[str, Any]] = {}
        self.forms: dict[str, dict[str, Any]] = {}
        self.drafts: dict[str, dict[str, Any]] = {}
        self.known: dict[str, Any] = {}
        self.slots: dict[str, dict[str, dict[str, Any]]] = {}
        self.requests: list[str] = []
        self.certificates: dict[str, list[dict[str, Any]]] = {}
        self.read: dict[str, list[dict[str, Any]]] = {}
        self.consents: dict[str, dict[str, bool]] = {}
        self.ended: set[str] = set()
        self.library = True
        self.kept: dict[str, list[dict[str, Any]]] = {}
        self.down: set[str] = set()
        self.tries = 0
        self.refreshes = 0
        self.signed_out = False
        self.token_seconds = 600
        self.errors: list[dict[str, str]] = []
        self.signers: list[tuple[str, str]] = []
        self.rounds: dict[str, dict[str, Any]] = {}
        self.sent_again: list[str] = []
        self.low_level = False
        self._procedures: dict[str, dict[str, Any]] = {}
        self._serial = itertools.count(123)
        self.answer_as_asked: Callable[[str, dict[str, Any]], str]
        self._catalog = Client(catalog)
        self.catalog_database: Database = catalog.extensions["onewindow"].database
        self._app = Client(self._make())

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def adapter(self) -> BaseAdapter:
        """For ``requests.Session.mount``."""
        return _WsgiAdapter(self)

    def answer(self, service: str) -> Client:
        return self._catalog if service == "catalog" else self._app

    def account(self, login: str, password: str) -> dict[str, Any] | None:
        return self.accounts.get(login) if password == PASSWORD else None

    def procedure(self, code: str) -> dict[str, Any]:
        if code not in self._procedures:
            self._procedures[code] = self._catalog.get(f"/api/catalog/procedures/{code}").json
        return self._procedures[code]

    def file(self, code: str, form: dict[str, Any], owner: str, desk: bool = False) -> dict[str, Any]:
        procedure = self.procedure(code)
        no = f"{procedure['lead_department']}20261124{next(self._serial):06d}K"
        wanted = [b for b in procedure["branches"] if self.called_for(b, form)]
        due = self.now + timedelta(days=6)
        branches = [
            {
                "branch_no": f"{no}-{i:02d}",
                "key": b["key"],
                "item": b["item"],
                "title": b["title"],
                "department": b["department"],
                "department_name": b["department_name"],
                "kind": b["kind"],
                "status": "waiting" if b["depends_on"] or desk else "open",
                "answer": None,
                "handler": None,
                "opened_at": None if b["depends_on"] or desk else self.now.isoformat(),
                "answered_at": None,
                "promised_due": None if b["depends_on"] or desk else due.isoformat(),
                "statutory_due": None if b["depends_on"] or desk else (due + timedelta(days=9)).isoformat(),
                "overdue": False,
                "depends_on": b["depends_on"],
                "correction_request": None,
                "required": b["required"],
            }
            for i, b in enumerate(wanted, 1)
        ]
        self.cases[no] = {
            "owner": owner,
            "application_no": no,
            "query_code": "7KQ2M4XD",
            "procedure": code,
            "version": procedure["version"],
            "title": procedure["title"],
            "kind": procedure["kind"],
            "status": "awaiting_acceptance" if desk else "in_approval",
            "outcome": None,
            "stage": {"zh": "审查", "en": "Examination"},
            "answered": 0,
            "required": len(wanted),
            "next": {
                "what": {"zh": "各部门同时审查", "en": "All departments examine at once"},
                "who": {"zh": "各承办部门", "en": "The departments in charge"},
                "due": due.isoformat(),
            },
            "submitted_at": self.now.isoformat(),
            "accepted_at": None if desk else self.now.isoformat(),
            "decided_at": None,
            "closed_at": None,
            "withdrawal_requested_at": None,
            "withdrawal": None,
            "not_accepted": None,
            "branches": [] if desk else branches,
            "timeline": [
                {
                    "at": self.now.isoformat(),
                    "event": "submitted",
                    "text": {"zh": "已收到申请", "en": "Filed"},
                }
            ]
            + (
                []
                if desk
                else [
                    {
                        "at": self.now.isoformat(),
                        "event": "accepted",
                        "text": {"zh": "已受理", "en": "Accepted"},
                    }
                ]
            ),
            "licences": [],
            "returned": None,
        }
        self.forms[no] = form
        return self.cases[no]

    def reply(self, branch_no: str, answer: str = "agree", opinion: str = "") -> None:
        """A department answers; dependants open; the case is decided when all have."""
        case = self.cases[branch_no.rpartition("-")[0]]
        branch = next(b for b in case["branches"] if b["branch_no"] == branch_no)
        at = self.now.isoformat()
        branch |= {"status": "answered", "answer": answer, "answered_at": at, "opinion": opinion}
        for other in case["branches"]:
            if branch["key"] in other["depends_on"] and other["status"] == "waiting":
                other |= {
                    "status": "open",
                    "opened_at": at,
                    "promised_due": (self.now + timedelta(days=3)).isoformat(),
                }
        case["answered"] = sum(b["status"] == "answered" for b in case["branches"])
        case["licences"].append(
            {
                "licence_no": f"江样字〔2026〕{len(case['licences']) + 18} 号",
                "licence_type": branch["item"],
                "branch_no": branch_no,
                "item": branch["item"],
                "issued_at": at,
                "results": {},
            }
        )
        case["timeline"].append(
            {
                "at": at,
                "event": "branch_answered",
                "text": {"zh": "部门已答复", "en": "The department has answered"},
                "branch_no": branch_no,
            }
        )
        if case["answered"] == len(case["branches"]):
            case |= {
                "status": "closed",
                "outcome": "granted",
                "decided_at": at,
                "closed_at": at,
                "next": None,
            }
        self.changed(case)

    def ask(self, branch_no: str, reasons: dict[str, str]) -> None:
        case = self.cases[branch_no.rpartition("-")[0]]
        branch = next(b for b in case["branches"] if b["branch_no"] == branch_no)
        branch |= {"status": "suspended", "correction_request": 1}
        branch["asked"] = [{"field": f, "reason": r} for f, r in reasons.items()]
        self.changed(case)

    def changed(self, case: dict[str, Any]) -> None:
        self.say(
            {f"case:{case['application_no']}"} | {f"department:{b['department']}" for b in case["branches"]}
        )

    @staticmethod
    def called_for(branch: dict[str, Any], form: dict[str, Any]) -> bool:
        return all(
            (form.get(c["field"]) or 0) >= c["at_least"]
            if c.get("at_least") is not None
            else form.get(c["field"]) == c.get("equals")
            for c in branch["when"]
        )

    def _make(self) -> Flask:
        app = Flask("fake_city")

        def problem(status: int, kind: str, **extra: Any) -> Any:
            body = {"type": kind, "status": status, "detail": extra.pop("detail", kind)} | extra
            return jsonify(body), status

        def who() -> dict[str, Any] | None:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            return self._tokens.get(token)

        @app.before_request
        def signed_in() -> Any:
            self.requests.append(f"{request.method} {request.path}")
            if any(request.path.startswith(f"/api/{name}/") for name in self.down):
                return problem(503, "unavailable")
            is_open = request.path.endswith(("/tokens", "/progress", *OPEN))
            if not is_open and (who() is None or self.signed_out):
                return problem(401, "not-signed-in")
            return None

        add_papers(app, self, who, problem)
        add_signing(app, self, who, problem)
        add_space(app, self, who, problem)

        add_identity(app, self, problem)
        self.sign_ins = add_sign_in(app, self)
        add_intake(app, self, who, problem)
        branch_of = add_approval(app, self, who, problem)
        self.desk = add_desk(app, self, who, problem, branch_of)
        self._tokens: dict[str, dict[str, Any]] = {}
        self._refresh: dict[str, dict[str, Any]] = {}
        return app

    def tokens(self, account: dict[str, Any]) -> dict[str, Any]:
        token = self.mint.token(
            account["account_id"],
            kind=account["kind"],
            roles=account["roles"],
            dept=account.get("department"),
        )
        self._tokens[token] = account
        refresh = f"refresh-{len(self._refresh)}-{self.refreshes}"
        self._refresh[refresh] = account
        return {
            "access_token": token,
            "expires_in": self.token_seconds,
            "refresh_token": refresh,
            "account": {"department": None} | account,
        }


class _WsgiAdapter(BaseAdapter):
    def __init__(self, city: FakeCity):
        super().__init__()
        self._city = city

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        service = [*request.path_url.split("/"), "", ""][2]
        if service in self._city.down:
            raise requests.ConnectionError(service)
        if request.method == "PUT" and service == "catalog":
            service = ""
        answer = self._city.answer(service).open(
            request.path_url, method=request.method, headers=dict(request.headers), data=request.body
        )
        response = requests.Response()
        response.status_code = answer.status_code
        response.headers.update(answer.headers)
        response.raw = HTTPResponse(io.BytesIO(answer.data), preload_content=False)
        response._content = answer.data
        return response

    def close(self) -> None:
        pass


@cache
def catalog(folder: Path) -> Flask:
    """The real catalogue with the sample city in it."""
    config = Config(
        service="catalog",
        database_url=f"sqlite:///{folder}/catalog.sqlite",
        broker_url="memory://",
        master_key=b"k" * 32,
        sqlite_synchronous="OFF",
    )
    database = Database(config)
    with database.writer.begin() as connection:
        tables.metadata.create_all(connection)
        catalog_orm.Base.metadata.create_all(connection)
    with database.transaction() as uow:
        catalog_sample.load(SAMPLE, uow)
    return catalog_app(config, database=database)


def tell_pages(database: Database) -> Callable[[set[str]], None]:
    """What the portal's worker does when a case changes."""

    def say(topics: set[str]) -> None:
        with database.transaction() as uow:
            page_changes(sorted(topics), uow)

    return say
