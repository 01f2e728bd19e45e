"""Who runs this portal: the city, its hall and how to reach it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Place:
    """Texts are by language; ``phone`` is the hall's."""

    city: Mapping[str, str] = field(default_factory=lambda: {"zh": "江塘市", "en": "Jiangtang"})
    hall: Mapping[str, str] = field(
        default_factory=lambda: {"zh": "江塘市政务服务中心", "en": "Jiangtang Government Service Hall"}
    )
    address: Mapping[str, str] = field(
        default_factory=lambda: {"zh": "云渡街道学府路18号", "en": "18 Xuefu Road, Yundu"}
    )
    hours: Mapping[str, str] = field(
        default_factory=lambda: {
            "zh": "周一至周五 9:00–17:00",
            "en": "Monday to Friday, 9:00–17:00",
        }
    )
    phone: str = "100 0032 0001"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Place:
        """The sample city, unless ``ONEWINDOW_PLACE`` (a JSON object with these fields) says otherwise."""
        return replace(cls(), **json.loads(environ.get("ONEWINDOW_PLACE", "{}")))
