"""``python -m demo.site``: a department's own system beside the platform. Its secret is read from
``ONEWINDOW_SITE_SECRET``, as `python -m services.identity client add` showed it."""

from __future__ import annotations

import argparse
import os

from demo.site.app import create_app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.site", description=__doc__)
    parser.add_argument("--provider", default="http://127.0.0.1:8000/api/identity", help="the issuer")
    parser.add_argument("--client", default="fire-site", help="the client's id")
    parser.add_argument("--port", type=int, default=8100)
    arguments = parser.parse_args()
    secret = os.environ.get("ONEWINDOW_SITE_SECRET")
    if not secret:
        parser.error("ONEWINDOW_SITE_SECRET must hold the client's secret")
    app = create_app(arguments.provider, arguments.client, secret)
    print(f"ready http://localhost:{arguments.port}", flush=True)
    app.run("127.0.0.1", arguments.port, threaded=True)


if __name__ == "__main__":
    main()
