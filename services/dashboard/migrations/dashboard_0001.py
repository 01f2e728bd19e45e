"""Facts and figures in two generations, which of them is shown, and when pages were told.

Revision ID: dashboard_0001
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from chassis.types import BigId, UtcDateTime

revision = "dashboard_0001"
down_revision = None
branch_labels = ("dashboard",)
depends_on = None


def upgrade() -> None:
    for number in (1, 2):
        _generation(number)
    projection = op.create_table(
        "projection",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("live", sa.Integer, nullable=False),
        sa.Column("building", sa.Integer, comment="the generation a rebuild fills"),
        sa.Column("built_at", UtcDateTime, comment="when `live` was last switched"),
    )
    op.create_table(
        "heard",
        sa.Column("source", sa.String(40), primary_key=True),
        sa.Column("event_at", UtcDateTime, nullable=False),
        sa.Column("handled_at", UtcDateTime, nullable=False),
    )
    announcement = op.create_table(
        "announcement",
        sa.Column("board", sa.String(40), primary_key=True),
        sa.Column("said_at", UtcDateTime, nullable=False),
    )
    op.bulk_insert(projection, [{"id": 1, "live": 1, "building": None, "built_at": None}])
    op.bulk_insert(announcement, [{"board": "city", "said_at": datetime(2000, 1, 1, tzinfo=UTC)}])


def _generation(number: int) -> None:
    op.create_table(
        f"application_{number}",
        sa.Column("application_no", sa.String(40), primary_key=True),
        sa.Column("procedure", sa.String(60), nullable=False),
        sa.Column("channel", sa.String(12), nullable=False),
        sa.Column("submitted_at", UtcDateTime),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("status_sequence", sa.Integer, nullable=False),
        sa.Column("changed_at", UtcDateTime),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("outcome", sa.String(16)),
    )
    op.create_index(f"application_{number}_status", f"application_{number}", ["status", "application_no"])
    op.create_index(f"application_{number}_submitted", f"application_{number}", ["submitted_at"])
    op.create_index(f"application_{number}_decided", f"application_{number}", ["decided_at"])
    op.create_table(
        f"branch_{number}",
        sa.Column("branch_no", sa.String(44), primary_key=True),
        sa.Column("application_no", sa.String(40), nullable=False),
        sa.Column("department", sa.String(16), nullable=False),
        sa.Column("item", sa.String(60), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("answer", sa.String(24)),
        sa.Column("opened_at", UtcDateTime),
        sa.Column("answered_at", UtcDateTime),
        sa.Column("promised_due", UtcDateTime),
        sa.Column("statutory_due", UtcDateTime),
        sa.Column("overdue", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
    )
    op.create_index(f"branch_{number}_at_work", f"branch_{number}", ["status", "department", "promised_due"])
    op.create_index(f"branch_{number}_answered", f"branch_{number}", ["answered_at"])
    op.create_table(
        f"supervision_{number}",
        sa.Column("branch_no", sa.String(44), primary_key=True),
        sa.Column("application_no", sa.String(40), nullable=False),
        sa.Column("department", sa.String(16), nullable=False),
        sa.Column("responsible", sa.String(40)),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("opened_at", UtcDateTime),
        sa.Column("answer_due", UtcDateTime),
        sa.Column("answered_at", UtcDateTime),
        sa.Column("in_time", sa.Boolean),
        sa.Column("closed_at", UtcDateTime),
        sa.Column("sequence", sa.Integer, nullable=False),
    )
    op.create_index(f"supervision_{number}_state", f"supervision_{number}", ["state", "branch_no"])
    op.create_table(
        f"tally_{number}",
        sa.Column("measure", sa.String(12), primary_key=True),
        sa.Column("code", sa.String(24), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("hour", sa.Integer, primary_key=True),
        sa.Column("department", sa.String(16), primary_key=True),
        sa.Column("item", sa.String(60), primary_key=True),
        sa.Column("count", BigId, nullable=False),
    )


def downgrade() -> None:
    for table in ("announcement", "heard", "projection"):
        op.drop_table(table)
    for number in (1, 2):
        for table in ("tally", "supervision", "branch", "application"):
            op.drop_table(f"{table}_{number}")
