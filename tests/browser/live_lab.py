"""A Jupyter server of a test's own, and what a test does in its page."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from nbtrack.system import end_group, own_group

AXE = Path(__file__).resolve().parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = Path(os.environ.get("NBTRACK_SHOTS") or Path(__file__).parent / "shots")
CELLS = "window.jupyterapp.shell.currentWidget.content.model.cells"
PATIENCE_MS = 120_000  # a busy machine is five times slower than a quiet one
IDLE = """() => {
  const w = window.jupyterapp?.shell?.currentWidget;
  const sc = w?.sessionContext;
  return !!sc && sc.isReady && w.context.isReady && sc.session?.kernel?.status === 'idle';
}"""
ALL_RAN = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
  .filter(cell => cell.type === 'code' && cell.sharedModel.getSource().trim())
  .every(cell => cell.executionCount !== null && cell.executionState !== 'running')"""

COLLABORATION_OFF = {
    "jupyter_server_config.json": {"ServerApp": {"jpserver_extensions": {"jupyter_server_ydoc": False, "jupyter_server_fileid": False}}},
    "labconfig/page_config.json": {"disabledExtensions": {"@jupyter/collaboration-extension": True, "@jupyter/docprovider-extension": True}},
}


@dataclass
class Server:
    """A Jupyter server of a test session's own: its folder, settings, kernels and nbtrack's state."""

    root: Path
    app: str
    is_shared: bool = False
    """Whether jupyter-collaboration is on: it replaces how documents are kept, and the other tests are about the usual way."""
    python: str = sys.executable
    path: str = ""
    """PATH of the server and its kernels; empty means that of the tests."""
    options: tuple[str, ...] = ()
    """More words of the command that starts it."""
    base: str = "/"
    """Path below which it serves, as an address has it."""
    program: tuple[str, ...] = ()
    """What Python is to run; empty means Jupyter itself."""
    variables: dict[str, str] = field(default_factory=dict)
    """Of its environment, before those that all have."""
    port: int = 0
    """Found by the first start, and kept by the next ones."""
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "process"):
            self.stop()

    def start(self) -> None:
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}{self.base}"
        own = self.root / ".jupyter-test"
        quiet = own / "settings" / "@jupyterlab" / "apputils-extension"
        quiet.mkdir(parents=True, exist_ok=True)
        if not self.is_shared:
            for name, off in COLLABORATION_OFF.items():
                (own / "config" / name).parent.mkdir(parents=True, exist_ok=True)
                (own / "config" / name).write_text(json.dumps(off))
        # No news and no look for updates: both go to the internet
        (quiet / "notification.jupyterlab-settings").write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}))
        self.env = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(own / "config"),
            "JUPYTER_DATA_DIR": str(own / "data"),
            "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
            "IPYTHONDIR": str(own / "ipython"),
            "NBTRACK_HOME": str(own / "nbtrack"),
            "NBTRACK_DELIVERY": "0",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            **({"PATH": self.path} if self.path else {}),
            **self.variables,
        }
        options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={self.port}", "--ServerApp.port_retries=0", "--expose-app-in-browser"]
        options += [f"--IdentityProvider.token={self.token}", f"--ServerApp.base_url={self.base}", *self.options]
        options += [] if self.program else [f"--ServerApp.root_dir={self.root}"]
        self.log = (own / "server.log").open("wb")
        command = [self.python, *(self.program or ("-m", "jupyter", self.app)), *options]
        self.process = subprocess.Popen(
            command, env=self.env, cwd=self.root, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, **own_group()
        )
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}api/status?token={self.token}", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("Jupyter did not start:\n" + (own / "server.log").read_text()[-4000:])

    def stop(self) -> None:
        end_group(self.process, is_now=False)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            end_group(self.process, is_now=True)
            self.process.wait()
        self.log.close()

    def choose(self, **settings: object) -> None:
        """Settings of nbtrack as a user of JupyterLab has them from the next page on; without any, all are as they come."""
        own = self.root / ".jupyter-test" / "settings" / "nbtrack"
        own.mkdir(parents=True, exist_ok=True)
        (own / "settings.jupyterlab-settings").write_text(json.dumps(settings))

    def notebook(self, name: str, *sources: str) -> Path:
        import nbformat

        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.root / name)
        return self.root / name


