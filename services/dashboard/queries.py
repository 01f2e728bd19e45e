"""The read side: figures, the cases behind each of them, and what is being supervised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select
from sqlalchemy.orm import Session

from services.dashboard.domain import IN_HAND, SHANGHAI, day_of
from services.dashboard.orm import Generation, generations, heard, projection

View = dict[str, Any]

PAGE = 50
DAYS = 30
MOST_ITEMS = 20
SHOWN = ("stage", "filed", "decided", "open", "overdue", "on_time", "late", "silent")
"""Figures that link to their cases."""
OF_BRANCHES = ("open", "overdue", "on_time", "late", "silent")


def figures(session: Session, now: datetime, department: str | None = None) -> View:
    """All figures; of one department only, where one is given (whole cases are then left out)."""
    tally = _live(session).tally
    today = day_of(now)
    days = [day_of(now - timedelta(days=n)) for n in reversed(range(DAYS))]
    rows = session.execute(_sums(tally, days[0], department)).all()
    sums: dict[tuple[str, str, str, int, str], int] = {tuple(row[:5]): int(row[5]) for row in rows}

    def total(measure: str, code: str | None = None, day: str | None = None, hour: int | None = None) -> int:
        return sum(
            n
            for (m, c, d, h, _), n in sums.items()
            if m == measure and code in (None, c) and day in (None, d) and hour in (None, h)
        )

    return {
        "as_of": now,
        "last_event_at": session.scalar(select(func.max(heard.c.event_at))),
        "department": department,
        "today": _today(total, today),
        "stages": _stages(sums),
        "departments": _departments(sums, today),
        "items": [] if department else _items(tally, session),
        "hours": [
            {
                "hour": h,
                "filed": total("filed", day=today, hour=h),
                "decided": total("decided", day=today, hour=h),
            }
            for h in range(24)
        ],
        "days": [
            {"day": d, "filed": total("filed", day=d), "decided": total("decided", day=d)} for d in days
        ],
    }


def cases(session: Session, now: datetime, show: str, **asked: Any) -> View:
    """A page of the cases a figure counts, newest number first. ``asked``: department, status, item, day,
    cursor; each may be None."""
    generation = _live(session)
    table = generation.branch if show in OF_BRANCHES else generation.application
    key = next(iter(table.primary_key))
    query = select(table).where(*_counted(table, show, now, asked)).order_by(key.desc()).limit(PAGE + 1)
    if asked.get("cursor"):
        query = query.where(key < asked["cursor"])
    rows = session.execute(query).all()
    found = [dict(row._mapping) for row in rows[:PAGE]]
    if show in OF_BRANCHES:
        _add_procedures(found, generation.application, session)
    more = found[-1][key.name] if len(rows) > PAGE else None
    return {"items": [_case(row, now) for row in found], "next": more}


def watched(session: Session, now: datetime, department: str | None = None) -> View:
    """Branches past their promise (red) or past the limit by law (black), the latest due last.

    A branch whose clock stands still is only listed once it was escalated.
    """
    generation = _live(session)
    b = generation.branch.c
    late = and_(b.status.in_(("open", "claimed")), b.promised_due < now)
    query = select(generation.branch).where(or_(late, and_(b.status.in_(IN_HAND), b.overdue)))
    if department:
        query = query.where(b.department == department)
    rows = session.execute(query.order_by(b.promised_due, b.branch_no).limit(PAGE * 4)).all()
    found = [dict(row._mapping) for row in rows]
    _add_procedures(found, generation.application, session)
    return {"items": [_case(row, now) for row in found], "next": None}


def supervisions(session: Session, state: str | None, department: str | None, cursor: str | None) -> View:
    """督办 records, newest number first; those still open when no ``state`` is given."""
    table = _live(session).supervision
    query = select(table).where(
        table.c.state == state if state else table.c.state.in_(("open", "unanswered", "answered"))
    )
    if department:
        query = query.where(table.c.department == department)
    if cursor:
        query = query.where(table.c.branch_no < cursor)
    rows = session.execute(query.order_by(table.c.branch_no.desc()).limit(PAGE + 1)).all()
    found = [dict(row._mapping) for row in rows[:PAGE]]
    return {"items": found, "next": found[-1]["branch_no"] if len(rows) > PAGE else None}


def _live(session: Session) -> Generation:
    return generations[session.execute(select(projection.c.live)).scalar_one()]


def _sums(tally: Table, since: str, department: str | None) -> Select[Any]:
    t = tally.c
    group = (t.measure, t.code, t.day, t.hour, t.department)
    query = select(*group, func.sum(t.count)).where(or_(t.day == "", t.day >= since), t.count != 0)
    if department:
        query = query.where(t.department == department)
    return query.group_by(*group)


def _today(total: Any, today: str) -> View:
    answered = {code: total("answered", code, today) for code in ("on_time", "late", "silent")}
    return {
        "day": today,
        "filed": total("filed", day=today),
        "decided": total("decided", day=today),
        "granted": total("decided", "granted", today) + total("decided", "partly_granted", today),
        "refused": total("decided", "refused", today),
        **answered,
        "on_time_percent": _percent(answered["on_time"], sum(answered.values())),
        "open": total("open"),
        "overdue": total("overdue"),
        "supervised": sum(total("supervision", code) for code in ("open", "unanswered", "answered")),
    }


def _percent(part: int, whole: int) -> float | None:
    """To one decimal, never rounded up to 100; None of nothing."""
    return None if not whole else int(1000 * part / whole) / 10


def _stages(sums: dict[tuple[str, str, str, int, str], int]) -> list[View]:
    return [{"status": code, "count": n} for (m, code, *_), n in sorted(sums.items()) if m == "stage"]


def _departments(sums: dict[tuple[str, str, str, int, str], int], today: str) -> list[View]:
    """Per department what is at work, and what was answered today and in the last thirty days."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (measure, code, day, _, department), n in sums.items():
        row = found[department] if department else {}
        if measure in ("open", "overdue") and department:
            row[measure] += n
        elif measure == "answered":
            row[f"month_{code}"] += n
            row[code] += n if day == today else 0
    names = ("open", "overdue", "on_time", "late", "silent")
    return [
        {"department": code}
        | {name: row[name] for name in names}
        | {
            "month_on_time_percent": _percent(
                row["month_on_time"], row["month_on_time"] + row["month_late"] + row["month_silent"]
            )
        }
        for code, row in sorted(found.items(), key=lambda r: (-r[1]["overdue"], -r[1]["open"], r[0]))
    ]


