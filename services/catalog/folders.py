"""A generated city as a folder: the hand-written files and one more for each generated item."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import yaml

from services.catalog import generating
from services.catalog.bulk import Workshop

_TELL_EVERY = 100


def write(shop: Workshop, count: int, source: Path, folder: Path, told: Callable[[int], None]) -> None:
    """Raises `FileExistsError` when the folder is there already."""
    shutil.copytree(source, folder)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    for number, one in enumerate(shop.made(count), 1):
        content = generating.filled(shop.templates[one.template], one)
        text = yaml.dump(content, Dumper=dumper, allow_unicode=True, sort_keys=False)
        (folder / "items" / f"{one.code}.yaml").write_text(text, encoding="utf-8")
        if number % _TELL_EVERY == 0 or number == count:
            told(number)