def command(page, name: str, args: str = "{}") -> None:
    """Start a command of JupyterLab; `void`, as evaluate() would wait for its end without a limit."""
    page.evaluate(f"void window.jupyterapp.commands.execute({name!r}, {args})")


def open_in(page, server: Server, name: str) -> None:
    """Open a notebook and wait for its kernel. The indicator of JupyterLab says idle before there is any, so its state is asked."""
    page.goto(f"{server.url}{'lab/tree' if server.app == 'lab' else 'notebooks'}/{name}?token={server.token}" + ("&reset" if server.app == "lab" else ""))
    page.wait_for_function(IDLE)


def run_all(page) -> None:
    command(page, "notebook:run-all-cells")
    page.wait_for_function(ALL_RAN)
    page.wait_for_function(IDLE)


def run_cell(page, at: int) -> None:
    count = page.evaluate(f"{CELLS}.get({at}).executionCount")
    page.evaluate(f"window.jupyterapp.shell.currentWidget.content.activeCellIndex = {at}")
    command(page, "notebook:run-cell")
    page.wait_for_function(f"() => {CELLS}.get({at}).executionCount > {count or 0} && {CELLS}.get({at}).executionState !== 'running'")
    page.wait_for_function(IDLE)


def edit(page, at: int, source: str, cells: str = CELLS) -> None:
    page.evaluate(f"{cells}.get({at}).sharedModel.setSource({json.dumps(source)})")


def badge(page, *texts: str):
    """The badge that says all of this, once it does."""
    found = page.locator(".nbt-badge:visible")
    for text in texts:
        found = found.filter(has_text=text)
    found.first.wait_for()
    return found


def reload(page, front: str) -> None:
    """Load the page anew once the server has its layout, with a widget of this name in front: JupyterLab keeps it some time after the last change."""
    page.wait_for_function(
        """async front => {
          const name = JSON.parse(document.getElementById('jupyter-config-data').textContent).workspace || 'default';
          const kept = await window.jupyterapp.serviceManager.workspaces.fetch(name).catch(() => null);
          return kept?.data['layout-restorer:data']?.main?.current?.includes(front);
        }""",
        arg=front,
    )
    page.reload()


def cells_of(path: str) -> str:
    """The cells of an open notebook that need not be in front."""
    return f"[...window.jupyterapp.shell.widgets('main')].find(it => it.context?.path === {json.dumps(path)} && it.content.model?.cells).content.model.cells"


def shot(page, name: str, **options) -> None:
    """A picture to be looked at; with NBTRACK_SHOTS=docs/img those of the README are taken anew."""
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", **options)


def save(page) -> None:
    command(page, "docmanager:save")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")


def hide(page, is_hidden: bool = True) -> None:
    """As a browser does with a page whose tab is not in front."""
    page.evaluate(
        """is => {
          for (const [name, value] of Object.entries({ hidden: is, visibilityState: is ? 'hidden' : 'visible' })) {
            Object.defineProperty(document, name, { configurable: true, get: () => value });
          }
          document.dispatchEvent(new Event('visibilitychange'));
        }""",
        is_hidden,
    )


def violations(page, selector: str) -> list[str]:
    """What axe finds wrong with what can be seen of an element."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("place => axe.run(place, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})", selector)
    return [f"{it['id']}: {it['nodes'][0]['html'][:200]}" for it in found["violations"]]


def two_frames(page) -> None:
    """Until what changed was painted."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def box_of(page, selector: str, number: int = 0) -> dict[str, float]:
    """Where an element stands. Views draw anew what they show: an element that was found is not always there when it is asked for its place."""
    asked = """([selector, number]) => {
      const box = document.querySelectorAll(selector)[number]?.getBoundingClientRect();
      return box && box.width && box.height ? {x: box.x, y: box.y, width: box.width, height: box.height} : null;
    }"""
    page.locator(selector).nth(number).scroll_into_view_if_needed()
    return page.wait_for_function(asked, arg=[selector, number]).json_value()


def until(holds: Callable[[], bool], claim: str) -> None:
    """Wait for what no locator can."""
    deadline = time.monotonic() + PATIENCE_MS / 2000
    while not holds():
        assert time.monotonic() < deadline, claim
        time.sleep(0.1)
