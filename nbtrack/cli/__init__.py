"""The nbtrack command."""

from nbtrack.cli.main import main

__all__ = ["main"]
