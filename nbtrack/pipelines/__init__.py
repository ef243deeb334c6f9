"""Notebooks as stages: parameters, the spec, the plan, the cache, and what executes them."""
