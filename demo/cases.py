"""Two applications followed to their end: what happened when, counted from the filing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from demo.client import Client

FINISHED = {"closed", "terminated", "withdrawn", "not_accepted", "revoked"}


@dataclass
class FollowedCase:
    """One application as last seen."""

    client: Client
    application_no: str
    package: str
    title: str
    query_code: str
    filed_at: datetime
    state: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def file(cls, client: Client, procedure: str) -> FollowedCase:
        answer = client.file(procedure)
        return cls(
            client,
            answer["application_no"],
            procedure,
            "",
            answer["query_code"],
            datetime.fromisoformat(answer["submitted_at"]),
        )

    def look(self) -> None:
        self.state = self.client.get("intake", f"/applications/{self.application_no}")
        self.title = self.state["title"]["zh"]

    @property
    def finished(self) -> bool:
        return self.state.get("status") in FINISHED

    def ms(self, moment: str | None) -> int | None:
        """Milliseconds from the filing to ``moment``."""
        if moment is None:
            return None
        return round((datetime.fromisoformat(moment) - self.filed_at).total_seconds() * 1000)

    def timeline(self) -> list[tuple[int, str, str]]:
        """(milliseconds, what, where) in order."""
        branches = {b["branch_no"]: b for b in self.state.get("branches", [])}
        lines = []
        for entry in self.state.get("timeline", []):
            branch = branches.get(entry.get("branch_no") or "")
            where = f"{branch['department_name']['zh']} · {branch['title']['zh']}" if branch else ""
            lines.append((self.ms(entry["at"]) or 0, entry["event"], where))
        return sorted(lines)

    def report(self) -> dict[str, Any]:
        """This case's part of ``var/demo.json``."""
        return {
            "application_no": self.application_no,
            "package": self.package,
            "status": self.state["status"],
            "outcome": self.state["outcome"],
            "branches": [
                {
                    "department": b["department"],
                    "item": b["key"],
                    "kind": b["kind"],
                    "status": b["status"],
                    "opened_ms": self.ms(b["opened_at"]),
                    "answered_ms": self.ms(b["answered_at"]),
                }
                for b in self.state["branches"]
            ],
        }
