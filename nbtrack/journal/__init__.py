"""The write-ahead log: a run is here before it is anywhere else, and whole."""

from nbtrack.journal.cursor import Cursor
from nbtrack.journal.fold import events_of, fold, points_of
from nbtrack.journal.location import Home, new_id
from nbtrack.journal.writer import RunWriter

__all__ = ["Cursor", "Home", "RunWriter", "events_of", "fold", "new_id", "points_of"]
