"""What a run holds of results that the cache does not keep."""

from __future__ import annotations

import pytest

from nbtrack.errors import CacheError
from nbtrack.pipelines.cache import Cache, Entry, Kept
from nbtrack.pipelines.digests import Digests
from nbtrack.pipelines.history import History
from nbtrack.pipelines.past import let_go_of_the_dead
from nbtrack.pipelines.together import holds


@pytest.fixture
def held(tmp_path):
    """A file and a folder that are held, and then taken away."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b" / "below").mkdir(parents=True)
    (tmp_path / "b" / "below" / "c.txt").write_text("c")
    digests = Digests(tmp_path / "digests.json")
    outputs = {it: Kept(it, digests.of(tmp_path / it)) for it in ("a.txt", "b")}
    return Cache(tmp_path / "held"), Entry("k", "s", "0" * 32, "s#1", outputs, {}, 1, 1.0)


def test_another_run_may_take_it_away_but_not_change_it(held, tmp_path):
    cache, entry = held
    cache.hold(entry, tmp_path)
    cache.hold(entry, tmp_path)  # of a stage that is tried again
    (tmp_path / "a.txt").unlink()
    (tmp_path / "b").rename(tmp_path / "elsewhere")
    cache.restore(entry, tmp_path, dict.fromkeys(entry.outputs))
    assert ((tmp_path / "a.txt").read_text(), (tmp_path / "b" / "below" / "c.txt").read_text()) == ("a", "c") and cache.problems == []
    (tmp_path / "elsewhere" / "below" / "c.txt").write_text("changed in its place")
    with pytest.raises(CacheError, match="executed again"):
        cache.restore(entry, tmp_path, dict.fromkeys(entry.outputs))


def test_what_a_killed_run_held_is_let_go(tmp_path, home):
    history = History(tmp_path, "0" * 32)
    history.begin(tmp_path / "nbtrack.yaml", "it", ["s"], {})
    history.close()
    (history.folder / "held" / "objects").mkdir(parents=True)
    let_go_of_the_dead(home, tmp_path)
    assert not holds(history.folder) and history.folder.exists()
