"""``python -m demo.province [--port 8200] [--beside COMMAND …]``: the sandbox's provincial platform.

With ``--beside`` it runs COMMAND, told where the province is, and ends with it: that is how `make run` and
`make stack` have a province without waiting for it. Without, it prints what a platform needs to know.
"""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from demo.province.settings import SECRET_VARIABLE, write_settings

FILE_VARIABLE = "ONEWINDOW_UPSTREAMS_FILE"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.province", description=__doc__)
    parser.add_argument("--port", type=int, default=8200, help="another one is taken when it is in use")
    parser.add_argument("--beside", nargs=argparse.REMAINDER, default=[], help="run this, told about it")
    arguments = parser.parse_args()
    if arguments.beside and os.environ.get(FILE_VARIABLE):
        os.execvp(arguments.beside[0], arguments.beside)  # a city's own settings: no sandbox
    listener = _listen(arguments.port)
    issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
    secret = os.environ.get(SECRET_VARIABLE) or secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="onewindow-province-") as folder:
        settings = Path(folder) / "upstreams.json"
        write_settings(settings, issuer)
        told = {FILE_VARIABLE: str(settings), SECRET_VARIABLE: secret}
        if not arguments.beside:
            print("\n".join(f"export {name}={value}" for name, value in told.items()))
            print(f"ready {issuer}", flush=True)
            _serve(listener, issuer, secret)
            return 0
        child = subprocess.Popen(arguments.beside, env={**os.environ, **told})
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda n, _: child.send_signal(n) if n == signal.SIGTERM else None)
        threading.Thread(target=_serve, args=(listener, issuer, secret), daemon=True).start()
        return child.wait()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    listener.listen(32)
    return listener


def _serve(listener: socket.socket, issuer: str, secret: str) -> None:
    from werkzeug.serving import make_server

    from demo.province.app import create_app
    from demo.province.provider import Province

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # addresses hold codes
    app = create_app(Province(issuer, secret))
    port = listener.getsockname()[1]
    make_server("127.0.0.1", port, app, threaded=True, fd=listener.fileno()).serve_forever()


if __name__ == "__main__":
    sys.exit(main())
