"""Tables of identity."""

from services.identity.orm.accounts import account, session
from services.identity.orm.audit import audit
from services.identity.orm.base import metadata
from services.identity.orm.keys import key
from services.identity.orm.space import certificate, consent, reading

__all__ = ["account", "audit", "certificate", "consent", "key", "metadata", "reading", "session"]
