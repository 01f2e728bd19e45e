"""What is done with accounts and sessions."""

from chassis.masking import name as masked_name
from services.identity.handlers.accounts import open_account, set_email
from services.identity.handlers.reading import read_contacts, read_names, read_own_data
from services.identity.handlers.sessions import SignedIn, refresh, sign_in, sign_out_everywhere

__all__ = [
    "SignedIn",
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
