"""What every source keeps: a cell is as without it, what it finds says its rule, and after `%unload_ext` nothing of it is left."""

from __future__ import annotations

import builtins
import sys
import threading

import pytest

from nbtrack.capture import session as door
from nbtrack.capture.choice import KINDS
from nbtrack.capture.sources import SOURCES
from nbtrack.capture.truth import Truth
from nbtrack.magics.load import load, unload

from .weave.conftest import end, new_shell
from .weave.outcome import outcome

CELLS = {
    "no Python": "x = = 1",
    "an error": "lr = 0.1\nprint('loss:', lr / 3)\nraise ValueError('mine')",
    "a training": (
        "config, losses = {'lr': 0.5, 'epochs': 3}, []\nfor epoch in range(config['epochs']):\n    loss = config['lr'] / (epoch + 1)\n    losses.append(loss)\n"
        "    print(f'epoch {epoch} loss {loss:.3f}')\nresults = {'acc': 1 - loss}\nbest = min(losses)\nbest"
    ),
    "another magic": "%%capture kept\nprint('loss', 1 / 3)",
    "what bites": (
        "class Bites:\n    def _no(self, *a, **k): raise SystemError('touched')\n    __float__ = __int__ = __eq__ = __str__ = __len__ = __array__ = __bool__ = __iter__ = _no\n"
        "    __hash__ = object.__hash__\n    def __getattr__(self, name): raise SystemError(name)\nloss = model = results = config = Bites()\n"
        "for i in range(4):\n    acc = Bites()\n[loss, model]; None"
    ),
}
FOUND = {"param", "metric", "curve", "model", "figure", "dataset", "fact"}


def hooks(shell):
    """Where a source may have hung itself."""
    transformers = shell.input_transformer_manager
    return (
        [*shell.ast_transformers], {name: [*them] for name, them in shell.events.callbacks.items()}, [*transformers.cleanup_transforms],
        [it for it in sys.meta_path if not type(it).__module__.startswith("_pytest")], [type(it) for it in (shell.display_pub, shell.displayhook, sys.stdout)],
        builtins.print, builtins.open, sys.gettrace(), threading.excepthook, set(shell.user_ns) | set(shell.user_ns_hidden),
    )  # fmt: skip


@pytest.fixture(scope="module")
def untracked():
    """What the cells do in a shell without nbtrack."""
    shell = new_shell()
    yield {what: outcome(shell, code, "" if code.startswith("%%") else "# as it is\n") for what, code in CELLS.items()}  # lines are counted alike
    end(shell)


@pytest.mark.parametrize("source", SOURCES, ids=lambda it: it.__name__)
def test_every_source_keeps_the_contract(source, untracked, tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(door, "SOURCES", tuple(dict.fromkeys((source, Truth))))
    assert source.name
    assert source.kind in (*KINDS, "named")
    shell, shown = new_shell(), []
    try:
        outcome(shell, "pass")
        before = hooks(shell)
        load(shell, lambda uri: lambda: None)
        shell._nbtrack_session._show = lambda run, found, _: shown.append((run, found))
        for what, code in CELLS.items():
            assert outcome(shell, code, "%%track\n") == untracked[what], what
        assert len(shown) == len(CELLS)
        for run, found in shown:
            assert run.notices == []
            assert all(it.kind in FOUND and it.name and it.rule for it in found)
        unload(shell)
        outcome(shell, "pass")
        assert hooks(shell) == before
    finally:
        unload(shell)
        end(shell)
