"""Seeds as the executed code sets them."""

import ast
import random
from types import SimpleNamespace

import pytest

from nbtrack.capture.seeds import NOT_SEEDED, UNKNOWN, Seeds


def values(*cells, **namespace):
    seeds = Seeds()
    for cell in cells:
        seeds.follow(ast.parse(cell), namespace)
    return seeds.values


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import numpy as np\nnp.random.seed(0)", {"numpy": 0}),
        ("numpy.random.seed(seed=7)", {"numpy": 7}),
        ("random.seed(1)", {"random": 1}),
        ("torch.manual_seed(SEED)", {"torch": 3}),
        ("rng = np.random.default_rng(5)", {"default_rng": 5}),
        ("rng = np.random.default_rng()", {}),
        ("model = RandomForestClassifier(random_state=42)", {"random_state": 42}),
        ("train_test_split(X, y, random_state=None)", {}),
        ("np.random.seed(int(time.time()))", {"numpy": UNKNOWN}),
        ("np.random.seed(0)\nnp.random.seed()", {"numpy": NOT_SEEDED}),
        ("tf.keras.utils.set_random_seed(9)", {"random": 9, "numpy": 9, "torch": 9, "tensorflow": 9}),
        ("def fix(seed=4):\n    random.seed(seed)\n    np.random.seed(seed)\nfix()", {"random": 4, "numpy": 4}),
        ("def fix(seed):\n    np.random.seed(seed)\nfix(8)", {"numpy": 8}),
        ("def fix(seed):\n    np.random.seed(seed)", {}),
        ("def set_seed(text):\n    print(text)\nset_seed(8)", {}),
        ("plants.seed(3)", {}),
        ("draws.seed(3)", {"random": 3}),
        ("if True:\n    with open('x') as f:\n        random.seed(2)", {"random": 2}),
    ],
)
def test_calls_are_understood(code, found):
    assert values(code, SEED=3, draws=random) == found


def test_the_last_cell_decides_and_functions_of_earlier_cells_count():
    assert values("def fix(seed):\n    np.random.seed(seed)", "fix(1)", "fix(seed=2)") == {"numpy": 2}


def test_libraries_that_are_not_loaded_are_left_out_and_torch_tells_its_own_seed():
    seeds = Seeds()
    assert seeds.facts({"random": object()}) == {"random": NOT_SEEDED}
    assert seeds.facts({"torch": SimpleNamespace(initial_seed=lambda: 67280421310721)}) == {"torch": NOT_SEEDED}
    assert seeds.facts({"torch": SimpleNamespace(initial_seed=lambda: 11)}) == {"torch": 11}
