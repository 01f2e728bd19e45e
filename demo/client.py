"""A small HTTP client of the platform, for the demonstration, the load drivers and the tests."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

SAMPLE = Path(__file__).parent.parent / "sample_city"
PASSWORD = "demo"


class Refused(Exception):
    """An answer of 4xx or 5xx: carries the status and the problem document."""

    def __init__(self, status: int, problem: Mapping[str, Any]):
        super().__init__(f"{status} {problem}")
        self.status = status
        self.problem = problem


class Client:
    """One person's, officer's or machine's access. ``urls`` maps service names to base addresses.

    Signs in again by itself when the token has run out. Safe to use from several threads.
    """

    def __init__(self, urls: Mapping[str, str], login: str | None = None, password: str = PASSWORD):
        self._urls = urls
        self._login = login
        self._password = password
        self._local = threading.local()
        self._signing_in = threading.Lock()
        self.token: str | None = None

    def sign_in(self) -> Client:
        with self._signing_in:
            answer = self._send(
                "POST", "identity", "/tokens", {"login": self._login, "password": self._password}, {}
            )
            self.token = answer["access_token"]
        return self

    def get(self, service: str, path: str, **params: Any) -> Any:
        return self._call("GET", service, path, None, params=params)

    def post(self, service: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """POST; ``key`` becomes the Idempotency-Key."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._call("POST", service, path, {} if body is None else body, headers=headers)

    def put(self, service: str, path: str, body: Any) -> Any:
        return self._call("PUT", service, path, body)

    def file(self, procedure: str, form: Mapping[str, Any] | None = None, key: str | None = None) -> Any:
        """File an application with the sample's filled form, or with ``form``.

        What has to be uploaded with it is uploaded too, a small PDF for each material.
        """
        form = sample_form(procedure) if form is None else form
        body = {"procedure": procedure, "form": form}
        try:
            return self.post("intake", "/applications", body, key=key or secrets.token_hex(16))
        except Refused as refused:
            missing = [e["field"] for e in refused.problem.get("errors", ())]
            if not missing or not all(field.startswith("materials.") for field in missing):
                raise
        return self._file_with_uploads(procedure, form, [f.removeprefix("materials.") for f in missing])

    def upload(self, path: str, name: str = "材料.pdf", content: bytes = b"") -> Any:
        """Put a file (a small PDF unless said otherwise) into a slot of intake."""
        files = {"file": (name, content or small_pdf(), "application/pdf")}
        return self._call("POST", "intake", path, None, files=files)

    def save_draft(self, draft: Mapping[str, Any], answers: Mapping[str, Any]) -> Any:
        """Save answers into a draft as it was seen; returns it as it is then."""
        seen = {"If-Match": f'"{draft["revision"]}"'}
        path = f"/drafts/{draft['draft_id']}"
        return self._call("PATCH", "intake", path, {"answers": dict(answers)}, headers=seen)

    def start_signing(self, draft: Mapping[str, Any], phones: Mapping[str, str]) -> Any:
        """Send a draft as it was seen round to its signers; ``phones`` by their place in the list."""
        seen = {"If-Match": f'"{draft["revision"]}"'}
        path = f"/drafts/{draft['draft_id']}/signing"
        return self._call("POST", "intake", path, {"phones": dict(phones)}, headers=seen)

    def _file_with_uploads(self, procedure: str, form: Mapping[str, Any], slots: Sequence[str]) -> Any:
        draft = self.save_draft(self.post("intake", "/drafts", {"procedure": procedure}), form)
        path = f"/drafts/{draft['draft_id']}"
        for code in slots:
            self.upload(f"{path}/materials/{code}")
        seen = {"If-Match": f'"{draft["revision"]}"'}
        return self._call("POST", "intake", f"{path}/submit", {}, headers=seen)

    def _call(self, method: str, service: str, path: str, body: Any, **extra: Any) -> Any:
        if self._login and self.token is None:
            self.sign_in()
        try:
            return self._send(method, service, path, body, **extra)
        except Refused as refused:
            if refused.status != 401 or self._login is None:
                raise
            self.sign_in()
            return self._send(method, service, path, body, **extra)

    def _send(
        self,
        method: str,
        service: str,
        path: str,
        body: Any,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> Any:
        sent = dict(headers or {})
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        response = self._session.request(
            method,
            f"{self._urls[service]}/api/{service}{path}",
            json=body,
            headers=sent,
            params=params,
            files=files,
            timeout=30,
        )
        if response.status_code >= 400:
            raise Refused(response.status_code, _problem(response))
        return response.json() if response.content else None

    @property
    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
        return session


def _problem(response: requests.Response) -> Mapping[str, Any]:
    try:
        problem: Mapping[str, Any] = response.json()
        return problem
    except ValueError:
        return {"detail": response.text[:200]}


def sample_form(procedure: str) -> dict[str, Any]:
    """The sample city's filled form of a procedure."""
    form: dict[str, Any] = json.loads((SAMPLE / "forms" / f"{procedure}.json").read_text())
    return form


def small_pdf() -> bytes:
    """One empty page."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%sendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + head + table + tail
