"""Taps woven into executed cells: values of loops, step by step, without a call in the user's code."""
