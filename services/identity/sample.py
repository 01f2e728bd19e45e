"""A folder's accounts: ``load(folder, uow)``. Loading again opens no account twice.

Their common password is an initial one, which everybody has to change, unless the folder says that it is a
demonstration: then it stays, and nobody needs a second factor.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from chassis.uow import UnitOfWork
from services.identity import handlers, keys, passwords, queries


def load(folder: Path, uow: UnitOfWork) -> None:
    """Make the first signing key (or say again which ones count) and those accounts of
    ``accounts.yaml`` that don't exist yet; all have one password, hashed once."""
    content = yaml.safe_load((folder / "accounts.yaml").read_text(encoding="utf-8"))
    password_hash = passwords.hash_now(content["password"])  # before the session begins its transaction
    known = queries.known_logins((a["login"] for a in content["accounts"]), uow.session)
    demonstration = content.get("demonstration", False) is True
    missing = [a for a in content["accounts"] if a["login"] not in known]
    keys.start(uow)
    for account in missing:
        handlers.open_account(
            **account,
            password_hash=password_hash,
            has_initial_password=not demonstration and account["kind"] != "machine",
            is_demonstration=demonstration,
            uow=uow,
        )
