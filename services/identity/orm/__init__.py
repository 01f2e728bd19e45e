"""Tables of identity."""

from services.identity.orm.accounts import account, session
from services.identity.orm.audit import audit
from services.identity.orm.audit import trail as audit_trail
from services.identity.orm.base import metadata
from services.identity.orm.keys import key

__all__ = ["account", "audit", "audit_trail", "key", "metadata", "session"]
