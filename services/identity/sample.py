"""The sample city's accounts: ``load(folder, uow)``. Loading again changes nothing."""

from __future__ import annotations

from pathlib import Path

import yaml

from chassis.uow import UnitOfWork
from services.identity import handlers, keys, passwords, queries


def load(folder: Path, uow: UnitOfWork) -> None:
    """Make the first signing key and the accounts of ``accounts.yaml`` that don't exist yet."""
    keys.ensure_key(uow)
    content = yaml.safe_load((folder / "accounts.yaml").read_text())
    missing = [a for a in content["accounts"] if queries.by_login(a["login"], uow.session) is None]
    if not missing:
        return
    password_hash = passwords.hash_now(content["password"])
    for account in missing:
        handlers.open_account(**account, password=None, password_hash=password_hash, uow=uow)
