"""Departments' receivers of webhooks, as the sender meets them: each answers what it is told to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from chassis.database import Database
from contracts import approval
from services.notification.hooks import handlers, queries
from services.notification.hooks.domain import Network, written
from services.notification.hooks.orm import delivery, endpoint
from services.notification.hooks.outward import NoAnswer
from services.notification.hooks.sender import Sender
from tests.unit.notification.helpers import NUMBER

SECRET = written(b"s" * 32)


class Receivers:
    """``answers[url]``: statuses or codes of why there is none, the last one for ever after."""

    def __init__(self, database: Database):
        self.database = database
        self.answers: dict[str, list[int | str]] = {}
        self.got: dict[str, list[tuple[dict[str, str], bytes]]] = defaultdict(list)
        self.sender = Sender(database, post=self._post)

    def make(self, name: str = "sj", department: str = "SJ", events: Collection[str] = ()) -> str:
        with self.database.transaction() as uow:
            handlers.make(name, department, f"https://{name}.example/", events, SECRET, "acc-it", uow)
        return name

    def deliver_all(self) -> None:
        while self.sender.step() == 0.0:
            pass

    def let_pass(self, time: timedelta) -> None:
        """Every delivery is so much older and so much nearer to its next try."""
        with self.database.transaction() as uow:
            for row in uow.session.execute(select(delivery)).all():
                older = {"first_due": row.first_due - time, "due_at": row.due_at and row.due_at - time}
                mine = delivery.c.delivery_id == row.delivery_id
                uow.session.execute(update(delivery).where(mine).values(older))

    def secret_ends(self) -> None:
        with self.database.transaction() as uow:
            uow.session.execute(update(endpoint).values(old_until=uow.now - timedelta(seconds=1)))

    def log(self, name: str = "sj", department: str = "SJ") -> list[dict[str, Any]]:
        """Oldest first."""
        with self.database.read() as session:
            return list(reversed(queries.deliveries(name, department, None, None, session)["items"]))

    def state(self, name: str = "sj", department: str = "SJ") -> tuple[str, str | None]:
        with self.database.read() as session:
            view = queries.one(name, department, self.database.now(session), session)
        return view["state"], view["why"]

    def _post(self, url: str, body: bytes, headers: dict[str, str], inner: Collection[Network]) -> int:
        said = self.answers.get(url, [200])
        answer = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(answer, str):
            raise NoAnswer(answer)
        self.got[url].append((headers, body))
        return answer


def opened(number: int, department: str = "SJ") -> approval.BranchOpened:
    return approval.BranchOpened(
        application_no=NUMBER,
        branch=approval.BranchState(
            branch_no=f"{NUMBER}-{number:02}",
            key=f"b{number}",
            item="food-licence",
            department=department,
            kind="decide",
            required=True,
            status="open",
        ),
    )
