"""The city's services over HTTP, as one visitor may use them."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter

from chassis.auth import ACTING_FOR
from services.portal.catalog_client import CatalogCalls
from services.portal.desk_calls import DeskCalls
from services.portal.firm_client import FirmCalls
from services.portal.follow_client import FollowCalls
from services.portal.hook_client import HookCalls
from services.portal.own_data_client import OwnDataCalls
from services.portal.paper_client import PaperCalls
from services.portal.security_client import SecurityCalls
from services.portal.sign_in_client import SignInCalls
from services.portal.signing_client import SigningCalls
from services.portal.space_client import SpaceCalls
from services.portal.upstream_client import UpstreamCalls

TIMEOUT = (2.0, 10.0)  # seconds to connect, to answer


class Refused(Exception):
    """A service said no (4xx). ``problem`` is its problem+json body."""

    def __init__(self, status: int, problem: Mapping[str, Any], headers: Mapping[str, str]):
        super().__init__(f"{status} {problem.get('type', '')}")
        self.status = status
        self.problem = dict(problem)
        self.retry_after = int(headers.get("Retry-After", "0") or 0)

    @property
    def detail(self) -> str:
        """What happened and what to do, in the visitor's language."""
        return str(self.problem.get("detail", ""))

    @property
    def slug(self) -> str:
        """The stable name of the problem, e.g. ``invalid-form``."""
        return str(self.problem.get("type", "")).rsplit("/", 1)[-1]


class Unreachable(Exception):
    """A service did not answer, or answered with its own failure (5xx)."""

    def __init__(self, service: str):
        super().__init__(service)
        self.service = service


