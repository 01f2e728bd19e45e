"""The materials catalogue as rules: which certificate feeds which items, and when it may be used."""

from __future__ import annotations

from typing import Any

from services.catalog.domain.facts import material_entry
from services.catalog.domain.model import City, Material


def material_rules(material: Material, city: City) -> dict[str, Any]:
    """A material's entry as JSON values.

    ``feeds`` are the items and packages that use what the city holds; ``usable`` says when: the holder is
    the applicant or the principal of a valid agency, valid on the day of acceptance and again at the
    decision, for a named purpose, with consent recorded. One run out is renewed, never uploaded.
    """
    items = [i.code for i in city.items.values() if any(u.material == material.code for u in i.materials)]
    packages = [p.code for p in city.packages.values() if any(b.item in items for b in p.branches)]
    return {
        **material_entry(material, city),
        "network_check": material.network_check,
        "template": material.template,
        "licence_type": material.licence_type,
        "gives": list(material.gives),
        "used_by": {"items": items, "packages": packages},
        "feeds": _feeds(material, items, packages) if material.held else None,
    }


def _feeds(material: Material, items: list[str], packages: list[str]) -> dict[str, Any]:
    return {
        "all": material.feeds_all,
        "items": items,
        "packages": packages,
        "holder": ["applicant", "principal"],
        "valid_at": ["acceptance", "decision"],
        "purpose": "named",
        "consent": "recorded",
        "expired": {"upload": False, "renew": material.renewed_by},
    }
