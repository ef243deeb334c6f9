"""Talking to the delivery process: one a state directory and store, started on first use."""

from nbtrack.courier.announce import announce, announce_soon, last_error
from nbtrack.courier.ask import files, flush, history, known_stores, last_status, look, status, stop, wake
from nbtrack.courier.uris import absolute_uri, mask_uri

__all__ = [
    "absolute_uri", "announce", "announce_soon", "files", "flush", "history", "known_stores", "last_error", "last_status", "look", "mask_uri", "status",
    "stop", "wake",
]  # fmt: skip
