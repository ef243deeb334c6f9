"""One view of runs."""

from nbtrack.reads.runs import all_runs, find

__all__ = ["all_runs", "find"]
