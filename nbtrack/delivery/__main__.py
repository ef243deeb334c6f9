"""`python -m nbtrack.delivery HOME STORE_HASH`: started by `courier.announce`, not by hand."""

from __future__ import annotations

import sys
from pathlib import Path

from nbtrack.delivery.process import run
from nbtrack.settings import load
from nbtrack.system import leave_parent

if __name__ == "__main__":
    told = b""
    if "--stay" in sys.argv:  # started afresh by itself: its environment holds what it was told
        sys.argv.remove("--stay")
    else:
        leave_parent()
        told = sys.stdin.buffer.read()
    sys.exit(run(Path(sys.argv[1]), sys.argv[2], load(), told))
