"""Days and times as people say them, and the working days between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from chassis.workdays import WorkCalendar
from services.portal.words import Language

CITY_TIME = ZoneInfo("Asia/Shanghai")
_WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def calendar_of(years: Iterable[Mapping[str, Any]]) -> WorkCalendar:
    """The working calendar from the catalogue's ``/calendar/{year}`` answers."""
    return WorkCalendar(
        {
            year["year"]: (
                [date.fromisoformat(d) for d in year["holidays"]],
                [date.fromisoformat(d) for d in year["extra_workdays"]],
                year["provisional"],
            )
            for year in years
        }
    )


def working_days(calendar: WorkCalendar, start: date, end: date) -> int:
    """Working days after ``start`` up to and including ``end``."""
    days = (start + timedelta(n) for n in range(1, (end - start).days + 1))
    return sum(calendar.is_workday(day) for day in days)


def moment(value: str | datetime | None) -> datetime | None:
    """An RFC 3339 text as an aware time in the city's zone."""
    if not value:
        return None
    parsed = datetime.fromisoformat(value) if isinstance(value, str) else value
    return parsed.astimezone(CITY_TIME)


def day(value: str | datetime | date, lang: str, today: date) -> Markup:
    """“3月12日（周四）” or “Thu 12 March”, never broken over two lines; the year when it is not this one."""
    when = value if isinstance(value, date) and not isinstance(value, datetime) else None
    if when is None:
        found = moment(value)  # type: ignore[arg-type]
        assert found is not None
        when = found.date()
    weekday = _WEEKDAYS[lang][when.weekday()]
    if lang == "en":
        year = "" if when.year == today.year else f" {when.year}"
        text = f"{weekday} {when.day} {_MONTHS[when.month - 1]}{year}"
    else:
        year = "" if when.year == today.year else f"{when.year}年"
        text = f"{year}{when.month}月{when.day}日（周{weekday}）"
    return Markup('<span class="nb">{}</span>').format(text)


def clock(value: str | datetime) -> str:
    """“10:32”, in the city's time."""
    found = moment(value)
    assert found is not None
    return f"{found:%H:%M}"


def limit(value: dict[str, Any] | None, t: Language) -> str:
    """A time limit in words: “当场”, “半个工作日”, “7 个工作日”, “15 天”, “2 个月”."""
    if not value:
        return ""
    count, unit = value["value"], value["unit"]
    if unit == "on_the_spot" or not count:
        return t("当场办结")
    if count == 0.5 and unit == "working_days":
        return t("半个工作日")
    words = {"working_days": "{n} 个工作日", "calendar_days": "{n} 天", "months": "{n} 个月"}
    return t(words[unit], n=f"{count:g}" if count % 1 else int(count))