def http_session() -> requests.Session:
    """One connection pool for the whole process; it keeps no cookies."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=8, pool_maxsize=32)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class City(
    CatalogCalls,
    DeskCalls,
    FirmCalls,
    FollowCalls,
    HookCalls,
    OwnDataCalls,
    PaperCalls,
    SecurityCalls,
    SignInCalls,
    SigningCalls,
    SpaceCalls,
    UpstreamCalls,
):
    """Calls in the name of one visitor at ``address``, who may act for a firm. Every method raises `Refused`
    or `Unreachable`."""

    def __init__(
        self,
        http: requests.Session,
        urls: Mapping[str, str],
        token: str,
        lang: str,
        address: str = "",
        browser: str = "",
        acting_for: str = "",
    ):
        self._http = http
        self._urls = urls
        self._headers = {"Accept-Language": "zh-CN" if lang == "zh" else "en"}
        if address:
            self._headers["X-Forwarded-For"] = address
        if browser:
            self._headers["User-Agent"] = browser
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        if acting_for:
            self._headers[ACTING_FOR] = acting_for

    # identity
    def names(self, account_ids: set[str]) -> dict[str, str]:
        """Display names by account; staff only."""
        if not account_ids:
            return {}
        answer = self._get("identity", "/accounts/names", ids=",".join(sorted(account_ids)))
        items = answer.get("items", answer)
        if isinstance(items, list):
            return {i["account_id"]: i["display_name"] for i in items}
        return cast("dict[str, str]", items)

    # catalog
    def packages(self) -> list[dict[str, Any]]:
        return self._items("catalog", "/packages")

    def items(self) -> list[dict[str, Any]]:
        return self._items("catalog", "/items")

    def departments(self) -> list[dict[str, Any]]:
        return self._items("catalog", "/departments")

    def procedure(self, code: str, version: int | None = None) -> dict[str, Any]:
        return self._get("catalog", f"/procedures/{code}", version=version)

    def calendar(self, year: int) -> dict[str, Any]:
        return self._get("catalog", f"/calendar/{year}")

    # intake
    def applications(self, cursor: str | None = None) -> dict[str, Any]:
        return self._get("intake", "/applications", cursor=cursor)

    def application(self, no: str) -> dict[str, Any]:
        return self._get("intake", f"/applications/{no}")

    def overview(self, no: str) -> dict[str, Any]:
        """How a case stands, for those who oversee."""
        return self._get("intake", f"/applications/{no}/overview")

    def application_form(self, no: str) -> dict[str, Any]:
        return self._get("intake", f"/applications/{no}/form")

    def resubmit(self, no: str, form: dict[str, Any], key: str) -> dict[str, Any]:
        return self._post("intake", f"/applications/{no}/resubmit", {"form": form}, key=key)

    def correct(
        self, no: str, branch_no: str, changes: dict[str, Any], note: str, key: str
    ) -> dict[str, Any]:
        body = {"branch_no": branch_no, "changes": changes, "note": note}
        return self._post("intake", f"/applications/{no}/corrections", body, key=key)

    def withdraw(self, no: str) -> dict[str, Any]:
        return self._post("intake", f"/applications/{no}/withdraw", {}, key=f"withdraw-{no}")

    def progress(self, no: str, query_code: str) -> dict[str, Any]:
        return self._post("intake", "/progress", {"application_no": no, "query_code": query_code})

    def acceptance(self) -> list[dict[str, Any]]:
        return self._items("intake", "/acceptance")

    def decide_acceptance(self, no: str, act: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        return self._post("intake", f"/applications/{no}/{act}", body, key=key)

    def dossier(self, branch_no: str) -> dict[str, Any]:
        return self._get("intake", f"/dossiers/{branch_no}")

    # approval
    def inbox(self) -> list[dict[str, Any]]:
        """Everything the department has at work."""
        return self._items("approval", "/inbox")

    def answered(self) -> list[dict[str, Any]]:
        """The department's answered branches, one page of them."""
        found: list[dict[str, Any]] = self._get("approval", "/inbox", status="answered")["items"]
        return found

    def case(self, no: str) -> dict[str, Any]:
        return self._get("approval", f"/cases/{no}")

    def branch(self, branch_no: str) -> dict[str, Any]:
        return self._get("approval", f"/branches/{branch_no}")

    def act(self, branch_no: str, act: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        """``act``: claim, release, answer, suspend, resume."""
        return self._post("approval", f"/branches/{branch_no}/{act}", body, key=key)

    def corrections(self, no: str) -> list[dict[str, Any]]:
        return self._items("approval", f"/corrections/{no}")

    def _items(self, service: str, path: str, **params: Any) -> list[dict[str, Any]]:
        """All items of a list, page after page."""
        answer = self._get(service, path, **params)
        found = list(answer["items"])
        while answer.get("next"):
            answer = self._get(service, path, **params, cursor=answer["next"])
            found += answer["items"]
        return found

    def _get(self, service: str, path: str, **params: Any) -> dict[str, Any]:
        return self._call("GET", service, path, params={k: v for k, v in params.items() if v is not None})

    def _post(self, service: str, path: str, body: dict[str, Any], key: str = "") -> dict[str, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        return self._call("POST", service, path, json=body, headers=headers)

    def _bytes(self, service: str, path: str, **params: Any) -> bytes:
        return self._answer("GET", service, path, params=params).content

    def _call(self, method: str, service: str, path: str, **arguments: Any) -> dict[str, Any]:
        return _json(self._answer(method, service, path, **arguments))

    def _answer(self, method: str, service: str, path: str, **arguments: Any) -> requests.Response:
        address = f"{self._urls[service].rstrip('/')}/api/{service}{path}"
        headers = self._headers | arguments.pop("headers", {})
        try:
            answer = self._http.request(
                method, address, headers=headers, timeout=TIMEOUT, allow_redirects=False, **arguments
            )
        except requests.RequestException as error:
            raise Unreachable(service) from error
        if answer.status_code >= 500:
            raise Unreachable(service)
        if answer.status_code >= 400:
            raise Refused(answer.status_code, _json(answer), answer.headers)
        return answer


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {"items": body}
