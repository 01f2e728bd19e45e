"""What is done with accounts and sessions."""

from services.identity.handlers.accounts import open_account, set_email
from services.identity.handlers.reading import masked_name, read_contacts, read_names, read_own_data
from services.identity.handlers.sessions import (
    SignedIn,
    browser_session,
    end_session,
    refresh,
    sign_in,
    sign_out_everywhere,
)

__all__ = [
    "SignedIn",
    "browser_session",
    "end_session",
    "masked_name",
    "open_account",
    "read_contacts",
    "read_names",
    "read_own_data",
    "refresh",
    "set_email",
    "sign_in",
    "sign_out_everywhere",
]
