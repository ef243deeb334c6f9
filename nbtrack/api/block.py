"""`nbtrack.track`: a block, or each call of a function, as a run."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, overload

import nbtrack
from nbtrack import settings
from nbtrack.api.notice import tell, untracked_begins, untracked_ends
from nbtrack.capture.begin import begin
from nbtrack.capture.blocks import Blocks, blocks_here
from nbtrack.capture.current import context, current, enter, leave
from nbtrack.capture.identity import of_code
from nbtrack.capture.outcome import outcome
from nbtrack.capture.run import TrackedRun
from nbtrack.entities import Request


class track:  # noqa: N801 - used as a function, a context and a decorator
    """A run: `with nbtrack.track("name") as run:`, or `@nbtrack.track` around a function, whose every call is one.

    Params of a call are its arguments, defaults included, as far as they are simple; in a notebook it has the curves of the loops it runs.

    Args:
        name: name of the run; a memorable one if empty, the function's name as a decorator.
        experiment, goal, tags, params, parent, update: as the options of `%%track`; `parent` is a run id.
        store: MLflow tracking URI, instead of the setting's.
        allow_secret: texts that look like secrets and are none, or kinds that may pass; as `--allow-secret`.

    Nothing of nbtrack's own is raised into the block; where recording fails there is one notice.
    """

    def __init__(
        self, name: str | Callable[..., Any] = "", *, experiment: str = "", goal: str = "", tags: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None, parent: str = "", update: bool = False, store: str = "",
        allow_secret: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._function = name if callable(name) else None
        self._request = Request(
            name=getattr(name, "__name__", "run") if callable(name) else name, experiment=experiment, goal=goal, tags=dict(tags or {}),
            parent=parent, is_update=update, allow_secrets=(allow_secret,) if isinstance(allow_secret, str) else tuple(allow_secret),
        )  # fmt: skip
        self._params, self._store = dict(params or {}), store
        self._entered: list[tuple[TrackedRun | None, Any]] = []
        self._arguments: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]] | None = None
        """Of the call that this block is."""
        self._is_followed = False
        """It is one that has curves."""
        if self._function is not None:
            functools.update_wrapper(self, self._function)

    def __enter__(self) -> TrackedRun | None:
        above, blocks = current(), _blocks()
        try:
            request, chosen = self._request, settings.load({"tracking_uri": self._store} if self._store else None)
            if blocks is not None:
                request, chosen = blocks.ask(request, chosen)
            parent = above.run_id if above is not None and not above.is_ended else ""
            run: TrackedRun | None = begin(request, of_code(), code=request.name, parent=parent, chosen=chosen)
        except Exception as cause:  # noqa: BLE001 - a guest does not break the block
            untracked_begins(cause)
            run = None
        token = None
        if run is not None:
            for name, value in self._params.items():
                run.param(name, value)
            enter(run)
            token = context.set(run)
            if blocks is not None:
                with _kept_quiet(run):
                    blocks.begin(run, self._request, chosen)
            if self._arguments is not None:
                with _kept_quiet(run, "call"):
                    self._begin_call(run, blocks, chosen, *self._arguments)
        self._entered.append((run, token))
        return run

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        run, token = self._entered.pop()
        if run is None:
            untracked_ends()
            return
        leave(run)
        blocks = blocks_here()
        if blocks is not None and self._is_followed:
            with _kept_quiet(run, "call"):
                blocks.end_call(run)
        try:
            context.reset(token)
        except ValueError:  # a generator or task left the block in another context
            context.set(None)
        if blocks is not None:
            with _kept_quiet(run):
                blocks.end(run)
        run.end(*outcome(error))

    @overload
    def __call__(self, function: Callable[..., Any], /) -> Callable[..., Any]: ...
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._function is not None:
            return self._wrapped(self._function)(*args, **kwargs)
        return self._wrapped(args[0])

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None or self._function is None else functools.partial(self, instance)

    def _begin_call(
        self, run: TrackedRun, blocks: Blocks | None, chosen: settings.Settings, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        from nbtrack.api.arguments import params_of
        from nbtrack.capture.choice import choose

        choice = blocks.choice(self._request, chosen) if blocks is not None else choose(self._request, chosen.capture, chosen.exclude)
        if "params" in choice.kinds:
            for name, value in params_of(function, args, kwargs).items():
                if name not in self._params and choice.wants(name):
                    run.param(name, value)
        if blocks is not None and not inspect.iscoroutinefunction(function):  # other tasks run while a coroutine waits
            self._is_followed = True
            blocks.begin_call(run, self._request, chosen)

    def _wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        request = self._request if self._request.name else Request(**{**self._request.__dict__, "name": function.__name__})

        def again(args: tuple[Any, ...], kwargs: dict[str, Any]) -> track:
            block = track(
                request.name, experiment=request.experiment, goal=request.goal, tags=request.tags, params=self._params,
                parent=request.parent, update=request.is_update, store=self._store,
                allow_secret=request.allow_secrets,
            )  # fmt: skip
            block._arguments = (function, args, kwargs)
            return block

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def tracked_async(*args: Any, **kwargs: Any) -> Any:
                with again(args, kwargs):
                    return await function(*args, **kwargs)

            return tracked_async

        @functools.wraps(function)
        def tracked(*args: Any, **kwargs: Any) -> Any:
            with again(args, kwargs):
                return function(*args, **kwargs)

        return tracked


def _blocks() -> Blocks | None:
    """Those of the notebook that this is; in one that has not loaded nbtrack yet, it is loaded now, or nobody would know what ran."""
    if (found := blocks_here()) is not None:
        return found
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is None or threading.current_thread() is not threading.main_thread():
        return None
    try:
        nbtrack.load_ipython_extension(shell)
    except Exception as cause:  # noqa: BLE001 - a guest does not break the block
        tell(f"what cells do is not recorded: {cause}")
    return blocks_here()


@contextlib.contextmanager
def _kept_quiet(run: TrackedRun, what: str = "snapshot") -> Iterator[None]:
    """What goes wrong with the snapshot, or with what is kept of a call, is a notice of the run."""
    try:
        yield
    except Exception as cause:  # noqa: BLE001 - a guest does not break the block
        run.notice(f"a part of the {what} was not recorded: {cause!r}")
