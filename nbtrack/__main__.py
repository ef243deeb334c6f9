"""`python -m nbtrack`: the command where it is not on the path, as for cron."""

from __future__ import annotations

from nbtrack.cli import main

if __name__ == "__main__":
    main()
