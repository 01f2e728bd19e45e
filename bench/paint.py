"""``python -m bench.paint``: how soon a page shows something on a phone, and how much it weighs.

One process, a real browser as a slow phone: a CPU 4 times slower, 150 ms latency, 1.6 Mbit/s down and
750 kbit/s up (slow 4G), an empty cache every time. One JSON line a page; ``weight_kb`` is what came over
the wire, without pictures.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser
from rich.console import Console
from rich.progress import track

from bench.live import open_browser
from demo.platform import Platform

PAGES = ("/", "/items/food-licence")
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "locale": "zh-CN",
}
KBIT = 1000 / 8
SLOW_4G = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1600 * KBIT,
    "uploadThroughput": 750 * KBIT,
}
SLOWER = 4
PAINTED = """() => new Promise((done) => {
  const found = () => performance.getEntriesByName("first-contentful-paint")[0];
  if (found()) return done(found().startTime);
  new PerformanceObserver((_, seen) => { if (found()) { seen.disconnect(); done(found().startTime); } })
    .observe({ type: "paint", buffered: true });
})"""

console = Console(stderr=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.paint", description=__doc__)
    parser.add_argument("--loads", type=int, default=7, help="of each page, each with an empty cache")
    parser.add_argument("pages", nargs="*", default=PAGES, metavar="PAGE")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="onewindow-bench-"))
        platform = stack.enter_context(Platform(Path(folder) / "data"))
        browser = stack.enter_context(open_browser())
        for path in arguments.pages:
            load(browser, platform.url, path)  # the process has made this page before
            loads = [
                load(browser, platform.url, path)
                for _ in track(range(arguments.loads), path, console=console)
            ]
            times = [found["fcp_ms"] for found in loads]
            print(
                json.dumps(
                    {
                        "page": path,
                        "loads": len(loads),
                        "fcp_ms_p50": round(statistics.median(times)),
                        "fcp_ms_max": round(max(times)),
                        "weight_kb": round(max(found["bytes"] for found in loads) / 1024, 1),
                        "requests": max(found["requests"] for found in loads),
                    }
                ),
                flush=True,
            )
    return 0


def load(browser: Browser, url: str, path: str) -> dict[str, Any]:
    """One load as a first visit: ``fcp_ms``, ``bytes`` over the wire without pictures, ``requests``."""
    context = browser.new_context(base_url=url, **PHONE)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    devtools.on("Network.responseReceived", lambda e: kinds.update({e["requestId"]: e["type"]}))
    devtools.on(
        "Network.loadingFinished", lambda e: sizes.update({e["requestId"]: int(e["encodedDataLength"])})
    )
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", SLOW_4G)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(path, wait_until="load")
    painted = page.evaluate(PAINTED)
    context.close()
    counted = {request for request in sizes if kinds.get(request) != "Image"}
    return {
        "fcp_ms": painted,
        "bytes": sum(sizes[request] for request in counted),
        "requests": len(sizes),
    }


if __name__ == "__main__":
    sys.exit(main())
