"""Numbers of each chart, and still pictures; draws for any front end and knows none."""
