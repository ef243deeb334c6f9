"""Values whose methods raise, print, wait or have effects: tracked cells ask them nothing, in a kernel with every source."""

import pytest

CLASSES = """
import sys, time
asked = []
def hostile(kind):
    def make(name):
        def method(self, *args, **named):
            asked.append(f"{kind} {name}")
            if kind == "prints":
                sys.stdout.write(name)
            if kind == "waits":
                time.sleep(600)
            raise RuntimeError(name)
        return method
    names = '''len eq ne iter bool float int index array repr str format hash getitem contains call getattr next enter dir reduce reduce_ex getstate sizeof lt gt
    fspath deepcopy copy array_ufunc dataframe torch_function'''.split()
    members = {f"__{name}__": make(name) for name in names} | {name: make(name) for name in "fit predict get_params state_dict _repr_html_ _ipython_display_".split()}
    return type(f"Hostile{kind}", (), members | {name: property(make(name)) for name in "__class__ shape dtype loss history value data name model params".split()})()
class Proxy:
    def __getattribute__(self, name):
        asked.append(f"proxy {name}")
        return self
    @property
    def __class__(self):
        asked.append("proxy class")
        return dict
def changed(base, **methods):
    def make(name):
        def method(self, *args):
            asked.append(f"{base.__name__} {name}")
            return iter(int, 1)
        return method
    names = "iter len getitem eq hash items keys values contains float int index str repr bool".split()
    return type(f"Changed{base.__name__}", (base,), {f"__{name}__": make(name) for name in names} | {name: make(name) for name in ("items", "keys", "values", "get", "count")})
class Meta(type):
    def __getattribute__(cls, name):
        asked.append(f"meta {name}")
        return type.__getattribute__(cls, name)
    def __instancecheck__(cls, it):
        asked.append("meta instance")
        return True
Odd = Meta("Odd", (), {})
raising, prints, waits, proxy, odd = hostile("raises"), hostile("prints"), hostile("waits"), Proxy(), Odd()
text, number, whole = changed(str)("a"), changed(float)(2.5), changed(int)(4)
items, table, pair = changed(list)([1, 2]), changed(dict)(a=1), changed(tuple)((1, 2))
asked.clear()
"""
BOUND = """
from types import SimpleNamespace
loss, score, model, results, config, params, args = raising, prints, waits, raising, prints, waits, proxy
history = {"loss": items, "acc": [raising, waits], "val": prints}
metrics = {"accuracy": number, "auc": raising, "f1": whole}
recursive = {}
recursive["acc"], recursive["l"] = recursive, [recursive]
deep = []
for _ in range(5000):
    deep = [deep]
huge, many = list(range(1_000_000)), {i: float(i) for i in range(200_000)}
space = SimpleNamespace(lr=number, loss=raising, items=items, odd=odd)
space.me = space
endless = iter(int, 1)
def use():
    return config, params, raising, table, space, items, proxy, odd, deep, huge, many
use();
"""
LOOPS = """
losses = []
for epoch in range(12):
    loss, acc, err, cost, val_loss, metric, rmse = raising, number, waits, proxy, pair, table, prints
    losses.append(prints)
    history["auc"] = raising
def train(model, lr=number, cfg=table, loss=raising):
    best = waits
    for step in range(12):
        loss = prints
        error = odd
    return best, loss
out = train(waits, lr=number, cfg=table)
first, second = out
"""


@pytest.mark.parametrize("code", [BOUND, LOOPS], ids=["names and containers", "loops and calls"])
def test_hostile_values_are_asked_nothing_by_any_source(kernel, code):
    kernel.run(CLASSES)
    kernel.run("history = {}")
    reply = kernel.run("%%track\n" + code.strip())
    assert (reply.status, reply.stdout, reply.stderr) == ("ok", "", "")
    assert kernel.run("asked").result == "[]"
    [run] = kernel.runs()
    assert run.notices == ()
    assert run.state.value == "FINISHED"


def test_a_cell_that_ends_with_a_hostile_value_shows_it_once_as_untracked(kernel):
    kernel.run("import sys\nclass Once:\n    def __repr__(self):\n        sys.stdout.write('shown ')\n        return 'once'\nloss = Once()")
    untracked = kernel.run("loss")
    tracked = kernel.run("%%track\nloss")
    assert (tracked.stdout, tracked.result) == (untracked.stdout, untracked.result) == ("shown ", "once")


def test_what_is_printed_is_formatted_once(kernel):
    kernel.run("class Cost(float):\n    def __format__(self, spec):\n        calls.append(spec)\n        return 'low'\ncalls = []\ncost = Cost(0.5)")
    reply = kernel.run("%%track\nprint(f'cost: {cost:.3f}', 'and', '{:.1f}'.format(cost))\nfor i in range(3):\n    print(f'cost {cost:.2f}')")
    assert reply.stdout == "cost: low and low\n" + "cost low\n" * 3
    assert kernel.run("calls").result == "['.3f', '.1f', '.2f', '.2f', '.2f']"


def test_a_dict_with_hostile_keys_and_a_lock_it_would_wait_for_does_not_hold_the_cell(kernel):
    kernel.run(
        "import threading\nlock = threading.Lock()\nlock.acquire()\n"
        "class Waits:\n    def __getattribute__(self, name):\n        with lock:\n            return 1\n"
        "class Key:\n    def __hash__(self):\n        return 1\n    def __eq__(self, other):\n        with lock:\n            return True\n"
    )
    reply = kernel.run("%%track\nresults = {Key(): 0.5}\nresults['acc'] = 0.75\nmodel = Waits()\nscores = {'a': model}\nlr = 0.1")
    assert (reply.status, reply.stderr) == ("ok", "")
    assert kernel.runs()[0].params["lr"] == "0.1"