def _items(tally: Table, session: Session) -> list[View]:
    """The items with most cases on their way, with how many stand in which stage."""
    t = tally.c
    rows = session.execute(
        select(t.item, t.code, t.count).where(t.measure == "stage", t.code.not_in(ENDED), t.count != 0)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for item, status, n in rows:
        found[item][status] = int(n)
    most = sorted(found.items(), key=lambda i: (-sum(i[1].values()), i[0]))[:MOST_ITEMS]
    return [
        {
            "item": item,
            "count": sum(stages.values()),
            "stages": [{"status": s, "count": n} for s, n in sorted(stages.items())],
        }
        for item, stages in most
    ]


ENDED = ("closed", "withdrawn", "terminated", "not_accepted", "revoked")


def _counted(table: Table, show: str, now: datetime, asked: dict[str, Any]) -> Iterable[ColumnElement[bool]]:
    c = table.c
    on = _span(asked.get("day") or date.fromisoformat(day_of(now)))
    if show == "stage":
        yield c.status == asked.get("status") if asked.get("status") else c.status.not_in(ENDED)
    elif show == "filed":
        yield c.submitted_at.between(*on)
    elif show == "decided":
        yield c.decided_at.between(*on)
    elif show in ("open", "overdue"):
        yield c.status.in_(IN_HAND)
        if show == "overdue":
            yield c.overdue
    else:
        yield c.answered_at.between(*on)
        yield c.status == ("silent" if show == "silent" else "answered")
        in_time = or_(c.promised_due.is_(None), c.answered_at <= c.promised_due)
        if show != "silent":
            yield in_time if show == "on_time" else c.answered_at > c.promised_due
    if asked.get("department") and show in OF_BRANCHES:
        yield c.department == asked["department"]
    if asked.get("item"):
        yield (c.item if show in OF_BRANCHES else c.procedure) == asked["item"]


def _span(day: date) -> tuple[datetime, datetime]:
    """First and last moment of a day in Shanghai."""
    first = datetime.combine(day, time(), SHANGHAI)
    return first, first + timedelta(days=1) - timedelta(microseconds=1)


def _add_procedures(rows: list[View], application: Table, session: Session) -> None:
    numbers = {row["application_no"] for row in rows}
    query = select(application.c.application_no, application.c.procedure).where(
        application.c.application_no.in_(sorted(numbers))
    )
    procedures = {no: procedure for no, procedure in session.execute(query)}
    for row in rows:
        row["procedure"] = procedures.get(row["application_no"], "")


def _case(row: View, now: datetime) -> View:
    """A row of either kind with the same members; ``light`` of what is at work."""
    return row | {"light": _light(row, now) if "branch_no" in row else None}


def _light(row: View, now: datetime) -> str:
    if row["status"] not in IN_HAND:
        return "green"
    if row["overdue"] or (
        row["statutory_due"] and row["status"] != "suspended" and row["statutory_due"] < now
    ):
        return "black"
    if row["promised_due"] and row["status"] != "suspended" and row["promised_due"] < now:
        return "red"
    return "green"
