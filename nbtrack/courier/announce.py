"""Telling the delivery process of a store that there is work, and starting it where there is none."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from nbtrack.courier.channel import Place, ask, write_private
from nbtrack.courier.credentials import logins, without_secrets
from nbtrack.courier.uris import absolute_uri, mask_uri
from nbtrack.errors import DeliveryError, NbtrackError
from nbtrack.journal.location import Home
from nbtrack.settings import Settings
from nbtrack.system import after_fork_in_child, python, start_detached, working_folder

_START_WAIT_S = 30.0
_AGAIN_S = 5.0
_EXIT_WAIT_S = 10.0
_guard = threading.Lock()
_announced: dict[tuple[Path, str], float] = {}
_busy: set[tuple[Path, str]] = set()
_threads: set[threading.Thread] = set()
_errors: list[NbtrackError] = []


def announce(home: Home, uri: str, settings: Settings, *, env: Mapping[str, str] | None = None) -> None:
    """Make sure that a delivery process for the store lives and knows the login.

    Args:
        uri: the full tracking URI, password included; it goes to the process's memory alone.
        env: variables to take logins from; None means this process's.

    Raises:
        DeliveryError: the process does not start or does not answer.
        JournalError: the state directory cannot be written.
    """
    if not settings.delivery:
        return
    env = dict(os.environ) if env is None else env
    uri = absolute_uri(uri, working_folder())
    place = Place.of(home, mask_uri(uri))
    hello = {"act": "hello", "uri": uri, "env": logins(env)}
    deadline = time.monotonic() + _START_WAIT_S
    started = -10.0
    while True:
        with contextlib.suppress(ConnectionError):
            ask(place, hello, wait_s=10)
            return
        place.make()
        now = time.monotonic()
        if now > deadline:
            raise DeliveryError(f"The delivery process for {mask_uri(uri)} did not start within {_START_WAIT_S:g} s.", mend=f"Look into {place.log}.")
        if now - started > 5 and not place.is_alive():
            _start(place, mask_uri(uri), settings, env, hello)
            started = now
        time.sleep(0.05)


def announce_soon(home: Home, uri: str, settings: Settings) -> None:
    """`announce` in a thread of its own, at most every few seconds while the process lives; an error goes to `last_error`.

    A process that ends meanwhile waits for it, up to 10 s: a login that nobody else has would be lost with a short script.
    """
    if not settings.delivery:
        return
    key = (home.root, uri)
    with _guard:
        if key in _busy:
            return
        known = _announced.get(key, -_AGAIN_S)
        if time.monotonic() - known < _AGAIN_S and Place.of(home, mask_uri(absolute_uri(uri, working_folder()))).is_alive():
            return
        _busy.add(key)
    env, uri = dict(os.environ), absolute_uri(uri, working_folder())

    def act() -> None:
        try:
            announce(home, uri, settings, env=env)
            with _guard:
                _announced[key] = time.monotonic()
                _errors.clear()
        except NbtrackError as error:
            _errors[:] = [error]
        except Exception as cause:  # noqa: BLE001 - a thread of ours must not print into the user's notebook
            _errors[:] = [DeliveryError(f"The delivery process could not be started: {cause}.", mend="Run nbtrack doctor.")]
        finally:
            with _guard:
                _busy.discard(key)
                _threads.discard(threading.current_thread())

    thread = threading.Thread(target=act, name="nbtrack-announce", daemon=True)
    try:
        with _guard:
            _threads.add(thread)
        thread.start()
    except RuntimeError:  # Python 3.12 and later start no thread while the interpreter shuts down
        _threads.discard(thread)
        act()


def _see_through() -> None:
    """At exit: let announcements that are under way come to their end."""
    deadline = time.monotonic() + _EXIT_WAIT_S
    for thread in list(_threads):
        thread.join(max(0.0, deadline - time.monotonic()))


def last_error() -> NbtrackError | None:
    """Why the last `announce_soon` failed; None if it did not."""
    return _errors[0] if _errors else None


def _start(place: Place, store: str, settings: Settings, env: Mapping[str, str], hello: Mapping[str, object]) -> None:
    try:
        write_private(place.uri, store.encode("utf-8", "surrogatepass"))
        start_detached(
            [python(), "-m", "nbtrack.delivery", str(place.home.root.absolute()), place.hash],
            env={**without_secrets(env), **_settings_env(settings), "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
            log=place.log,
            cwd=place.folder,
            told=json.dumps(hello).encode(),
        )
    except OSError as cause:
        raise DeliveryError(
            f"The delivery process could not be started: {cause.strerror or cause}.", mend="What was logged is kept; nbtrack sync delivers it."
        ) from cause


def _settings_env(settings: Settings) -> dict[str, str]:
    """Settings of the announcing process that hold for the delivery process too."""
    names = ("idle_s", "poll_s", "retry_s", "keep_days", "keep_mb", "long_param", "debug")
    return {f"NBTRACK_{name.upper()}": str(getattr(settings, name)) for name in names}


def _forget() -> None:
    global _guard  # noqa: PLW0603 - a lock held at the fork would stay held for ever in the child
    _guard = threading.Lock()
    _busy.clear()
    _threads.clear()
    _announced.clear()


after_fork_in_child(_forget)
atexit.register(_see_through)
