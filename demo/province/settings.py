"""What a city's platform is told of the sandbox's province."""

from __future__ import annotations

import json
from pathlib import Path

SLUG = "province"
SECRET_VARIABLE = "PROVINCE_SECRET"
NAME = {"zh": "省统一身份认证", "en": "Provincial Identity"}
LEVELS = {"none": 0, "basic": 1, "verified": 2, "presence": 3}


def write_settings(path: Path, issuer: str) -> None:
    """The file for ``ONEWINDOW_UPSTREAMS_FILE``."""
    province = {
        "slug": SLUG,
        "issuer": issuer,
        "client_id": "jiangtang",
        "client_secret": {"env": SECRET_VARIABLE},
        "name": NAME,
        "claims": {"name": "name", "id_number": "id_card_number", "level": "assurance"},
        "levels": LEVELS,
    }
    path.write_text(json.dumps({"upstreams": [province]}, ensure_ascii=False, indent=2), encoding="utf-8")
