"""What a city may set for the catalogue."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from chassis.problems import MIB


@dataclass(frozen=True, slots=True)
class Settings:
    """``max_import`` in bytes: how large a file of items may be that comes over HTTP."""

    max_import: int = 32 * MIB

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        return cls(max_import=int(float(environ.get("ONEWINDOW_MAX_IMPORT_MB", "32")) * MIB))
