"""Where there is room for another stage."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nbtrack.pipelines.check import Books
from nbtrack.pipelines.cost import MONEY, SAVED, SECONDS, Bill
from nbtrack.pipelines.executor import LocalExecutor
from nbtrack.pipelines.listener import Stop
from nbtrack.pipelines.runs import Where
from nbtrack.pipelines.starting import Starter
from nbtrack.pipelines.warm.early import begun_for

STAGES = """
    stages:
      small: {notebook: a.ipynb}
      large: {notebook: a.ipynb, resources: {memory: 900TB, price: 0.5}}
      third: {notebook: a.ipynb}
"""


def test_a_stage_waits_for_a_place_and_for_memory_but_never_for_ever(opened, home, tmp_path):
    nodes = opened(STAGES, a="")[0].nodes
    starter = Starter(tmp_path, Books(), LocalExecutor(2), Where(home, "", tmp_path), Stop(), None)
    try:
        assert starter.has_room(nodes["small"], []) and starter.has_room(nodes["third"], [nodes["small"]])
        assert not starter.has_room(nodes["third"], [nodes["small"], nodes["small"]])
        assert not starter.has_room(nodes["large"], [nodes["small"]])
        assert starter.has_room(nodes["large"], [])  # alone it may try
    finally:
        starter.close()


def test_what_attempts_cost_is_summed_and_money_is_noted_on_the_run(home, begin, finish):
    from nbtrack.journal import fold

    writer = begin()
    finish(writer)
    bill = Bill()
    bill.attempt(home, writer.run_id, 1800.0, 0.0, 2.0)
    bill.attempt(home, writer.run_id, 3600.0, 5.0, 0.0)
    bill.saved(60.0)
    assert (bill.sums[SECONDS], bill.sums[MONEY], bill.sums[SAVED]) == (5400.0, 1.0, 60.0)
    assert fold(home, writer.run_id).metrics[MONEY].last == 1.0


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")
@pytest.mark.parametrize(
    ("stages", "is_forced", "has_results", "added", "is_begun"),
    [
        (3, False, False, "", True),
        (3, False, True, "", False),
        (3, True, True, "", True),
        (2, True, False, "", False),
        (3, False, False, "remote: s3://bucket/cache\n", False),
    ],
)
def test_what_kernels_are_forked_from_is_begun_at_once_where_stages_are_executed_for_sure(tmp_path, stages, is_forced, has_results, added, is_begun):
    file = tmp_path / "nbtrack.yaml"
    file.write_text(f"{added}stages:\n" + "".join(f"  s{at}: {{notebook: a.ipynb}}\n" for at in range(stages)))
    if has_results:
        (tmp_path / ".nbtrack" / "cache").mkdir(parents=True)
    with begun_for(file, is_forced=is_forced) as begun:
        assert (begun is not None) is is_begun
    assert begun is None or begun.process.returncode is not None


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")
@pytest.mark.parametrize("more", [0, 1, 2, 3])
def test_a_process_that_cannot_begin_a_template_goes_on_without(more):
    code = f"""
import os, resource
from nbtrack.pipelines.warm.early import begin, variables
top = os.open(os.devnull, os.O_RDONLY)
resource.setrlimit(resource.RLIMIT_NOFILE, (top + 1 + {more}, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
assert begin(variables()) is None
assert os.open(os.devnull, os.O_RDONLY) == top + 1 if {more} else True
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
