"""Settings: from the call, then the environment, then `pyproject.toml` or `nbtrack.toml`, then what the front end tells, then the default."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from nbtrack.errors import SettingError
from nbtrack.system import variables, working_folder


@dataclass(frozen=True)
class Settings:
    """One value a setting; the environment's name of `idle_s` is `NBTRACK_IDLE_S`, the file's is `[tool.nbtrack] idle_s`."""

    home: str = ""
    """Folder of journals; empty means the platform's state directory."""
    tracking_uri: str = ""
    """MLflow store; empty means MLflow's own setting, else `sqlite:///mlflow.db` in the working directory."""
    mlflow_ui: str = ""
    """Address of MLflow's pages, where it is not the tracking URI: "Open in MLflow" goes there."""
    experiment: str = ""
    """Experiment; empty means `MLFLOW_EXPERIMENT_NAME`, else the notebook's name, else `Default`."""
    quiet: bool = False
    """Show no line after a tracked cell."""
    capture: str = "all"
    """Kinds to capture: a list such as `params,metrics`, `-models` for all but that, `all` or `none`."""
    exclude: str = ""
    """Names, or patterns with `*`, that are never recorded."""
    params: str = ""
    """Names that are params of every tracked cell that uses them, with the value they have after it."""
    metrics: str = ""
    """Names that are metrics of every tracked cell that uses them, with the number, or sequence of numbers, they are after it."""
    models: str = "final"
    """Which fitted models are kept: the `final` one of a cell, `all`, or `none`."""
    model_mb: float = 512.0
    """A fitted model larger than this is not kept; a notice says so."""
    curve_points: int = 100_000
    """Points of a curve that are kept in full; after that, of ever larger pieces, the lowest and the highest one."""
    autolog_wait_s: float = 1.5
    """Seconds a tracked cell waits for MLflow to be imported, where its autologging is of use; then it runs without."""
    capture_modules: bool = False
    """Find curves also in modules imported from the notebook's folder."""
    budget_ms: float = 200.0
    """Milliseconds that capture may take before a cell, and after it; the rest goes on in the background or is skipped with a notice."""
    system_s: float = 5.0
    """Seconds between two samples of the machine's use while a cell runs; 0 takes none."""
    live_s: float = 2.0
    """Seconds after which a tracked cell that still runs shows its live view; 0 shows none."""
    cache: str = ""
    """Shared cache of pipelines, a folder or a URL; empty means what their `nbtrack.yaml` names under `remote`."""
    delivery: bool = True
    """Start the delivery process; off means that only `nbtrack sync` delivers."""
    idle_s: float = 300.0
    """Seconds without work after which the delivery process ends."""
    poll_s: float = 0.5
    """Seconds between two looks of the delivery process at live journals."""
    retry_s: float = 30.0
    """Most seconds between two tries of a store that does not answer."""
    flush_wait_s: float = 60.0
    """Seconds a read of the MLflow plugin waits for its own writes."""
    keep_days: float = 30.0
    """Delivered journals older than this are pruned."""
    keep_mb: float = 2048.0
    """Delivered journals are pruned, oldest first, while all journals together are larger."""
    long_param: int = 6000
    """Characters of a param that MLflow gets; a longer one is kept whole in the journal and as an artifact."""
    debug: bool = False
    """Write into the delivery process's log how often the store was asked, and how long it took."""
    secrets: str = field(default="mask", metadata={"choices": ("mask", "strict", "off")})
    """Secrets in what a run sends to MLflow: struck out, a reason to send nothing, or not looked for."""


_PREFIX = "NBTRACK_"
FIELDS = {it.name: it for it in fields(Settings)}
ELSEWHERE = frozenset(("home", "tracking_uri"))
"""Where runs are: the same for kernels and for the server beside them, so no front end sets it."""
_OTHERS = frozenset(("CHROMIUM", "KERNEL", "NOTEBOOK", "OWNER", "SCHEDULE", "SHOTS"))
"""Variables that are no settings: what our processes tell each other, and what this repository's Makefile and tests read."""
_told: dict[str, Any] = {}
_last: list[tuple[tuple[Any, ...], dict[str, Any], Settings]] = []
"""What was asked last, without a call's own, and what came of it: a tracked cell asks several times."""


def hear(values: Mapping[str, Any]) -> None:
    """What the user set in the front end holds from now on, where neither the environment nor a file says otherwise."""
    _told.clear()
    _told.update({name: value for name, value in values.items() if name in FIELDS and name not in ELSEWHERE})


def of_environment(env: Mapping[str, str]) -> dict[str, Any]:
    """Settings that the environment fixes, among those that a front end shows; one that cannot be used is left out."""
    found: dict[str, Any] = {}
    for name, it in FIELDS.items():
        if name not in ELSEWHERE and (text := env.get(f"{_PREFIX}{name.upper()}")):
            with contextlib.suppress(SettingError):
                found[name] = _convert(name, text, type(it.default), "the environment")
    return found


def unknown_variables(env: Mapping[str, str]) -> list[str]:
    """A sentence on each variable of ours by its name that is no setting, with the nearest that is one: no error, since others may own it."""
    found = []
    for variable in sorted(env):
        name = variable.removeprefix(_PREFIX)
        if variable.startswith(_PREFIX) and name.lower() not in FIELDS and name not in _OTHERS and not name.startswith("TEST_"):
            import difflib

            near = difflib.get_close_matches(name.lower(), FIELDS, 1)
            mend = f"Did you mean {_PREFIX}{near[0].upper()}?" if near else "docs/settings.md lists those there are."
            found.append(f"the environment has {variable}, which is no setting and does nothing. {mend}")
    return found


