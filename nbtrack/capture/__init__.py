"""IPython's door, and what is captured of a cell."""
