"""What a cell sets before all else, told by its code."""

from __future__ import annotations

import pytest

from nbtrack.notebooks.effects import effects_of


def keys(code):
    body = effects_of(code)
    found = {it.path[-1]: it.settings for it in body.calls if it.path}
    return found | {chain[-1]: tuple(sorted(each)) for chain, each in body.settings.items()}


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("pd.set_option('display.precision', n)", "set_option", ("('display.precision')",)),
        ("pd.set_option('a', 1, 'b', 2)", "set_option", ("('a', 1, 'b', 2)",)),
        ("pd.set_option(name, 1)", "set_option", ()),
        ("warnings.filterwarnings('ignore', category=FutureWarning)", "filterwarnings", ("('ignore', category=FutureWarning)",)),
        ("plt.rcParams.update({'a': 1, 'b': x})", "update", ("['a']", "['b']")),
        ("plt.rcParams.update(options)", "update", ()),
        ("plt.rcParams.update(**options)", "update", ()),
        ("plt.rcParams['figure.dpi'] = 70", "rcParams", ("['figure.dpi']",)),
        ("plt.rcParams[key] = 70", "rcParams", ("",)),
        ("pd.options.display.precision = 3", "precision", (".",)),
        ("import numpy as np\nSEED = 3\nnp.random.seed(SEED)\nplt.style.use('ggplot')", "use", ("('ggplot')",)),
        ("plt.plot(x)\nplt.style.use('ggplot')", "use", ()),
        ("if dark:\n    plt.style.use('ggplot')", "use", ()),
        ("dark and plt.style.use('ggplot')", "use", ()),
        ("def f():\n    pass\nsns.set_theme()", "set_theme", ("()",)),
    ],
)
def test_what_is_set_is_told_where_the_code_alone_tells_it(code, name, expected):
    assert keys(code)[name] == expected


def test_a_later_cell_that_sets_all_of_it_needs_no_earlier_one(notebook):
    pytest.importorskip("pandas")
    first = "import pandas as pd\npd.set_option('display.precision', 3)"
    for cell in (first, first.replace("3", "4") + "\npd.set_option('display.width', 90)", "pd.set_option('display.width', 80)"):
        notebook.run(cell)
    assert [step.settled for step in notebook.history.steps] == [{"<options pandas>"}, {"<options pandas>"}, set()]


@pytest.mark.parametrize(
    ("cells", "stands"),
    [
        (["import math", "x = math.floor(2.5)", "import math\nk = 3"], True),
        (["k = 1", "x = k", "k = 1\nm = 2"], True),
        (["k = 1", "x = k", "k = 2"], False),
        (["k = 1", "k = k + 1", "k = 1"], False),
        (["x = 1", "y = 2", "x = x + 1"], False),
        (["import math", "k = 5", "import math\nk = 3"], False),
        (["import math", "x = half(3) if 'half' in dir() else 0", "import math\ndef half(n): return n / 2"], False),
        (["a = [1]", "a.append(2)", "a = [1]"], False),
        (["a = [1]", "b = a", "a = [1]\nk = 2"], False),
    ],
)
def test_a_cell_that_did_all_again_stands_in_its_first_place_if_nobody_can_tell(notebook, cells, stands):
    for at, source in enumerate(cells):
        notebook.run(source, "edited" if at != 1 else "other")
    assert (notebook.history.steps[-1].renews is notebook.history.steps[0]) == stands
