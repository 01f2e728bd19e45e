"""Tables of identity."""

from services.identity.orm.accounts import account, session
from services.identity.orm.audit import audit
from services.identity.orm.audit import trail as audit_trail
from services.identity.orm.base import metadata
from services.identity.orm.keys import key
from services.identity.orm.second_factor import challenge, enrolment, recovery_code, second_factor
from services.identity.orm.sign_ins import sign_in
from services.identity.orm.units import unit

__all__ = [
    "account",
    "audit",
    "audit_trail",
    "challenge",
    "enrolment",
    "key",
    "metadata",
    "recovery_code",
    "second_factor",
    "session",
    "sign_in",
    "unit",
]
