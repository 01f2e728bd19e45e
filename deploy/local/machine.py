"""What must be installed on this machine, beside Python: server binaries and, for tests, a browser.

On Debian and Ubuntu, as root, what is missing is installed; servers that apt would start stay stopped, for
only their binaries are wanted. Elsewhere one line says what to install.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

RABBITMQ_FOLDERS = ("/usr/lib/rabbitmq/bin", "/usr/local/sbin", "/opt/rabbitmq/sbin")
POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
LIBATOMIC = "libatomic.so.1"
POLICY = Path("/usr/sbin/policy-rc.d")
INSTALL_WITHIN_S = 900


class Missing(RuntimeError):
    """Something must be installed by hand; the message says what."""


def rabbitmq_server() -> Path:
    """RabbitMQ's own start script: the wrapper on the PATH of Debian would change the user."""
    scripts = (Path(folder) / "rabbitmq-server" for folder in RABBITMQ_FOLDERS)
    found = next((script for script in scripts if script.exists()), None)
    if found is None or shutil.which("epmd") is None:
        raise Missing(
            "RabbitMQ is missing: install it (Debian, Ubuntu: sudo apt-get install rabbitmq-server)"
        )
    return found


def rabbitmq_version(script: Path) -> tuple[int, ...]:
    """Major and minor version by the names of its folders; empty when they don't tell."""
    home = script.resolve().parents[1]
    for folder in (home, *home.glob("lib/rabbitmq_server-*")):
        if found := re.search(r"rabbitmq_server-(\d+)\.(\d+)", str(folder)):
            return tuple(map(int, found.groups()))
    return ()


def postgres_binaries() -> Path:
    """The folder with ``postgres`` and ``initdb``, the newest where there are several."""
    found = [
        f for pattern in POSTGRES_FOLDERS for f in Path("/").glob(pattern[1:]) if (f / "initdb").exists()
    ]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    if not found:
        raise Missing("PostgreSQL is missing: install it (Debian, Ubuntu: sudo apt-get install postgresql)")
    return max(found, key=_version)


def chromium() -> Path:
    """The browser the tests drive."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise Missing("Chromium is missing: install it (Debian: sudo apt-get install chromium)")
    return Path(found)


def chinese_font() -> Path:
    """Without one, pages are measured and pictured with little boxes."""
    command = ["fc-list", ":lang=zh-cn", "file"]
    listed = (
        subprocess.run(command, capture_output=True, text=True, check=False)
        if shutil.which("fc-list")
        else None
    )
    if listed is None or not listed.stdout.strip():
        raise Missing("a Chinese font is missing: install one (Debian: sudo apt-get install fonts-noto-cjk)")
    return Path(listed.stdout.split(":", 1)[0])


def git() -> Path:
    """Tells the tests which files are the project's."""
    found = shutil.which("git")
    if found is None:
        raise Missing("git is missing: install it (Debian, Ubuntu: sudo apt-get install git)")
    return Path(found)


def pdfsig() -> Path:
    """Judges signatures on documents, independently of the library that made them."""
    found = shutil.which("pdfsig")
    if found is None:
        raise Missing("pdfsig is missing: install it (Debian, Ubuntu: sudo apt-get install poppler-utils)")
    return Path(found)


def libatomic() -> Path:
    """A library of the driver that moves the browser."""
    try:
        ctypes.CDLL(LIBATOMIC)
    except OSError:
        raise Missing(
            f"{LIBATOMIC} is missing: install it (Debian: sudo apt-get install libatomic1)"
        ) from None
    return Path(LIBATOMIC)


SERVERS: dict[Callable[[], Path], str] = {rabbitmq_server: "rabbitmq-server", postgres_binaries: "postgresql"}
FOR_TESTS: dict[Callable[[], Path], str] = {
    **SERVERS,
    chromium: "chromium",
    libatomic: "libatomic1",
    chinese_font: "fonts-noto-cjk",
    git: "git",
    pdfsig: "poppler-utils",
}


def ensure_installed(wanted: dict[Callable[[], Path], str] | None = None) -> None:
    """Install what is missing of ``wanted`` (default: the servers).

    Raises `Missing` where that can't be done.
    """
    wanted = SERVERS if wanted is None else wanted
    missing = {find: package for find, package in wanted.items() if not _is_there(find)}
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(list(missing.values()))
    for find in missing:
        find()


def unprivileged() -> list[str]:
    """setpriv(1) options to become an ordinary user; none when this process is one already.

    The user keeps the right to enter any folder, for data may lie under one that is root's alone.
    """
    if os.geteuid() != 0:
        return []
    uid, gid = unprivileged_ids()
    capability = "+dac_override"
    return [
        f"--reuid={uid}",
        f"--regid={gid}",
        "--clear-groups",
        f"--inh-caps={capability}",
        f"--ambient-caps={capability}",
    ]


def unprivileged_ids() -> tuple[int, int]:
    """User and group that servers run as when this process is root: postgres where it exists, else nobody."""
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return user.pw_uid, user.pw_gid
    raise Missing("neither a user postgres nor a user nobody exists to run PostgreSQL as")


def _is_there(find: Callable[[], Path]) -> bool:
    try:
        find()
    except Missing:
        return False
    return True


def _version(folder: Path) -> tuple[int, ...]:
    answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    return tuple(int(n) for n in answer.stdout.split()[2].split(".") if n.isdigit())


def _install(packages: list[str]) -> None:
    print(f"installing {', '.join(packages)}", file=sys.stderr)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with _services_stay_stopped():
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
            subprocess.run(
                ["apt-get", *command],
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
                timeout=INSTALL_WITHIN_S,
            )
    if shutil.which("systemctl"):
        services = [p for p in packages if p in SERVERS.values()]
        subprocess.run(["systemctl", "disable", "--quiet", *services], check=False, capture_output=True)


@contextmanager
def _services_stay_stopped() -> Iterator[None]:
    """Debian's way to keep apt from starting the servers it installs."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def main() -> int:
    """Exit status 0 when all is there, else 1."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.machine", description=__doc__)
    parser.add_argument("--for-tests", action="store_true", help="also what only tests need")
    try:
        ensure_installed(FOR_TESTS if parser.parse_args().for_tests else SERVERS)
    except (Missing, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
