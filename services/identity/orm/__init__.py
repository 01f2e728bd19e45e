"""Tables of identity."""

from services.identity.orm.accounts import account, session
from services.identity.orm.audit import audit
from services.identity.orm.base import metadata
from services.identity.orm.keys import key
from services.identity.orm.oidc import client, code, consent, grant, sign_out_note

__all__ = [
    "account",
    "audit",
    "client",
    "code",
    "consent",
    "grant",
    "key",
    "metadata",
    "session",
    "sign_out_note",
]
