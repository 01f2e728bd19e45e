"""Who read an applicant's data, and whose data filled in a form: chained like the audit of identity."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis import audit
from chassis.database import Database
from chassis.services import metadata_of
from services.intake.handlers import note_reading, prefill
from services.intake.handlers.prefill import KnownField
from services.intake.papers import data_use_trail


def test_intakes_readings_and_uses_of_data_are_chained(intake_database: Database) -> None:
    trails = audit.trails_of(metadata_of("intake"))
    assert [trail.name for trail in trails] == ["reading", "data_use"]
    known = {"owner": KnownField("沈佳禾", "account", None), "area": KnownField(1, "account", None)}  # type: ignore[arg-type]
    for n in range(3):
        with intake_database.transaction() as uow:
            note_reading("SJ20261124000123K", None, f"acc-{n}", "SJ", uow)
            prefill.write_down("open-shop", f"acc-{n}", known, uow)
    for trail in trails:
        with intake_database.transaction() as uow:
            assert audit.chain(trail, uow) == 3
        with intake_database.read() as session:
            found = audit.verify(trail, session)
        assert (found.problems, found.rows) == ([], 3)
    for statement in ("UPDATE data_use SET reader = 'x'", "DELETE FROM reading"):
        with pytest.raises(DBAPIError, match="append-only"), intake_database.writer.begin() as connection:
            connection.execute(text(statement))
    with intake_database.writer.begin() as connection:
        audit.make_changeable(connection, "data_use")
        connection.execute(text("UPDATE data_use SET reader = 'x' WHERE account_id = 'acc-1'"))
    with intake_database.read() as session:
        assert audit.verify(data_use_trail, session).problems == ["position 2: row 2 or its link was changed"]
