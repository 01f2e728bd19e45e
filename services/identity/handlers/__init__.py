"""What is done with accounts and sessions."""

from services.identity.handlers.accounts import open_account, set_email
from services.identity.handlers.reading import masked_name, read_contacts, read_names
from services.identity.handlers.sessions import SignedIn, refresh, sign_in, sign_out_everywhere

__all__ = [
    "SignedIn",
    "masked_name",
    "open_account",
    "read_contacts",
    "read_names",
    "refresh",
    "set_email",
    "sign_in",
    "sign_out_everywhere",
]
