"""The delivery process: started once, told its login, and silent about it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nbtrack import courier
from nbtrack.courier.channel import Place, ask
from nbtrack.errors import DeliveryError
from nbtrack.journal import Home
from nbtrack.settings import Settings

_KILLED_AFTER_START = """
import os, signal, sys
from pathlib import Path
from nbtrack import courier
from nbtrack.journal import Home
from nbtrack.settings import load

announce = sys.modules["nbtrack.courier.announce"]
start = announce.start_detached

def start_and_die(*args, **kwargs):
    start(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)

announce.start_detached = start_and_die
announce.announce(Home(Path(sys.argv[1])), sys.argv[2], load())
"""
_ANNOUNCE = "import sys; from pathlib import Path; from nbtrack import courier; from nbtrack.journal import Home; from nbtrack.settings import load\n"
_ANNOUNCE += "courier.announce(Home(Path(sys.argv[1])), sys.argv[2], load())"


def test_many_kernels_at_once_start_one_process(home, store, until):
    starters = [subprocess.Popen([sys.executable, "-c", _ANNOUNCE, str(home.root), store]) for _ in range(4)]
    assert [starter.wait(60) for starter in starters] == [0] * 4
    pid = courier.status(home, store)["pid"]

    def processes():
        return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if f"nbtrack.delivery {home.root}" in _command(entry)]

    until(lambda: processes() == [pid])
    assert courier.known_stores(home) == [store]


def test_a_login_lives_in_memory_alone(home, settings):
    env = {**os.environ, "MLFLOW_TRACKING_PASSWORD": "hush-variable", "AWS_SECRET_ACCESS_KEY": "hush-cloud"}
    uri = "http://ann:hush-uri@127.0.0.1:9/"
    courier.announce(home, uri, settings, env=env)
    status = courier.status(home, courier.mask_uri(uri))
    environ = Path(f"/proc/{status['pid']}/environ").read_bytes()
    written = b"".join(path.read_bytes() for path in home.root.rglob("*") if path.is_file())
    for secret in (b"hush-variable", b"hush-cloud", b"hush-uri"):
        assert secret not in environ
        assert secret not in written
    assert "hush" not in repr(status)


def test_it_stops_when_told_and_starts_again(home, store, settings):
    courier.announce(home, store, settings)
    first = courier.status(home, store)["pid"]
    assert courier.stop(home, store)
    assert courier.status(home, store) is None
    assert courier.last_status(home, store)["pid"] == first
    courier.announce(home, store, settings)
    assert courier.status(home, store)["pid"] != first


def test_it_goes_when_idle(home, store, until):
    courier.announce(home, store, Settings(poll_s=0.1, idle_s=0.1))
    until(lambda: not Place.of(home, store).is_alive())


def test_a_stale_socket_is_no_obstacle(home, store, settings):
    place = Place.of(home, store)
    place.make()
    place.address.write_text(str(place.folder / "socket"))
    place.key.write_bytes(b"old")
    (place.folder / "socket").touch(mode=0o600)
    os.chmod(place.folder / "socket", 0o600)
    with pytest.raises((ConnectionError, DeliveryError)):
        ask(place, {"act": "status"}, wait_s=1)
    (place.folder / "socket").unlink()
    courier.announce(home, store, settings)
    assert courier.status(home, store)["state"] == "idle"


def test_a_socket_of_others_is_not_talked_to(home, store, settings):
    courier.announce(home, store, settings)
    address = Place.of(home, store).address.read_text()
    os.chmod(address, 0o666)
    with pytest.raises(DeliveryError, match=r"not this user's alone.*Remove"):
        ask(Place.of(home, store), {"act": "status"}, wait_s=5)
    os.chmod(address, 0o600)


def test_a_stranger_without_the_key_learns_nothing(home, store, settings):
    courier.announce(home, store, settings)
    place = Place.of(home, store)
    key = place.key.read_bytes()
    place.key.write_bytes(b"guess")
    with pytest.raises(ConnectionError):
        ask(place, {"act": "status"}, wait_s=5)
    place.key.write_bytes(key)
    assert courier.status(home, store)


def test_a_long_path_gets_a_short_socket(tmp_path, store, settings):
    home = Home(tmp_path / ("deep" * 30))
    try:
        courier.announce(home, store, settings)
        address = Path(Place.of(home, store).address.read_text())
        assert len(str(address)) < 100
        assert address.parent.stat().st_mode & 0o077 == 0
        assert courier.status(home, store)["state"] == "idle"
    finally:
        assert courier.stop(home, store)


def test_delivery_off_starts_nothing(home, store):
    courier.announce(home, store, Settings(delivery=False))
    courier.announce_soon(home, store, Settings(delivery=False))
    assert courier.known_stores(home) == []


def test_announcing_soon_leaves_the_work_to_a_thread(home, store, settings, until):
    courier.announce_soon(home, store, settings)
    courier.announce_soon(home, store, settings)
    until(lambda: courier.status(home, store))
    assert courier.last_error() is None


def test_an_error_of_announcing_soon_is_kept(tmp_path, store, settings, until):
    (tmp_path / "file").touch()
    courier.announce_soon(Home(tmp_path / "file"), store, settings)
    error = until(courier.last_error)
    assert "NBTRACK_HOME" in error.mend


def test_flushing_without_a_process_names_the_next_step(home, store):
    with pytest.raises(DeliveryError, match="nbtrack sync"):
        courier.flush(home, store, "0" * 32, 1)


def _command(entry):
    try:
        return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def test_a_killed_process_is_replaced(home, store, settings, until):
    import signal

    courier.announce(home, store, settings)
    first = courier.status(home, store)["pid"]
    os.kill(first, signal.SIGKILL)
    time.sleep(0.1)
    courier.announce(home, store, settings)
    assert courier.status(home, store)["pid"] != first


def test_a_login_is_known_though_its_teller_was_killed_when_the_process_had_just_begun(home, begin, finish, until):
    uri = "http://ann:hush-uri@127.0.0.1:9"
    store = courier.mask_uri(uri)
    finish(begin(store=store))
    assert subprocess.run([sys.executable, "-c", _KILLED_AFTER_START, str(home.root), uri], check=False, timeout=60).returncode < 0
    status = until(lambda: (found := courier.status(home, store)) and found["problem"] and found)
    assert status["state"] == "store unreachable", status
    assert "hush" not in repr(status)
    assert b"hush-uri" not in b"".join(path.read_bytes() for path in home.root.rglob("*") if path.is_file())
