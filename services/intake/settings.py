"""What a city may set for uploads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from chassis.problems import MIB


@dataclass(frozen=True, slots=True)
class Settings:
    """``max_file`` in bytes; ``scanner`` is the address of ClamAV's daemon, or empty."""

    max_file: int = 10 * MIB
    scanner: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        return cls(
            max_file=int(float(environ.get("ONEWINDOW_MAX_FILE_MB", "10")) * MIB),
            scanner=environ.get("ONEWINDOW_SCANNER", ""),
        )
