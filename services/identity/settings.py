"""What a city sets about signing in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from services.identity.domain import ROLES, SECOND_FACTOR_ROLES

VARIABLE = "ONEWINDOW_SECOND_FACTOR_ROLES"


@dataclass(frozen=True, slots=True)
class Settings:
    """``second_factor_roles``: staff with one of these can't work without a second factor."""

    second_factor_roles: frozenset[str] = frozenset(SECOND_FACTOR_ROLES)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Roles with commas between, or ``none``. Raises ValueError for a role that doesn't exist: a slip
        of the pen must not take the second factor away."""
        said = environ.get(VARIABLE, "").strip()
        if not said:
            return cls()
        roles = frozenset(r.strip() for r in said.split(",")) - {""} if said != "none" else frozenset()
        if unknown := sorted(roles - set(ROLES)):
            raise ValueError(f"{VARIABLE}: no such role: {', '.join(unknown)}")
        return cls(roles)
