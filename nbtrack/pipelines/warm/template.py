"""The template: a process that has loaded what kernels need, runs no code of notebooks, and becomes a kernel by forking, once for each request.

It has one thread whenever it forks. What a fork would share and a kernel of its own would not have (session, signals, standard streams,
variables, arguments, random numbers) is made anew in the child, before ipykernel begins there.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import copy
import ctypes
import functools
import gc
import importlib
import importlib.util
import io
import itertools
import json
import os
import select
import signal
import socket
import sys
import tempfile
import threading
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from nbtrack import patterns, records
from nbtrack.capture.environment import read_ahead
from nbtrack.pipelines.processes import TOKEN

_BASE = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "IPython.core.debugger", "nbtrack.pipelines.kernel", "nbtrack.magics.load",
    "nbtrack.store.joined", "nbtrack.store.autologged", "nbtrack.capture.autolog", "nbtrack.api", "zstandard", "concurrent.futures.thread",
    "IPython.core.oinspect", "IPython.core.completerlib", "IPython.core.magics.extension", "IPython.extensions.storemagic", "IPython.core.logger",
    "IPython.utils.wildcard", "tornado.platform.asyncio", "psutil", "pwd", "resource",
)  # fmt: skip
"""What every kernel of a stage loads, whatever its notebook does; nothing of it looks at the environment, or for a shell, while it is loaded."""
_STAND_FORKS = ("jemalloc_bg_thd",)
"""Threads whose library knows how to do without them in a child: pyarrow's jemalloc gives memory back in them, and else in whoever frees it."""
_LAUNCHER = "ipykernel_launcher"
_INLINE = "module://matplotlib_inline.backend_inline"


def serve(fd: int) -> None:
    """Load everything, say so, and answer requests until whoever asks is gone; in a child this returns when its kernel has ended.

    The first line of JSON has `modules`: what notebooks import, loaded ahead as far as forking stands it. Then a request is a line, `argv`, `cwd`,
    `env` and `log`; its answer is the `pid`. That a child ended is told as `pid` and `code`.

    Args:
        fd: a socket.
    """
    line = socket.socket(fileno=fd)
    if sys.path and sys.path[0] in ("", str(Path.cwd())) and not sys.flags.safe_path:
        del sys.path[0]  # as the launcher of a kernel does
    mark, before = _mark(), dict(os.environ)
    for name in _BASE:
        importlib.import_module(name)
    threading._counter = itertools.count(1).__next__  # type: ignore[attr-defined]  # the debugger's loading took one of the names
    for make in (*records.waiting(), *patterns.waiting()):
        make()
    read_ahead()
    make_manager: Any = TransformerManager
    make_manager().transform_cell("x = 1\n%time x\n")  # patterns of tokens are compiled when they are first used
    asked = b""
    while not asked.endswith(b"\n"):
        if not (part := line.recv(1 << 16)):
            os._exit(0)  # nobody wants it
        asked += part
    modules: list[str] = json.loads(asked)["modules"]
    told = "" if not modules or _has_startup() else _load(modules)
    added = {name: value for name, value in os.environ.items() if before.get(name) != value}
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    gc.collect()
    gc.freeze()  # what is there is shared with all children: their collector would copy it page by page
    _tell(line, {"ready": os.getpid(), "unsafe": told or ("" if _forks_alone() else "a thread runs")})
    waiting = b""
    while True:
        ready, _, _ = select.select([line.fileno(), wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _reap(line)
        if line.fileno() not in ready:
            continue
        data = line.recv(1 << 20)
        if not data:
            os._exit(0)  # the kernels see that their parent is gone, and end
        *lines, waiting = (waiting + data).split(b"\n")
        for text in lines:
            request = json.loads(text)
            _, _, *options = request["argv"]
            _read(tuple(options))
            pid = os.fork()
            if not pid:
                line.close()
                os.close(wake)
                signal.set_wakeup_fd(-1)
                os.close(waker)
                _become(request, mark, added)
                return
            _tell(line, {"pid": pid})


def _tell(line: socket.socket, facts: Mapping[str, Any]) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more; the next request is the end
        line.sendall(json.dumps(facts).encode() + b"\n")


def _reap(line: socket.socket) -> None:
    """Tell of children that ended."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            _tell(line, {"pid": pid, "code": os.waitstatus_to_exitcode(status)})


def _load(modules: Sequence[str]) -> str:
    """Load what notebooks import; why that went wrong, or nothing."""
    before = os.environ.get("MPLBACKEND")
    os.environ.setdefault("MPLBACKEND", _INLINE)  # as ipykernel does before any cell runs
    kernel = types.SimpleNamespace(kernel=None)
    builtins.get_ipython = lambda: kernel  # type: ignore[attr-defined]  # by this pandas tells a kernel from a terminal, while it is loaded
    try:
        with Path(os.devnull).open("w", encoding="UTF-8") as nowhere, contextlib.redirect_stdout(nowhere):  # pandas takes the stream's encoding over
            for name in modules:
                try:
                    importlib.import_module(name)
                except ModuleNotFoundError as cause:
                    if not name.startswith(str(cause.name)):  # else it is a name in a module, or nothing that is installed
                        return repr(cause)
    except Exception as cause:  # noqa: BLE001 - whatever a package does while it is loaded, kernels begin without
        return repr(cause)
    finally:
        del builtins.get_ipython  # type: ignore[attr-defined]
        if before is None:
            del os.environ["MPLBACKEND"]
    return ""


def _has_startup() -> bool:
    """Whether IPython runs code of the user's before the first cell, which may prepare what is imported after it."""
    from IPython.paths import get_ipython_dir

    profile = Path(get_ipython_dir()) / "profile_default"
    return any((profile / "startup").glob("*.*py")) or any(profile.glob("*config*"))


def _forks_alone() -> bool:
    """Whether a fork leaves no thread behind; those of OpenBLAS end by themselves at the first one, and begin again where they are needed."""
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    others = {it.name for it in Path("/proc/self/task").iterdir()} - {str(os.getpid())}
    return all((Path("/proc/self/task") / it / "comm").read_text().strip() in _STAND_FORKS for it in others)


def _mark() -> tuple[int, int]:
    """Where the token stands in the block of variables that the system shows of this process, and how long it is."""
    find = ctypes.CDLL(None).getenv
    find.restype = ctypes.c_void_p
    return int(find(TOKEN.encode()) or 0), len(os.environ.get(TOKEN, ""))


def _become(request: Mapping[str, Any], mark: tuple[int, int], added: Mapping[str, str]) -> None:
    """Be the kernel that was asked for, to its end; returns only where that is not as it should be.

    Args:
        mark: where the token stands.
        added: variables that modules set when they were loaded.
    """
    parent = os.getppid()
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(request["cwd"])
    nothing, log = os.open(os.devnull, os.O_RDONLY), os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for fd, stream in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(fd, stream)
    os.close(nothing)
    os.close(log)
    env: dict[str, str] = request["env"]
    where, length = mark
    if where and len(env[TOKEN]) == length:  # by it the system tells whose processes these are, and a fork would keep the template's
        ctypes.memmove(where, env[TOKEN].encode(), length)
    os.environ.clear()
    os.environ.update({**added, **env})
    spec = importlib.util.find_spec(_LAUNCHER)
    sys.argv[:] = [str(spec.origin) if spec is not None else _LAUNCHER, *request["argv"]]
    sys.orig_argv[:] = [sys.executable, "-m", _LAUNCHER, *request["argv"]]
    tempfile.tempdir = None
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # Python's own generator does so by itself
    from ipykernel.kernelapp import IPKernelApp

    app: Any = IPKernelApp.instance(parent_handle=parent)
    app.parse_command_line = lambda argv: _take(app, argv)
    app.initialize(request["argv"])
    app.start()
    _leave()


@functools.cache
def _read(options: tuple[str, ...]) -> Any:
    """What a kernel's arguments, but for the first two, say to its application: reading them takes as long as four cells, and is the same for all."""
    from ipykernel.kernelapp import IPKernelApp

    make: Any = IPKernelApp
    app = make()
    app.parse_command_line(list(options))
    return app.cli_config


def _take(app: Any, argv: Sequence[str]) -> None:
    """What `parse_command_line` does with `-f FILE` and options."""
    _, file, *options = argv
    app.argv, app.extra_args, app.cli_config = list(argv), [], copy.deepcopy(_read(tuple(options)))
    app.cli_config.IPKernelApp.connection_file = file
    app.update_config(app.cli_config)


def _leave() -> None:
    """End as the interpreter does, but for taking modules apart: most of them are shared with all children, and would be copied page by page."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # what the interpreter calls: threads come to their end
        atexit._run_exitfuncs()
        gc.collect()
        for it in gc.get_objects():
            if issubclass(type(it), (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)) and not it.closed:
                with contextlib.suppress(Exception):  # its other end may be gone
                    it.flush()
    finally:
        os._exit(0)
