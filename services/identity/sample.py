"""A folder's accounts: ``load(folder, uow)``. Loading again opens no account twice.

Their common password is an initial one, which everybody has to change, unless the folder says that it is a
demonstration: then it stays, and nobody needs a second factor.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from chassis.uow import UnitOfWork
from services.identity import handlers, keys, passwords, queries
from services.identity.handlers import firms
from services.identity.numbers import blind_index
from services.identity.orm import sandbox_person


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
    _let_represent(content.get("representatives", {}), uow)
    _know_people(folder / "people.yaml", uow)


def _let_represent(representatives: dict[str, str], uow: UnitOfWork) -> None:
    """Firms by login, each with the login of its legal representative."""
    for firm, person in representatives.items():
        theirs, who = queries.login(firm, uow.session), queries.login(person, uow.session)
        if theirs is not None and who is not None:
            firms.make_administrator(theirs.account_id, who.account_id, None, uow)


def _know_people(path: Path, uow: UnitOfWork) -> None:
    """Whom the sandbox's registry knows."""
    if not path.exists():
        return
    rows = [
        {
            "id_index": blind_index(uow.master_key, person["id_number"]),
            "name": person["name"],
            "represents": person.get("represents", []),
            "is_away": person.get("is_away", False),
        }
        for person in yaml.safe_load(path.read_text(encoding="utf-8"))["people"]
    ]
    uow.session.execute(uow.insert(sandbox_person).on_conflict_do_nothing(), rows)
