"""Generated cells: loops in every surrounding Python has, with names that invite taps.

No statement makes of a value one that is a multiple of it: executed in nested loops, `n **= n` or a text of two texts takes all memory
there is, now and then, and Python cannot be interrupted in it.
"""

from __future__ import annotations

from hypothesis import strategies as st

SHADOWS = (
    "print = print",
    "sum = max",
    "len = step",
    "range = lambda n: [1.5, 2.5]",
    "type = None",
    "nbtrack = 3",
    "float, int = str, list",
    "get_ipython = None",
)
"""Names of Python, of IPython and of ours that a cell takes for its own."""
NAMES = ("loss", "acc", "err", "x", "total", "score", "n")
_INDENT = "    "


def _block(lines):
    return [_INDENT + line for line in lines]


@st.composite
def values(draw, depth=0):
    name, other = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NAMES))
    simple = [
        "1",
        "0.5",
        "-2",
        "True",
        "'text'",
        "None",
        name,
        f"{name} * 0.5",
        f"{name} + 1",
        f"{name} / 2",
        f"1 / ({name} + 1)",
        f"{name} - {other}",
        f"({name}, 2)",
        f"[{name}]",
    ]
    more = [
        f"(lambda v: (v, {other})[1])({name})", f"sum({name} * k for k in range(3))", f"[{name} for k in range(2)][-1]", f"{{'loss': {name}}}['loss']", f"f'{{{name}!s:.9}} loss: {{{other}!r:>4.9}}'",
        f"(acc := {name})", f"max({name}, {other})", f"{name} if {other} else 3", f"{name} and {other}", f"step({name})", "obj.loss", f"{name}\\\n        + 0.25", "kept[-1]", "boom()",
    ]  # fmt: skip
    return draw(st.sampled_from(simple + more if depth < 2 else simple))


@st.composite
def statements(draw, depth, in_loop, in_function):
    name, other = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NAMES))
    value = draw(values(depth))
    kinds = ["assign"] * 4 + [
        "augment",
        "unpack",
        "append",
        "print",
        "attribute",
        "item",
        "annotate",
        "delete",
        "expression",
        "postfix",
        "store",
        "chain",
        "percent",
        "walrus",
    ]
    if depth < 3:
        kinds += ["for"] * 4 + [
            "while",
            "if",
            "if",
            "try",
            "with",
            "match",
            "def",
            "class",
            "finally",
            "generator",
            "decorated",
            "closure",
            "exec",
            "comprehension",
            "lambda",
            "star",
            "nested def",
            "shadow",
        ]
    if not depth:
        kinds += ["star import"]
    if in_loop:
        kinds += ["break", "continue"]
    if in_function:
        kinds += ["return", "yield"] if in_function == "generator" else ["return"]

    def body(loop=in_loop, function=in_function, most=3):
        return _block(draw(block(depth + 1, loop, function, most)))

    match draw(st.sampled_from(kinds)):
        case "assign":
            return [f"{name} = {value}"]
        case "augment":
            how = ["+= 1", "-= 0.5", "*= 0.5", "/= 2", "//= 2", "**= 0.5", f"-= {value}", f"/= {value}", f"//= {value}"]
            return [f"{name} {draw(st.sampled_from(how))}"]
        case "unpack":
            return [f"{name}, {other} = {value}, {draw(values(depth))}"]
        case "append":
            return [
                draw(
                    st.sampled_from(
                        [
                            f"kept.append({value})",
                            f"obj.losses.append({name})",
                            f"history['loss'].append({value})",
                            f"kept.append(({name}, 2))",
                            f"kept.append({{'acc': {value}}})",
                        ]
                    )
                )
            ]
        case "print":
            return [
                draw(
                    st.sampled_from(
                        [f"print(f'loss: {{{name}}} acc={{{other}!r}}')", f"print('loss', {value})", "print('acc: {} of {}'.format(" + f"{name}, {other}))"]
                    )
                )
            ]
        case "attribute":
            return [draw(st.sampled_from([f"obj.loss = {value}", f"prop.loss = {value}"]))]
        case "item":
            return [f"kept[{draw(st.sampled_from(['0', '-1', name]))}] = {value}"]
        case "annotate":
            return [f"{name}: float = {value}"]
        case "delete":
            return [f"del {name}"]
        case "expression":
            return [f"{value}"]
        case "postfix":
            return [f"bar.set_postfix(loss={value}, acc=f'{{{name}}}')"]
        case "store":
            return [f"history['acc'] = {value}"]
        case "chain":
            return [f"{name} = obj.loss = {other} = {value}"]
        case "percent":
            return [f"print('%s loss %r' % ({name}, {value}))"]
        case "walrus":
            return [f"({name} := {value})"]
        case "for":
            how = draw(
                st.sampled_from(
                    [
                        "i in range(3)",
                        "i, v in enumerate([1.5, 2])",
                        f"{name} in (1, 2.5)",
                        "i in range(len(kept[:3]))",
                        "i in gen(3)",
                        "v in list(kept)[:3]",
                        "i, (a, b) in enumerate([(1, 2)])",
                    ]
                )
            )
            tail = ["else:", *body()] if draw(st.booleans()) else []
            return [f"for {how}:", *body(loop=True), *tail]
        case "while":
            go = f"go{depth}"  # of its own: a loop inside, left by break, would set this one's back for ever
            return [f"{go} = 3", f"while ({go} := {go} - 1) > 0{draw(st.sampled_from(['', f' and (loss := {go} / 2)']))}:", *body(loop=True)]
        case "if":
            rest = draw(st.sampled_from(["", "else", "elif"]))
            return [f"if {name}:", *body(), *(["else:", *body()] if rest == "else" else [f"elif {other}:", *body()] if rest else [])]
        case "try":
            return ["try:", *body(), "except (ValueError, TypeError, ZeroDivisionError) as problem:", *body(), f"{_INDENT}print(type(problem).__name__)"]
        case "finally":
            return ["try:", *body(), "finally:", *body(loop=False, function="")]
        case "with":
            return [f"with manager() as {name}:", *body()]
        case "match":
            return [
                f"match {name}:",
                f"{_INDENT}case int() | float() as {other}:",
                *_block(body()),
                f"{_INDENT}case [{other}, *rest]:",
                *_block(body()),
                f"{_INDENT}case _:",
                *_block(body()),
            ]
        case "def":
            scope = draw(st.sampled_from([[], [f"{_INDENT}global loss"], [f"{_INDENT}global acc, total"]]))
            return ["def inner(err=0.5, *args, **kwargs):", *scope, *body(loop=False, function="function"), "print(inner())"]
        case "nested def":
            return [
                "def outer():",
                f"{_INDENT}score = 1.0",
                f"{_INDENT}def inner():",
                f"{_INDENT * 2}nonlocal score",
                f"{_INDENT * 2}for i in range(2):",
                f"{_INDENT * 3}score = score / 2",
                f"{_INDENT}inner()",
                f"{_INDENT}return score",
                "print(outer())",
            ]
        case "class":
            return ["class Thing:", *body(loop=False, function=""), f"{_INDENT}def fit(self):", *_block(body(loop=False, function="function")), "Thing().fit()"]
        case "generator":
            return ["def gen2(x=1.5):", *body(loop=False, function="generator"), f"{_INDENT}yield 1", "print(list(gen2()))"]
        case "decorated":
            return ["@decorator", "@decorator", "def deco(n=1.0):", *body(loop=False, function="function"), "deco()"]
        case "closure":
            return [
                "fs = []",
                "for i in range(2):",
                f"{_INDENT}loss = i / 2",
                f"{_INDENT}fs.append(lambda: loss + i)",
                *body(loop=True),
                "print([f() for f in fs])",
            ]
        case "exec":
            return [f"exec({chr(10).join(['for i in range(2):', '    loss = i / 2'])!r})"]
        case "comprehension":
            return [f"kept = [(score := k / 2) for k in range(3) if {name} or True]" if not in_function else f"kept2 = [k / 2 for k in range(3) if {name}]"]
        case "lambda":
            return ["for i in range(2):", f"{_INDENT}f = lambda loss=i: loss * 2", f"{_INDENT}loss = f()", f"{_INDENT}print(loss)"]
        case "star import":
            return ["from math import *", "print(floor(2.5))"]
        case "shadow":
            return [draw(st.sampled_from(SHADOWS))]
        case "star":
            return ["first, *loss = [1.5, 2.5, 3.5]"]
        case "break":
            return [f"if {name}:", f"{_INDENT}break"]
        case "continue":
            return [f"if {name}:", f"{_INDENT}continue"]
        case "return":
            return [f"return {value}"]
        case _:
            return [draw(st.sampled_from([f"yield {value}", f"{name} = yield {other}", "yield from gen(2)"]))]


