#!/usr/bin/env bash
# Makes the locks anew, from PyPI, at the versions in constraints.txt, for Python 3.11 to 3.13 on all systems. Needs uv (pip install uv).
set -euo pipefail
cd "$(dirname "$0")/.."
lock() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
    --constraints constraints.txt --output-file "$1" "${@:2}"
}
lock setup/requirements.lock requirements.txt
lock setup/requirements-serve.lock requirements.txt setup/requirements-serve.txt
