"""What is done with accounts and sessions."""

from chassis.masking import name as masked_name
from services.identity.handlers.accounts import locked, open_account, set_email
from services.identity.handlers.own_sessions import UnknownSession, revoke_other_sessions, revoke_session
from services.identity.handlers.passwords import change_password, replace_password
from services.identity.handlers.reading import read_contacts, read_names
from services.identity.handlers.second_factor import (
    NoEnrolment,
    begin_enrolment,
    check_code,
    confirm_enrolment,
    factor_of,
    remove_second_factor,
    renew_recovery_codes,
)
from services.identity.handlers.sessions import (
    SignedIn,
    browser_session,
    end_session,
    refresh,
    sign_in,
    sign_out_everywhere,
)
from services.identity.handlers.staff import (
    NothingToReset,
    change_staff,
    reset_password,
    reset_second_factor,
    resume,
    suspend,
    wrong_unit,
)
from services.identity.handlers.steps import (
    AccountSuspended,
    SignInOver,
    StepNeeded,
    holder_of,
    note_sign_in,
    proceed,
    step_of,
    take_up,
)
from services.identity.handlers.units import keep_units

__all__ = [
    "AccountSuspended",
    "NoEnrolment",
    "NothingToReset",
    "SignInOver",
    "SignedIn",
    "StepNeeded",
    "UnknownSession",
    "begin_enrolment",
    "browser_session",
    "change_password",
    "change_staff",
    "check_code",
    "confirm_enrolment",
    "end_session",
    "factor_of",
    "holder_of",
    "keep_units",
    "locked",
    "masked_name",
    "note_sign_in",
    "open_account",
    "proceed",
    "read_contacts",
    "read_names",
    "refresh",
    "remove_second_factor",
    "renew_recovery_codes",
    "replace_password",
    "reset_password",
    "reset_second_factor",
    "resume",
    "revoke_other_sessions",
    "revoke_session",
    "set_email",
    "sign_in",
    "sign_out_everywhere",
    "step_of",
    "suspend",
    "take_up",
    "wrong_unit",
]
