"""The loop that delivers one store's runs."""

from __future__ import annotations

from nbtrack.delivery.loop import Loop
from nbtrack.errors import LoginError
from nbtrack.settings import Settings
from nbtrack.store.client import StoreClient


def test_a_login_told_while_the_old_one_is_tried_is_used_in_the_next_round(begin, finish, home, store, settings, runs_of):
    told = []

    def connect():
        if not told:
            told.append("the right one")
            loop.look_again(reconnect=True)  # as a visitor's thread does
            raise LoginError("The store refused the login.", mend="Set it.")
        return StoreClient(store)

    loop = Loop(home, store, settings, connect)
    writer = begin()
    finish(writer)
    loop.turn()
    assert isinstance(loop.problem, LoginError)
    loop.turn()
    assert loop.problem is None
    assert len(runs_of(store, writer.run_id)) == 1


def test_a_login_told_between_rounds_replaces_the_connection(begin, home, store, settings, history_of, runs_of):
    connections = []

    def connect():
        connections.append(StoreClient(store))
        return connections[-1]

    loop = Loop(home, store, settings, connect)
    writer = begin()
    for value in (0.5, 0.25):
        writer.log("loss", value)
        loop.look_again(reconnect=True)
        loop.turn()
    assert len(connections) == 2
    [run] = runs_of(store, writer.run_id)
    assert history_of(store, run.info.run_id, "loss") == [(0, 0.5), (1, 0.25)]


def test_a_refused_login_is_tried_ever_more_rarely_and_only_for_the_sake_of_runs_that_go_on(begin, finish, home, store):
    tries, settings = [], Settings(retry_s=60)

    def connect():
        tries.append(1)
        raise LoginError("The store refused the login.", mend="Set it.")

    loop = Loop(home, store, settings, connect)
    writer = begin()
    loop.turn()
    busy_at = loop.busy_at
    assert not loop.is_idle()
    finish(writer)
    assert loop.is_idle()
    for _ in range(12):
        loop._try_at = 0.0  # the clock goes on
        loop.turn()
    assert loop.status()["next_try_s"] > settings.retry_s
    assert (len(tries), loop.busy_at) == (13, busy_at)
