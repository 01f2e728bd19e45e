"""A folder's accounts and certificates: ``load(folder, uow)``. Loading again makes nothing twice.

Their common password is an initial one, which everybody has to change, unless the folder says that it is a
demonstration: then it stays, and nobody needs a second factor.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from chassis.uow import UnitOfWork
from chassis.workdays import SHANGHAI
from services.identity import handlers, keys, passwords, queries
from services.identity.handlers import firms, library
from services.identity.numbers import blind_index
from services.identity.orm import account as account_table
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
    uow.session.flush()
    _load_certificates(folder, uow)


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


def _load_certificates(folder: Path, uow: UnitOfWork) -> None:
    """Those of ``certificates.yaml``; days are counted from the day of the first loading."""
    path = folder / "certificates.yaml"
    if not path.exists():
        return
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    materials = {m["code"]: m for m in yaml.safe_load((folder / "materials.yaml").read_text("utf-8"))}
    t = account_table.c
    holders: dict[str, str] = {
        login: account_id
        for login, account_id in uow.session.execute(
            select(t.login, t.account_id).where(t.login.in_({c["holder"] for c in content}))
        )
    }
    rows = [_certificate(c, materials[c["material"]], holders[c["holder"]], uow.now) for c in content]
    endings = [
        {
            "ending_id": f"revoked-{row['certificate_id']}",
            "holder": row["holder"],
            "kind": row["kind"],
            "certificate_id": row["certificate_id"],
            "at": row["issued_at"] + timedelta(days=30),
        }
        for row, said in zip(rows, content, strict=True)
        if said.get("revoked")
    ]
    library.keep(rows, endings, uow)


def _certificate(
    said: dict[str, Any], material: dict[str, Any], holder: str, now: datetime
) -> dict[str, Any]:
    today = now.astimezone(SHANGHAI).date()
    ends = said.get("ends_in")
    return {
        "certificate_id": f"sample-{said['id']}",
        "holder": holder,
        "kind": material.get("licence_type") or material["code"],
        "title": material["title"],
        "number": said["number"],
        "issuer": material["issuer"],
        "issued_at": now - timedelta(days=said["issued_ago"]),
        "issued_until": None if ends is None else today + timedelta(days=ends),
        "replaces": bool(said.get("replaces")),
        "contents": said.get("contents", {}),
        "application_no": None,
        "branch_no": None,
        "item": None,
    }
