"""The dashboard's tables: facts and figures in two generations, one shown and one that may be in the making.

A rebuild fills the generation that isn't shown and then shows it (`projection.live`).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table

from chassis.types import BigId, UtcDateTime

metadata = MetaData()


@dataclass(frozen=True, slots=True)
class Generation:
    """The tables of one generation; their columns are the fields of the facts in `domain`."""

    number: int
    application: Table
    branch: Table
    supervision: Table
    tally: Table

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.application, self.branch, self.supervision, self.tally


def _generation(number: int) -> Generation:
    application = Table(
        f"application_{number}",
        metadata,
        Column("application_no", String(40), primary_key=True),
        Column("procedure", String(60), nullable=False),
        Column("channel", String(12), nullable=False),
        Column("submitted_at", UtcDateTime),
        Column("status", String(24), nullable=False),
        Column("status_sequence", Integer, nullable=False),
        Column("changed_at", UtcDateTime),
        Column("decided_at", UtcDateTime),
        Column("outcome", String(16)),
        Index(f"application_{number}_status", "status", "application_no"),
        Index(f"application_{number}_submitted", "submitted_at"),
        Index(f"application_{number}_decided", "decided_at"),
    )
    branch = Table(
        f"branch_{number}",
        metadata,
        Column("branch_no", String(44), primary_key=True),
        Column("application_no", String(40), nullable=False),
        Column("department", String(16), nullable=False),
        Column("item", String(60), nullable=False),
        Column("status", String(12), nullable=False),
        Column("answer", String(24)),
        Column("opened_at", UtcDateTime),
        Column("answered_at", UtcDateTime),
        Column("promised_due", UtcDateTime),
        Column("statutory_due", UtcDateTime),
        Column("overdue", Boolean, nullable=False),
        Column("sequence", Integer, nullable=False),
        Index(f"branch_{number}_at_work", "status", "department", "promised_due"),
        Index(f"branch_{number}_answered", "answered_at"),
    )
    supervision = Table(
        f"supervision_{number}",
        metadata,
        Column("branch_no", String(44), primary_key=True),
        Column("application_no", String(40), nullable=False),
        Column("department", String(16), nullable=False),
        Column("responsible", String(40)),
        Column("state", String(12), nullable=False),
        Column("opened_at", UtcDateTime),
        Column("answer_due", UtcDateTime),
        Column("answered_at", UtcDateTime),
        Column("in_time", Boolean),
        Column("closed_at", UtcDateTime),
        Column("sequence", Integer, nullable=False),
        Index(f"supervision_{number}_state", "state", "branch_no"),
    )
    tally = Table(
        f"tally_{number}",
        metadata,
        Column("measure", String(12), primary_key=True),
        Column("code", String(24), primary_key=True),
        Column("day", String(10), primary_key=True),
        Column("hour", Integer, primary_key=True),
        Column("department", String(16), primary_key=True),
        Column("item", String(60), primary_key=True),
        Column("count", BigId, nullable=False),
    )
    return Generation(number, application, branch, supervision, tally)


generations = {number: _generation(number) for number in (1, 2)}

projection = Table(
    "projection",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("live", Integer, nullable=False),
    Column("building", Integer, comment="the generation a rebuild fills"),
    Column("built_at", UtcDateTime, comment="when `live` was last switched"),
)
"""One row: which generation is shown."""

heard = Table(
    "heard",
    metadata,
    Column("source", String(40), primary_key=True),
    Column("event_at", UtcDateTime, nullable=False),
    Column("handled_at", UtcDateTime, nullable=False),
)
"""The newest event of each service that has been counted, and when it was."""

announcement = Table(
    "announcement",
    metadata,
    Column("board", String(40), primary_key=True),
    Column("said_at", UtcDateTime, nullable=False),
)
"""When open pages were last told."""
