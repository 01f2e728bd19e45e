"""Administering staff. The platform's administrator opens, changes and suspends accounts and gives initial
passwords; the security administrator alone resets second factors and sees sign-ins: nobody can take over an
account alone. The auditor reads what both have done."""

from __future__ import annotations

import secrets
from typing import Any

from flask import request
from flask.views import MethodView

from chassis.auth import own_department
from chassis.problems import http_problem
from chassis.web import (
    Blueprint,
    caller,
    current_database,
    current_session,
    current_uow,
    of_subtree,
    reads,
    requires,
    writes,
)
from services.identity import handlers, passwords, staff_queries, staff_schemas
from services.identity.domain import InvalidAccount
from services.identity.handlers.audit import write_down

staff = Blueprint("staff", __name__, description="Staff: accounts, roles, where they belong, the audit.")

ADMINISTRATORS = ("platform_admin", "security_admin")
READERS = (*ADMINISTRATORS, *of_subtree("department_it"))


@staff.route("/units")
class Units(MethodView):
    @reads
    @requires("staff")
    @staff.response(200, staff_schemas.UnitTree)
    def get(self) -> dict[str, Any]:
        """The tree staff belong to: departments, and the city's towns and villages."""
        return {"items": staff_queries.tree(current_session())}


@staff.route("/staff")
class Staff(MethodView):
    @writes
    @requires(*READERS)
    @staff.arguments(staff_schemas.StaffQuery, location="query")
    @staff.response(200, staff_schemas.StaffPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Staff of a unit and everything below it, by login; for a unit's IT of their own unit and below. The
        reading is written down."""
        write_down(caller().account_id, "list_staff", [query["department"] or "all"], current_uow())
        return staff_queries.staff(query["department"], query["cursor"], current_session(), _within())

    @requires("platform_admin")
    @staff.arguments(staff_schemas.NewStaff)
    @staff.response(201, staff_schemas.OpenedStaff)
    def post(self, command: dict[str, Any]) -> dict[str, Any]:
        """Open an account for a member of staff; it is written down by whom."""
        given = command.pop("password", None)
        password = given or _initial_password()
        password_hash = passwords.hashed(password)
        with current_database().transaction() as uow:
            if (reason := handlers.wrong_unit(command["department"], uow)) is not None:
                raise InvalidAccount({"department": reason})
            made = handlers.open_account(
                **command,
                kind="staff",
                password_hash=password_hash,
                has_initial_password=True,
                opened_by=caller().account_id,
                uow=uow,
            )
            uow.session.flush()
            opened = staff_queries.member(made.account_id, uow.session)
        return opened if given else opened | {"initial_password": password}


@staff.route("/staff/<account_id>")
class Member(MethodView):
    @writes
    @requires(*READERS)
    @staff.response(200, staff_schemas.StaffMember)
    def get(self, account_id: str) -> Any:
        """A member of staff; the ETag is what a change goes by. The reading is written down."""
        found = staff_queries.member(account_id, current_session(), _within())
        write_down(caller().account_id, "read_staff", [account_id], current_uow())
        return _tagged(found)

    @writes
    @requires("platform_admin")
    @staff.arguments(staff_schemas.StaffChange)
    @staff.response(200, staff_schemas.StaffMember)
    def put(self, command: dict[str, Any], account_id: str) -> Any:
        """Other roles, another department. Needs If-Match; every token issued before is refused."""
        uow = current_uow()
        staff_queries.member(account_id, uow.session)
        handlers.locked(account_id, uow)
        seen = list(request.if_match)
        if len(seen) != 1:
            raise http_problem(428)
        if seen[0] != staff_queries.mark(staff_queries.member(account_id, uow.session)):
            raise http_problem(412)
        handlers.change_staff(account_id, **command, by=caller().account_id, uow=uow)
        uow.session.flush()
        return _tagged(staff_queries.member(account_id, uow.session))


@staff.route("/staff/<account_id>/suspension")
class Suspension(MethodView):
    @writes
    @requires("platform_admin")
    @staff.response(204)
    def put(self, account_id: str) -> None:
        """Nobody signs in by it until it is resumed, and who is signed in is signed out."""
        handlers.suspend(account_id, caller().account_id, current_uow())

    @writes
    @requires("platform_admin")
    @staff.response(204)
    def delete(self, account_id: str) -> None:
        """Its holder may sign in again."""
        handlers.resume(account_id, caller().account_id, current_uow())


@staff.route("/staff/<account_id>/initial-password")
class ResetPassword(MethodView):
    @requires("platform_admin")
    @staff.response(200, staff_schemas.InitialPassword)
    def post(self, account_id: str) -> dict[str, str]:
        """A new initial password, shown this once; its holder is signed out and has to change it."""
        password = _initial_password()
        password_hash = passwords.hashed(password)
        with current_database().transaction() as uow:
            handlers.reset_password(account_id, password_hash, caller().account_id, uow)
        return {"initial_password": password}


@staff.route("/staff/<account_id>/second-factor")
class ResetSecondFactor(MethodView):
    @writes
    @requires("security_admin")
    @staff.response(204)
    def delete(self, account_id: str) -> None:
        """Its holder has lost the app: signed out, and takes up another one at the next sign-in."""
        handlers.reset_second_factor(account_id, caller().account_id, current_uow())


@staff.route("/sign-ins")
class SignIns(MethodView):
    @writes
    @requires("security_admin")
    @staff.arguments(staff_schemas.SignInQuery, location="query")
    @staff.response(200, staff_schemas.SignInPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Sign-ins and what came in their way, newest first. The reading is written down."""
        write_down(caller().account_id, "read_sign_ins", [query["account"] or "all"], current_uow())
        return staff_queries.sign_ins(current_session(), whose=query["account"], cursor=query["cursor"])


@staff.route("/audit")
class Audit(MethodView):
    @writes
    @requires("auditor")
    @staff.arguments(staff_schemas.AuditQuery, location="query")
    @staff.response(200, staff_schemas.AuditPage)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Who read and who did what, newest first. The reading is written down."""
        write_down(caller().account_id, "read_audit", [query["subject"] or "all"], current_uow())
        return staff_queries.audit_lines(current_session(), **query)


def _within() -> str | None:
    """Below which unit the caller sees staff; None: everywhere."""
    return None if caller().is_any(*ADMINISTRATORS) else own_department()


def _tagged(member: dict[str, Any]) -> Any:
    return member, 200, {"ETag": f'"{staff_queries.mark(member)}"'}


def _initial_password() -> str:
    """Twelve letters and digits that can be read to somebody."""
    return "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(12))
