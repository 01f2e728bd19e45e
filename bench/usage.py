"""CPU seconds and memory of groups of processes, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def _stat(pid: int) -> list[str] | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None


def family(roots: Iterable[int]) -> set[int]:
    """These processes and all their descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))) is not None:
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found: set[int] = set()
    todo = list(roots)
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, [])
    return found


def cpu_seconds(groups: Mapping[str, Iterable[int]]) -> dict[str, float]:
    """User and system seconds spent so far, ended children included, by group."""
    spent = {}
    for name, roots in groups.items():
        stats = [s for pid in family(roots) if (s := _stat(pid)) is not None]
        spent[name] = sum(sum(int(s[i]) for i in (11, 12, 13, 14)) for s in stats) / TICK
    return spent


def rss_mb(groups: Mapping[str, Iterable[int]]) -> dict[str, float]:
    """Resident memory in MB by group; pages shared between processes count in each."""
    resident = {}
    for name, roots in groups.items():
        stats = [s for pid in family(roots) if (s := _stat(pid)) is not None]
        resident[name] = round(sum(int(s[21]) for s in stats) * PAGE / 1e6, 1)
    return resident
