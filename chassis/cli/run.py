"""``onewindow run``: the whole platform in this process."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click

from chassis import green


@click.command()
@click.option("--port", default=8000, show_default=True, help="Port to serve on, at 127.0.0.1.")
@click.option(
    "--data",
    "folder",
    default="var/run",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Data folder.",
)
@click.option(
    "--sample",
    default="sample_city",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder with the city to load; an empty string loads none.",
)
@click.option("--fast", is_flag=True, help="Don't wait for the disk at each commit (tests, demonstrations).")
@click.option("--quiet", is_flag=True, help="No banner.")
def run(port: int, folder: Path, sample: Path, fast: bool, quiet: bool) -> None:
    """Run everything in one process: no broker, no database server.

    Exit status 0 after ctrl-C or SIGTERM, 1 when the databases can't be prepared, 2 when the folder or the
    port is in use.
    """
    green.patch()
    from chassis import logs
    from chassis.config import WrongSetting
    from chassis.embedded import Embedded, FolderInUse, NotPrepared

    folder.mkdir(parents=True, exist_ok=True)
    logs.configure(stream=(folder / "onewindow.log").open("a", buffering=1))
    platform = Embedded(folder, port, synchronous="NORMAL" if fast else "FULL")
    try:
        platform.start(sample if str(sample) not in ("", ".") and sample.exists() else None)
    except (FolderInUse, WrongSetting) as error:
        sys.exit(_say(str(error)))
    except NotPrepared as error:
        sys.exit(_say(str(error), status=1))
    except OSError as error:
        sys.exit(
            _say(f"port {port} can't be used ({error.strerror}): choose another with --port (PORT= for make)")
        )

    import eventlet

    over = eventlet.event.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: eventlet.spawn_n(lambda: over.ready() or over.send()))
    if not quiet:
        _banner(platform.url, folder, sample)
    print(f"ready {platform.url}", flush=True)
    over.wait()
    platform.stop()


def _say(message: str, status: int = 2) -> int:
    click.echo(message, err=True)
    return status


def _banner(url: str, folder: Path, sample: Path) -> None:
    accounts = sample / "accounts.md"
    click.echo(f"\n  一窗通 One Window   {url}\n  data and log in {folder}/ · stop with ctrl-C\n")
    if accounts.exists():
        click.echo(accounts.read_text())
