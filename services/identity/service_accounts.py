"""Accounts that services of the platform sign in with, to make the few HTTP calls between them.

Their passwords are derived from the master key all services hold, so that nothing has to be handed out.
"""

from __future__ import annotations

from chassis.credentials import service_login, service_password
from chassis.database import Database
from services.identity import handlers, passwords, queries
from services.identity.domain import InvalidAccount

ROLES_OF = {"notification": ["contact_reader"], "identity": ["certificate_library"]}
"""Which service may do what at identity."""


def open_missing(database: Database) -> None:
    """Open those accounts that don't exist yet; another process may be at it too."""
    with database.read() as session:
        known = queries.known_logins(map(service_login, ROLES_OF), session)
    for service, roles in ROLES_OF.items():
        if service_login(service) in known:
            continue
        password_hash = passwords.hashed(service_password(database.config.master_key, service))
        try:
            with database.transaction() as uow:
                handlers.open_account(
                    login=service_login(service),
                    password_hash=password_hash,
                    kind="machine",
                    display_name=service,
                    roles=roles,
                    uow=uow,
                )
        except InvalidAccount as error:
            if error.fields != {"login": "taken"}:
                raise
