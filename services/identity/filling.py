"""Asks intake what stands on a licence that was issued, in identity's own name, outside any transaction.

An event says that a licence is there and whose; names and addresses never travel in events, so they are
fetched once where the application lies, exactly those elements the certificate answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
import structlog
from sqlalchemy import select

from chassis.credentials import service_login
from chassis.database import Database
from services.identity import keys
from services.identity.domain import Account
from services.identity.handlers import library
from services.identity.orm import account as account_table
from services.identity.orm.space import material_kind

log = structlog.get_logger("identity")

TIMEOUT = (2.0, 5.0)  # seconds to connect, to answer
IDLE_S = 5.0


class Filler:
    """One at work; any number of them share the certificates."""

    def __init__(self, database: Database, http: requests.Session | None = None):
        self._database = database
        self._http = http or _session()

    def step(self) -> float:
        """Ask about one certificate if one is due; returns in how many seconds there may be another."""
        with self._database.transaction() as uow:
            row = library.oldest_due(uow.now, uow)
            gives = uow.session.scalar(
                select(material_kind.c.gives).where(material_kind.c.licence_type == (row or {}).get("kind"))
            )
        if row is None:
            return IDLE_S
        contents = self._ask(row, gives or []) if gives else {}
        with self._database.transaction() as uow:
            if contents is None:
                library.put_off(row["certificate_id"], uow)
            else:
                library.fill(row["certificate_id"], contents, uow)
        return 0.0

    def _ask(self, row: Mapping[str, Any], gives: list[str]) -> Mapping[str, Any] | None:
        base = self._database.config.urls.get("intake", "").rstrip("/")
        try:
            answer = self._http.get(
                f"{base}/api/intake/licences/{row['branch_no']}",
                params={"fields": ",".join(gives)},
                headers={"Authorization": f"Bearer {self._token()}"},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            answer.raise_for_status()
            found: Mapping[str, Any] = answer.json()["fields"]
        except (requests.RequestException, ValueError, KeyError) as error:
            log.warning("certificate_waits", certificate=row["certificate_id"], error=repr(error)[:200])
            return None
        return found

    def _token(self) -> str:
        """Identity signs its own."""
        login = service_login(self._database.config.service)
        with self._database.transaction() as uow:
            me = uow.session.scalars(select(Account).where(account_table.c.login == login)).one()
            return keys.access_token(me, uow.now, uow)


def _session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    return made