def load(call: Mapping[str, Any] | None = None, *, env: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Settings in force in `folder` (the working directory if None).

    Raises:
        SettingError: a value cannot be used; says which, and where it came from.
    """
    env = os.environ if env is None else env
    env = variables(env, _PREFIX)
    call = call or {}
    file, table = _file_table(folder.absolute() if folder is not None else working_folder())
    if call:
        return _resolved(call, env, file, table)
    asked = (env, file, repr(_told))
    if not (_last and _last[0][0] == asked and _last[0][1] is table):
        _last[:] = [(asked, table, _resolved({}, env, file, table))]
    return _last[0][2]


def _resolved(call: Mapping[str, Any], env: Mapping[str, str], file: str, table: Mapping[str, Any]) -> Settings:
    found: dict[str, Any] = {}
    for name, it in FIELDS.items():
        kind = type(it.default)
        variable = f"{_PREFIX}{name.upper()}"
        for origin, source, key in (("the call", call, name), ("the environment", env, variable), (file, table, name), ("JupyterLab's settings", _told, name)):
            if source.get(key) is not None and not (source is env and source[key] == ""):  # an empty variable is the shell's way of none
                told = f"{origin} ({key})" if source is env else origin
                found[name] = _convert(name, source[key], kind, told)
                choices = it.metadata.get("choices")
                if choices and found[name] not in choices:
                    raise SettingError(name, found[name], told, wanted=f"one of {', '.join(choices)}")
                break
    for origin, source in (("the call", call), (file, table)):
        for name in source:
            if name not in FIELDS:
                raise SettingError.unknown(name, source[name], origin, set(FIELDS))
    return Settings(**found)


def home(settings: Settings) -> Path:
    """The state directory: journals, owners, delivery.

    Raises:
        SettingError: it names the home of a user who does not exist.
    """
    if settings.home:
        try:
            told = Path(settings.home).expanduser()
            return told if told.is_absolute() else working_folder() / told
        except RuntimeError as cause:
            raise SettingError("home", settings.home, "the settings", wanted="a folder; there is no such user") from cause
    return _state_folder(os.environ.get("XDG_STATE_HOME"), os.environ.get("HOME"))


@functools.lru_cache(maxsize=4)
def _state_folder(*_: str | None) -> Path:
    """What these variables make it, among them; asked for with every tracked cell."""
    import platformdirs

    return Path(platformdirs.user_state_dir("nbtrack", appauthor=False))


_NOTHING_SAID: dict[str, Any] = {}
_tables: dict[str, tuple[tuple[int, int, int], dict[str, Any] | None]] = {}
"""Table of a file by its path, with what tells that the file changed; a tracked cell asks for settings several times."""


def _file_table(folder: Path) -> tuple[str, dict[str, Any]]:
    """The nearest `nbtrack.toml`, or `pyproject.toml` with a `[tool.nbtrack]` table, from `folder` upwards."""
    place = str(folder)
    while True:
        for name in ("nbtrack.toml", "pyproject.toml"):
            path = os.path.join(place, name)  # noqa: PTH118 - pathlib would cost more than the rest together
            try:
                stat = os.stat(path)  # noqa: PTH116 - as above
            except OSError:
                continue
            mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            known = _tables.get(path)
            if known is None or known[0] != mark:
                try:
                    content = Path(path).read_bytes()
                except OSError:
                    continue
                known = _tables[path] = mark, _table_of(name, path, content)
            if known[1] is not None:
                return path, known[1]
        above = os.path.dirname(place)  # noqa: PTH120 - as above
        if above == place:
            return "no file", _NOTHING_SAID
        place = above


def _table_of(name: str, path: str, content: bytes) -> dict[str, Any] | None:
    """What a file says of nbtrack; None where it says nothing."""
    import tomllib

    try:
        table = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise SettingError(name, str(cause), path, wanted="a TOML file") from cause
    if name == "pyproject.toml":
        tools = table.get("tool", {})
        found = tools.get("nbtrack") if isinstance(tools, dict) else None
    else:
        found = table
    if found is not None and not isinstance(found, dict):
        raise SettingError("tool.nbtrack", found, path, wanted="a table")
    return found


def _convert(name: str, value: Any, kind: type, origin: str) -> Any:
    if kind is bool:
        words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False, "": False}
        if isinstance(value, bool):
            return value
        if str(value).lower() in words:
            return words[str(value).lower()]
        raise SettingError(name, value, origin, wanted="true or false")
    if kind in (int, float):
        wanted = "a whole number of at least 0" if kind is int else "a number of at least 0"
        try:
            number = kind(value)
        except (TypeError, ValueError, OverflowError) as cause:
            raise SettingError(name, value, origin, wanted=wanted) from cause
        if isinstance(value, bool) or not number >= 0 or (isinstance(value, float) and number != value):
            raise SettingError(name, value, origin, wanted=wanted)
        return number
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if not isinstance(value, str):
        raise SettingError(name, value, origin, wanted="a text")
    return value
