"""A procedure that asks for materials, files to put into them, and a person who does."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.procedure import Condition, MaterialSpec, Procedure, Text
from demo.client import small_pdf
from tests.unit.intake.helpers import FORM, branch, procedure
from tests.unit.intake.office import BASE

PDF = small_pdf()
EXE = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + b"\0" * 200
ID_NUMBER = "329982199504183021"


def spec(code: str, how: Any, **changes: Any) -> MaterialSpec:
    values: dict[str, Any] = {"formats": ("pdf", "jpg", "png")} if how in ("upload", "template") else {}
    return MaterialSpec(
        code=code, title=Text(zh=f"材料{code}", en=f"Material {code}"), how=how, **values | changes
    )


def paper_shop(**changes: Any) -> Procedure:
    """Food asks for a plan, fire from 300 m² on for a report, the seal may have a photo."""
    values: dict[str, Any] = {
        "code": "paper-shop",
        "branches": (
            branch("food", "SJ", materials=("held", "plan", "rules")),
            branch("fire", "XF", when=(Condition(field="area", at_least=300),), materials=("plan", "report")),
            branch("seal", "GA", kind="record", depends_on=("food",), materials=("photo",)),
        ),
        "materials": (
            spec("held", "reuse"),
            spec("plan", "upload"),
            spec("rules", "template", formats=("pdf", "docx")),
            spec("report", "upload"),
            spec("photo", "upload", required=False, formats=("jpg", "png")),
        ),
    }
    return procedure(**values | changes)


def small_png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    head = (1).to_bytes(4, "big") * 2 + b"\x08\0\0\0\0"
    rows = zlib.compress(b"\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def office_file(kind: str, **parts: bytes) -> bytes:
    """A packed document with the parts that make it one."""
    main = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}[kind]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr(main, "<document/>")
        for name, data in parts.items():
            packed.writestr(name, data)
    return content.getvalue()


class Applicant:
    """Somebody with a draft."""

    def __init__(self, who: FlaskClient, code: str = "paper-shop", **begun: Any):
        self.who = who
        answer = who.post(f"{BASE}/drafts", json={"procedure": code, **begun})
        assert answer.status_code in (200, 201), answer.text
        self.draft: dict[str, Any] = answer.get_json()
        self.path = f"{BASE}/drafts/{self.draft['draft_id']}"

    @property
    def revision(self) -> int:
        return int(self.draft["revision"])

    def save(self, *, seen: int | None = None, **answers: Any) -> TestResponse:
        answer = self.who.patch(self.path, json={"answers": answers}, headers=self._seen(seen))
        if answer.status_code == 200:
            self.draft = answer.get_json()
        return answer

    def look(self) -> dict[str, Any]:
        answer = self.who.get(self.path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found

    def slots(self) -> dict[str, dict[str, Any]]:
        return {slot["code"]: slot for slot in self.look()["materials"]}

    def upload(self, code: str, content: bytes = PDF, name: str = "图.pdf", kind: str = "") -> TestResponse:
        return upload(self.who, f"{self.path}/materials/{code}", content, name, kind)

    def submit(self, seen: int | None = None) -> TestResponse:
        return self.who.post(f"{self.path}/submit", json={}, headers=self._seen(seen))

    def file(self, **form: Any) -> str:
        """Fill in, upload what is asked for, submit."""
        assert self.save(**FORM | form).status_code == 200
        for code, slot in self.slots().items():
            if slot["how"] == "upload" and slot["required"]:
                assert self.upload(code).status_code == 201
        answer = self.submit()
        assert answer.status_code == 201, answer.text
        number: str = answer.get_json()["application_no"]
        return number

    def _seen(self, seen: int | None) -> dict[str, str]:
        return {"If-Match": f'"{self.revision if seen is None else seen}"'}


def upload(
    who: FlaskClient, path: str, content: bytes = PDF, name: str = "图.pdf", kind: str = ""
) -> TestResponse:
    head = f'--mark\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    head += f"Content-Type: {kind}\r\n\r\n" if kind else "\r\n"
    body = head.encode() + content + b"\r\n--mark--\r\n"
    return who.post(path, data=body, content_type="multipart/form-data; boundary=mark")
