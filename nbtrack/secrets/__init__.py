"""Finding secrets in text and striking them out: pure, and imported by everything that lets a run's facts out of the journal."""
