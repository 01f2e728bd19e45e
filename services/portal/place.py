"""Who runs this portal: the city, its hall and how to reach it, and its own face."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.portal.contrast import RIVER, Shades, shades

HOME_PARTS = ("mine", "packages", "used", "events", "notices")
_PATH = re.compile(r"[MmLlHhVvCcSsQqTtAaZz0-9 ,.\-]{1,2000}")


class WrongPlace(ValueError):
    """A configuration of the city that pages can't be made of."""


@dataclass(frozen=True, slots=True)
class Place:
    """Texts are by language; ``phone`` is the hall's, ``home`` the order of the start page below the search.

    ``colour`` (``#RRGGBB``) takes the place of river teal, ``emblem`` (the ``d`` of an SVG path in 40 × 32)
    that of the fork beside the name.
    """

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
    home: tuple[str, ...] = HOME_PARTS
    colour: str = RIVER
    emblem: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Place:
        """The sample city, unless ``ONEWINDOW_PLACE`` (a JSON object with these fields) says otherwise.

        Raises `WrongPlace` for parts of the start page that don't exist and emblems that are no path.
        """
        made = replace(cls(), **json.loads(environ.get("ONEWINDOW_PLACE", "{}")))
        unknown = [part for part in made.home if part not in HOME_PARTS]
        if unknown:
            raise WrongPlace(f"the start page has no part {', '.join(unknown)}: {', '.join(HOME_PARTS)}")
        if made.emblem and not _PATH.fullmatch(made.emblem):
            raise WrongPlace("the emblem is no SVG path")
        return made

    @property
    def face(self) -> Shades | None:
        """The city's own colour and what goes with it; None when it is river teal, or can't be read well."""
        return None if self.colour.upper() == RIVER else shades(self.colour)
