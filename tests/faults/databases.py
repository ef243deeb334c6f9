"""Database servers of the tests' own, from the system's packages, run by a user who is not root."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

PASSWORD = "hush-database"


@contextlib.contextmanager
def running(kind, port):
    """A server of this kind with an empty database, in a folder that goes with it; the test is skipped where it is not installed."""
    binaries = kind.binaries()
    if binaries is None:
        pytest.skip(f"{kind.__name__} is not installed; `make test` installs it where it can")
    with tempfile.TemporaryDirectory(prefix="nbtrack-db-", ignore_cleanup_errors=True) as name:  # pytest's folders may not be entered by others
        server = kind(binaries, Path(name), port)
        if server.user:
            shutil.chown(name, server.user)
        server.create()
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):
                server.stop()


class _Server:
    user_name = ""

    def __init__(self, binaries, folder, port):
        self._binaries, self._folder, self._port = binaries, folder, port
        self.user = self.user_name if os.getuid() == 0 else None

    def _write(self, name, text):
        path = self._folder / name
        path.write_text(text)
        if self.user:
            shutil.chown(path, self.user)
        return str(path)

    def _run(self, name, *args):
        subprocess.run(
            [str(self._binaries / name), *args], check=True, cwd=self._folder, user=self.user, group=self.user, extra_groups=[] if self.user else None,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120,
        )  # fmt: skip


class Postgres(_Server):
    user_name = "postgres"

    @staticmethod
    def binaries():
        found = shutil.which("pg_ctl")
        if found:
            return Path(found).parent
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
        return folders[-1] if folders else None

    def create(self):
        secret = self._write("password", PASSWORD)
        options = ("-U", "ann", "--pwfile", secret, "--auth", "scram-sha-256", "-E", "UTF8", "--locale", "C", "--no-sync")
        self._run("initdb", "-D", str(self._folder / "data"), *options)

    def start(self):
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-o", options, "-l", str(self._folder / "log"), "-w", "start")

    def stop(self):
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")


class MariaDB(_Server):
    user_name = "mysql"
    _process = None

    @staticmethod
    def binaries():
        found = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/libexec")
        return Path(found).parent if found and shutil.which("mariadb-install-db") else None

    def create(self):
        install = Path(shutil.which("mariadb-install-db"))
        self._binaries, servers = install.parent, self._binaries
        self._run(install.name, "--no-defaults", f"--datadir={self._folder / 'data'}", "--auth-root-authentication-method=normal", "--skip-test-db")
        self._binaries = servers
        self._write(
            "init.sql",
            "create database if not exists mlflow;\n"
            f"create user if not exists 'ann'@'127.0.0.1' identified by '{PASSWORD}';\n"
            "grant all on mlflow.* to 'ann'@'127.0.0.1';\n",
        )

    def start(self):
        place = {"datadir": "data", "socket": "socket", "pid-file": "pid", "init-file": "init.sql", "log-error": "log"}
        options = [f"--{name}={self._folder / file}" for name, file in place.items()]
        self._process = subprocess.Popen(
            [str(self._binaries / "mariadbd"), "--no-defaults", *options, f"--port={self._port}", "--bind-address=127.0.0.1", "--skip-name-resolve",
             "--character-set-server=utf8mb4", "--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync",
             "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=32M"],
            cwd=self._folder, user=self.user, group=self.user, extra_groups=[] if self.user else None, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.1)

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self._port), 1) as connection:
                return bool(connection.recv(1))  # it greets once its users are known
        except OSError:
            return False

    def stop(self):
        """As a power cut would, of this process alone: what was committed is with the system by then."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(30)
