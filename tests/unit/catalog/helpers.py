from __future__ import annotations

from pathlib import Path

from contracts.procedure import Text

SAMPLE = Path(__file__).parents[3] / "sample_city"


def text(zh: str, en: str = "text") -> Text:
    return Text(zh=zh, en=en)
