"""`python -m nbtrack.delivery HOME STORE_HASH`: started by `courier.announce`, not by hand."""

from __future__ import annotations

import sys
from pathlib import Path

from nbtrack.delivery.process import run
from nbtrack.settings import load

if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2], load()))
