"""Tables of identity."""

from services.identity.orm.accounts import account, session
from services.identity.orm.audit import audit
from services.identity.orm.base import metadata
from services.identity.orm.firms import agency, invitation
from services.identity.orm.keys import key
from services.identity.orm.real_name import phone_check, sandbox_person

__all__ = [
    "account",
    "agency",
    "audit",
    "invitation",
    "key",
    "metadata",
    "phone_check",
    "sandbox_person",
    "session",
]
