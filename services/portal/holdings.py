"""Certificates and readings as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.portal.dates import CITY_TIME, moment
from services.portal.river import Mark
from services.portal.views import Reader


@dataclass(frozen=True, slots=True)
class CertificateView:
    """One certificate: its state in word and shape, until when, from whom."""

    code: str
    title: str
    number: str
    issuer: str
    mark: Mark
    until: str
    usable: bool
    given: bool | None


@dataclass(frozen=True, slots=True)
class ReadingView:
    """Who read what, when, for what; an office, never a person."""

    reader: str
    what: str
    purpose: str
    about: str
    application_no: str | None
    when: str
    times: int


def certificate_view(found: Mapping[str, Any], who: Reader) -> CertificateView:
    t = who.t
    until = found.get("valid_until")
    today = who.now.astimezone(CITY_TIME).date()
    days = (date.fromisoformat(until) - today).days if until else None
    return CertificateView(
        code=found.get("code") or "",
        title=t.of(found["title"]),
        number=found.get("number") or "",
        issuer=t.of(found.get("issuer_name")),
        mark=_mark(found["state"], days, who),
        until=str(who.day(date.fromisoformat(until))) if until else t("没有期限"),
        usable=found["state"] == "valid",
        given=found.get("given"),
    )


def certificate_views(found: Iterable[Mapping[str, Any]], who: Reader) -> list[CertificateView]:
    return [certificate_view(one, who) for one in found]


def reading_view(found: Mapping[str, Any], who: Reader) -> ReadingView:
    t, at = who.t, moment(found["at"])
    assert at is not None
    what = t.of(found["what_text"])
    if found.get("detail"):
        what = t("{what}：{detail}", what=what, detail=t.of(found["detail"]))
    return ReadingView(
        reader=t.of(found["reader_name"]),
        what=what,
        purpose=t.of(found["purpose_text"]),
        about=t.of(found.get("procedure")),
        application_no=found.get("application_no"),
        when=str(who.day(at)) + f" {at:%H:%M}",
        times=found["times"],
    )


def _mark(state: str, days: int | None, who: Reader) -> Mark:
    t = who.t
    if state == "expired":
        return Mark("bad", "bad", t("已过期"))
    if state == "revoked":
        return Mark("bad", "bad", t("已注销或撤销"))
    if state == "superseded":
        return Mark("quiet", "ahead", t("已被新证替代"))
    if days is not None and days <= 30:
        return Mark("wait", "wait", t("还有 {n} 天到期", n=days))
    return Mark("ok", "done", t("有效"))
