"""The same promises where eventlet runs the threads, as in the embedded platform."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RUN = """
from chassis.green import patch
patch()
import sys
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:pytest_nameko", *sys.argv[1:]]))
"""


def test_streams_and_equal_requests_keep_their_promises_under_eventlet() -> None:
    files = [str(HERE / name) for name in ("test_live.py", "test_idempotency.py")]
    result = subprocess.run(
        [sys.executable, "-c", RUN, *files], cwd=HERE.parents[2], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr
