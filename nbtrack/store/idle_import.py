"""Importing a large package in the background, while no cell runs."""

from __future__ import annotations

import contextlib
import importlib
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

_PAUSE_S = 3.0
_LOOK_S = 0.1


class IdleImport:
    """The import of one package in a thread that stands still between `pause` and `resume`.

    Libraries look into `sys.modules` for others and take what they find there as whole: `isinstance(X, sys.modules["polars"].DataFrame)`
    raises while another thread is importing polars. So the thread stops only where every module that is begun and not done belongs to
    the package itself. What waits for the package meanwhile, such as the user's own import of it, lets it go on.
    """

    def __init__(self, package: str, then: Callable[[], Iterable[str]] = tuple) -> None:
        """
        Args:
            then: names of modules of the package that are imported after it, asked once it is there.
        """
        self.package, self._then = package, then
        self.is_done = threading.Event()
        self._is_open, self._stands = threading.Event(), threading.Event()
        self._is_open.set()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless it was begun."""
        if self._thread is None:
            sys.meta_path.insert(0, self)
            self._thread = threading.Thread(target=self._run, name=f"nbtrack-import-{self.package}", daemon=True)
            self._thread.start()

    def pause(self) -> None:
        """Let the thread come to a stop; waits for it, usually milliseconds."""
        if self._thread is None or self.is_done.is_set():
            return
        self._is_open.clear()
        self._stands.wait(_PAUSE_S)

    def resume(self) -> None:
        """Let the thread go on."""
        self._is_open.set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The package's own modules get a loader that stops first; here Python holds the lock of all imports."""
        if threading.current_thread() is not self._thread or name.partition(".")[0] != self.package:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Stopping(spec.loader, self._stop)
        return spec

    def _stop(self) -> None:
        if self._is_open.is_set() or not self._is_safe():
            return
        self._stands.set()
        while not self._is_open.wait(_LOOK_S):
            if _somebody_waits():
                self._is_open.set()
        self._stands.clear()

    def _is_safe(self) -> bool:
        frame = sys._getframe(1)
        while frame.f_back is not None:
            if frame.f_code.co_name == "<module>" and str(frame.f_globals.get("__name__", "")).partition(".")[0] != self.package:
                return False
            frame = frame.f_back
        return True

    def _run(self) -> None:
        try:
            with _quietly(self.package), contextlib.suppress(Exception):
                importlib.import_module(self.package)
                for name in self._then():
                    importlib.import_module(name)
        finally:
            with contextlib.suppress(ValueError):
                sys.meta_path.remove(self)
            self.is_done.set()
            self._stands.set()


class _Stopping(Loader):
    """A module's own loader, with a stop before the module's code; the module does not see it."""

    def __init__(self, loader: Any, stop: Callable[[], None]) -> None:
        self._loader, self._stop = loader, stop

    def create_module(self, spec: ModuleSpec) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        self._stop()
        self._loader.exec_module(module)


def _somebody_waits() -> bool:
    """Whether a thread waits for a module that another one imports."""
    inner = [frame.f_code for frame in sys._current_frames().values()]
    return any(code.co_name == "acquire" and code.co_filename.startswith("<frozen importlib") for code in inner)


@contextlib.contextmanager
def _quietly(package: str) -> Iterator[None]:
    """Without what the package logs while it is imported."""
    log = logging.getLogger(package)
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
