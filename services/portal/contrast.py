"""Whether a colour can be read (WCAG 2.2, 1.4.3), and the shades that go with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

RIVER = "#0E5A64"
PAPER, CARD, INK = "#F8F7F3", "#FFFFFF", "#1B2528"
READABLE = 4.5
DEEPER, TINT = 0.26, 0.89

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Shades:
    """A colour, a deeper one for hover and focus, and a light one behind text."""

    river: str
    deep: str
    tint: str


@cache
def shades(colour: str) -> Shades | None:
    """The shades of a colour that is readable in every place it is used; None otherwise."""
    if not _COLOUR.fullmatch(colour):
        return None
    deep, tint = mixed(colour, "#000000", DEEPER), mixed(colour, CARD, TINT)
    pairs = [(colour, PAPER), (colour, CARD), (CARD, colour), (deep, PAPER), (deep, tint), (colour, tint)]
    if any(contrast(a, b) < READABLE for a, b in [*pairs, (INK, tint)]):
        return None
    return Shades(colour.upper(), deep, tint)


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(colour: str, other: str, part: float) -> str:
    """``part`` of the other colour in this one."""
    both = zip(_rgb(colour), _rgb(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02X}" for a, b in both)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
