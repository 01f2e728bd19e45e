"""The read side of the spaces: who read what, in words."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import literal, select, tuple_
from sqlalchemy.orm import Session

from chassis.types import BigId, UtcDateTime
from services.identity.orm.space import certificate, department_name, issuing, material_kind, reading

PAGE = 20
View = dict[str, Any]
Text = Mapping[str, str]

READERS = {
    "self": {"zh": "您本人", "en": "You"},
    "platform": {"zh": "一窗通平台", "en": "The platform"},
}
WHAT = {
    "name": {"zh": "姓名或名称", "en": "Name"},
    "contact": {"zh": "联系方式", "en": "How to reach you"},
    "account": {"zh": "实名信息", "en": "Verified account"},
    "certificate": {"zh": "证照", "en": "Certificate"},
    "form": {"zh": "整张申请表", "en": "The whole form"},
    "dossier": {"zh": "办理所需的申请内容", "en": "What its part of the case needs"},
    "material": {"zh": "材料", "en": "Material"},
}
PURPOSES = {
    "handling": {"zh": "办件", "en": "Handling cases"},
    "telling": {"zh": "发办件通知", "en": "Telling you about your cases"},
    "prefill": {"zh": "帮您填表", "en": "Filling in a form for you"},
    "reuse": {"zh": "代替您交材料", "en": "In place of a material you'd hand in"},
    "acceptance": {"zh": "受理", "en": "Acceptance"},
    "approval": {"zh": "审批", "en": "Approval"},
    "presence": {"zh": "当面核对本人", "en": "Seeing you in person"},
}


class BadCursor(ValueError):
    """A cursor that none of our pages gave out."""


def readings_of(holder: str, cursor: str | None, session: Session) -> View:
    """Who read this holder's data, the last reading first; department or office in words, never a person."""
    order = (reading.c.last_at, reading.c.reading_id)
    page = select(reading).where(reading.c.holder == holder)
    if cursor:
        page = page.where(tuple_(*order) < _read_cursor(cursor))
    rows = session.execute(page.order_by(*(c.desc() for c in order)).limit(PAGE + 1)).all()
    shown = rows[:PAGE]
    words = _Words(shown, session)
    last = shown[-1] if len(rows) > PAGE else None
    return {
        "items": [words.view(row) for row in shown],
        "next": _cursor(last.last_at, last.reading_id) if last else None,
    }


def department_names(session: Session) -> dict[str, Text]:
    return {
        code: name for code, name in session.execute(select(department_name.c.code, department_name.c.name))
    }


class _Words:
    """Names for the codes of one page."""

    def __init__(self, rows: Any, session: Session):
        details = {row.detail for row in rows if row.detail}
        abouts = {row.about for row in rows if row.about}
        self._departments = department_names(session)
        kinds = session.execute(select(material_kind)).all()
        self._materials = {k.code: k.title for k in kinds}
        by_kind = {k.licence_type or k.code: k.title for k in kinds}
        t = certificate.c
        found = session.execute(
            select(t.certificate_id, t.title, t.kind).where(t.certificate_id.in_(details))
        )
        self._certificates = {row.certificate_id: by_kind.get(row.kind, row.title) for row in found}
        titles = session.execute(
            select(issuing.c.procedure, issuing.c.title)
            .where(issuing.c.procedure.in_(abouts))
            .order_by(issuing.c.version)
        )
        self._procedures: dict[str, Text] = {row.procedure: row.title for row in titles}

    def view(self, row: Any) -> View:
        is_case = row.about != "" and row.about not in self._procedures and row.reader not in ("self",)
        return {
            "reader": row.reader,
            "reader_name": READERS.get(row.reader) or self._departments.get(row.reader) or _plain(row.reader),
            "what": row.what,
            "what_text": WHAT.get(row.what) or _plain(row.what),
            "detail": _window(row.detail)
            if row.purpose == "presence"
            else self._certificates.get(row.detail) or self._materials.get(row.detail),
            "purpose": row.purpose,
            "purpose_text": PURPOSES.get(row.purpose) or _plain(row.purpose),
            "application_no": row.about if is_case else None,
            "procedure": self._procedures.get(row.about),
            "times": row.times,
            "at": row.last_at,
        }


def _window(number: str) -> Text:
    return {"zh": f"{number} 号窗口", "en": f"window {number}"}


def _plain(code: str) -> Text:
    return {"zh": code, "en": code}


def _cursor(at: datetime, number: int) -> str:
    return urlsafe_b64encode(f"{at.isoformat()}~{number}".encode()).decode()


def _read_cursor(cursor: str) -> Any:
    try:
        at, _, number = urlsafe_b64decode(cursor.encode()).decode().partition("~")
        moment, place = datetime.fromisoformat(at).astimezone(UTC), int(number)
    except ValueError:
        raise BadCursor(cursor) from None
    return tuple_(literal(moment, UtcDateTime), literal(place, BigId))
