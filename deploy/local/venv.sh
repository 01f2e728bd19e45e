#!/usr/bin/env bash
# venv.sh FOLDER LOCKFILE: a virtual environment with exactly what the lock file names, and the project in it.
set -euo pipefail
folder=$1 lock=$2 python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Python 3.11 or newer is needed; $("$python" --version) was found. Say which: make PYTHON=python3.12 ..." >&2
  exit 1
}
if ! [ -x "$folder/bin/python" ]; then
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      echo "installing python3-venv"
      apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    else
      echo "Python's venv is missing: install it (Debian, Ubuntu: sudo apt-get install python3-venv)" >&2
      exit 1
    fi
  fi
  "$python" -m venv "$folder"
fi
echo "installing into $folder from $lock"
"$folder/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r "$lock"
"$folder/bin/python" -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps -e .
