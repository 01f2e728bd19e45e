"""Who read an applicant's data."""

from __future__ import annotations

from sqlalchemy import select

from chassis.uow import UnitOfWork
from contracts.intake import DossierRead
from services.intake.orm import application, reading_trail


def note_reading(
    application_no: str,
    branch_no: str | None,
    account: str,
    department: str,
    uow: UnitOfWork,
    material: str | None = None,
) -> None:
    """Write down who read an applicant's data, and tell it for the applicant's own list."""
    values = {
        "application_no": application_no,
        "branch_no": branch_no,
        "account_id": account,
        "department": department,
        "at": uow.now,
        "material": material,
    }
    reading_trail.write([values], uow)
    applicant = uow.session.scalar(
        select(application.c.applicant).where(application.c.application_no == application_no)
    )
    read = DossierRead(
        applicant=applicant or "",
        application_no=application_no,
        branch_no=branch_no,
        department=department,
        material=material,
        read_at=uow.now,
    )
    uow.emit(read, case=application_no)
