"""The data of runs: where what a run read can still be had, what changed between two runs, and what is under DVC."""
