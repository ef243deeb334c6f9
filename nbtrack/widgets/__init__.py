"""Where comparisons meet a front end; loaded when one is shown."""
