"""Sweeps: one notebook run again and again with other params, in search of the best."""
