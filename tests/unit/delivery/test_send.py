"""Full batches, and the one bad item among many."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.delivery.send import batches, send_each
from nbtrack.errors import GoneError, RefusedError, StoreUnreachableError


@given(st.lists(st.integers(0, 50), unique=True, max_size=50), st.sets(st.integers(0, 50)))
def test_only_the_refused_items_stay_behind(items, bad):
    sent, refused = [], []

    def send(part):
        if bad & set(part):
            raise RefusedError("bad", mend="none")
        sent.extend(part)

    send_each(items, send, lambda item, _: refused.append(item))
    assert sent == [item for item in items if item not in bad]
    assert refused == [item for item in items if item in bad]


@pytest.mark.parametrize("error", [StoreUnreachableError("down", mend="wait"), GoneError("gone", mend="none")])
def test_other_errors_are_not_bisected(error):
    calls = []

    def send(part):
        calls.append(part)
        raise error

    with pytest.raises(type(error)):
        send_each([1, 2, 3], send, lambda *_: None)
    assert calls == [[1, 2, 3]]


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=9000)), max_size=30))
def test_batches_hold_all_pairs_in_order_and_fit_a_request(pairs):
    parts = list(batches(pairs))
    assert [pair for part in parts for pair in part] == pairs
    assert all(len(part) <= 100 and len(json.dumps(part)) < 1_000_000 for part in parts)


def test_batches_are_full():
    assert [len(part) for part in batches([("k", "v")] * 250)] == [100, 100, 50]
