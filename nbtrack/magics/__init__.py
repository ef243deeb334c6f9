"""The grammar of %track and %%track, and what they show."""
