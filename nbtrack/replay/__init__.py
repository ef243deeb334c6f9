"""What a run that is over is good for: it is restored, executed again, and carried elsewhere."""
