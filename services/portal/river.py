"""The river line 分流线: how a case forks into one lane a department and joins again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mark:
    """A state in three ways at once: a tone (colour), a shape and a word."""

    tone: str  # ok, now, wait, bad, quiet
    shape: str  # done ●, now ◐, wait ▲, bad ■, ahead ○
    word: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One department's part. ``flow`` is how far the water came: done, now, ahead, stopped."""

    key: str
    flow: str
    mark: Mark
    branch: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """Lanes that run at the same time. ``reached`` and ``done`` colour the fork and the join."""

    lanes: tuple[Lane, ...]

    @property
    def reached(self) -> bool:
        return any(lane.flow != "ahead" for lane in self.lanes)

    @property
    def done(self) -> bool:
        return all(lane.flow in ("done", "stopped") for lane in self.lanes)

    @property
    def flows(self) -> tuple[str, ...]:
        return tuple(lane.flow for lane in self.lanes)


def stages(branches: Sequence[Mapping[str, Any]], lanes: Sequence[Lane]) -> list[Stage]:
    """Lanes by the number of branches that have to come before, longest way first."""
    known = {b["key"]: b for b in branches}
    depth: dict[str, int] = {}

    def depth_of(key: str) -> int:
        if key not in depth:
            before = [k for k in known[key].get("depends_on") or () if k in known]
            depth[key] = 1 + max(map(depth_of, before), default=-1)
        return depth[key]

    levels: dict[int, list[Lane]] = {}
    for lane in lanes:
        levels.setdefault(depth_of(lane.key), []).append(lane)
    return [Stage(tuple(levels[level])) for level in sorted(levels)]


FLOWS = {
    "waiting": "ahead",
    "open": "now",
    "claimed": "now",
    "suspended": "now",
    "answered": "done",
    "silent": "done",
    "dropped": "stopped",
}


def flow_of(branch: Mapping[str, Any]) -> str:
    if branch.get("answer") in ("refuse", "unable"):
        return "stopped"
    return FLOWS.get(branch.get("status", "waiting"), "ahead")


def after(flow: str) -> str:
    """How the water runs on behind a department: only what is done flows to the join."""
    return flow if flow in ("done", "plan") else "ahead"


# Geometry of forks and joins, in a box of WIDE × 100 that the page stretches over the lanes.

WIDE = 48
GUTTER = 18  # pixels between lanes where the river runs down a phone


def wide_curves(count: int) -> list[str]:
    """Paths from the middle of the left side to each lane's middle on the right (desktop forks)."""
    middle = WIDE / 2
    return [
        f"M0 50C{middle:g} 50 {middle:g} {y:g} {WIDE} {y:g}"
        for y in ((i + 0.5) * 100 / count for i in range(count))
    ]


def tall_curves(count: int, height: int = 28) -> list[str]:
    """Paths from the trunk (first lane) at the top to each lane at the bottom (phone forks)."""
    half = height / 2
    return [
        f"M{lane_x(0)} 0C{lane_x(0)} {half:g} {lane_x(i)} {half:g} {lane_x(i)} {height}" for i in range(count)
    ]


def lane_x(index: int) -> int:
    """Where a lane runs down a phone, in pixels from the left."""
    return 9 + index * GUTTER


def brook(found: Sequence[Stage], width: int, height: int) -> list[tuple[str, float, float]]:
    """The same line in small, for lists: each lane's path and the point where its department stands."""
    middle, reach = height / 2, width / max(1, len(found))
    drawn = []
    for number, stage in enumerate(found):
        left, count = number * reach, len(stage.lanes)
        bend = reach * 0.3
        for i in range(count):
            y = middle if count == 1 else 6 + i * (height - 12) / (count - 1)
            right, half = left + reach, bend / 2
            path = (
                f"M{left:g} {middle:g}"
                f"C{left + half:g} {middle:g} {left + half:g} {y:g} {left + bend:g} {y:g}"
                f"H{right - bend:g}"
                f"C{right - half:g} {y:g} {right - half:g} {middle:g} {right:g} {middle:g}"
            )
            drawn.append((path, left + reach / 2, y))
    return drawn
