"""Identity as intake asks it: known data and certificates."""

from __future__ import annotations

import json
from typing import Any

import requests
from requests.adapters import BaseAdapter

from services.intake.web.means import NAME
from tests.unit.intake.office import Office


class FakeIdentity(BaseAdapter):
    """Answers for identity in this process: ``known`` by element, ``certificates`` by material."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.known: dict[str, tuple[Any, dict[str, str]]] = {}
        self.certificates: dict[str, dict[str, Any]] = {}
        self.own: tuple[str, int] = ("", 0)  # the caller's number and level
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        self.asked.append(request)
        answer = requests.Response()
        answer.status_code = 503 if self.away else 200
        body = json.loads(request.body or b"{}")
        answers = {"consents": self._agree, "self": self._self, "known": self._known}
        found = answers[str(request.url).rsplit("/", 1)[-1]](body)
        answer._content = json.dumps(found).encode()
        return answer

    def close(self) -> None: ...

    def _known(self, body: dict[str, Any]) -> dict[str, Any]:
        values = [
            {"field": name, "value": value, "origin": origin}
            for name, (value, origin) in self.known.items()
            if name in body["fields"]
        ]
        held = [c for code, c in self.certificates.items() if code in body["materials"]]
        return {"purpose": body["purpose"], "items": values, "certificates": held}

    def _self(self, body: dict[str, Any]) -> dict[str, Any]:
        number, level = self.own
        numbers = body["id_numbers"]
        return {"place": numbers.index(number) if number in numbers else None, "level": level}

    def _agree(self, body: dict[str, Any]) -> dict[str, Any]:
        by_id = {c["certificate_id"]: c for c in self.certificates.values()}
        used = [by_id[c] for c, given in body["certificates"].items() if given]
        return {"items": [c | {"number": "M-01", "contents": {"company_name": "禾记"}} for c in used]}


def identity(office: Office) -> FakeIdentity:
    fake = FakeIdentity()
    office.app.extensions[NAME].identity.http.mount("http://", fake)
    return fake


def held(code: str = "held", **changes: Any) -> dict[str, Any]:
    found = {
        "certificate_id": f"cert-{code}",
        "code": code,
        "title": {"zh": "营业执照", "en": "Business licence"},
        "state": "valid",
        "valid_until": None,
    }
    return found | changes