@st.composite
def block(draw, depth=0, in_loop=False, in_function="", most=4):
    return [line for _ in range(draw(st.integers(1, most))) for line in draw(statements(depth, in_loop, in_function))]


PREAMBLE = """
import contextlib
loss, acc, err, x, total, score, n = 1.0, 0.5, 3, 2, 0.0, 7, 4
kept, history = [1.5, 2.5], {'loss': [], 'acc': []}
class Obj:
    loss, losses = 1.25, []
    def __repr__(self): return 'obj'
class Prop:
    loss = property(lambda self: 1 / 0, lambda self, value: print('set', value))
class Bar:
    def set_postfix(self, **k): print(sorted(k.items()))
obj, prop, bar = Obj(), Prop(), Bar()
obj.losses = []
@contextlib.contextmanager
def manager():
    print('in')
    try:
        yield 0.75
    finally:
        print('out')
def decorator(f): return f
def step(v): return v * 0.5 + 1
def gen(k):
    for i in range(k):
        loss = 1 / (i + 1)
        yield loss
def boom(): raise RuntimeError('boom')
"""


@st.composite
def programs(draw):
    """A cell, perhaps with top-level await."""
    lines = draw(block())
    tail = draw(st.sampled_from(["", "", "async"]))
    if tail:
        inner = draw(block(1, True, ""))
        lines = [
            *lines, "import asyncio", "async def ticks():", f"{_INDENT}for i in range(3):", f"{_INDENT * 2}loss = i / 2", f"{_INDENT * 2}yield loss",
            "async def work():", f"{_INDENT}global loss, acc, err, x, total, score, n, kept", f"{_INDENT}kept = [t async for t in ticks()]", f"{_INDENT}async for t in ticks():",
            *_block(_block(inner)), "await work()",
        ]  # fmt: skip
    return "\n".join([*lines, draw(st.sampled_from(["loss", "loss, acc", "x;", ""]))])
