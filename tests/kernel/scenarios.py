"""Hidden state, as people make it: what is done in a notebook, and what stamp and recipe its last run must get.

A scenario is a notebook and a list of steps. Each step is one line:
    run ID             execute the cell as it stands in the notebook
    edit ID            replace the cell's source by the next one given in `edits`, and save
    type ID            the same, not saved
    delete ID          take the cell out, and save
    write PATH         write the next text of `files`
    interrupt ID       execute the cell and interrupt it once it printed something
    load               %load_ext nbtrack (done first unless the steps say when)
The run that is judged is the last cell that is executed; it begins with `%%track`.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scenario:
    """One way to hidden state, or to none."""

    name: str
    cells: dict[str, str]
    """Source by cell id, in the order of the document."""
    steps: str
    """Steps, divided by `;`."""
    answer: str
    rules: tuple[str, ...] = ()
    """Rules of the reasons that are no notes, sorted, each once."""
    recipe: str = ""
    """Executed cells that the recipe is made of, by their numbers: 1 is the first cell that is executed. In their order, where that is another."""
    edits: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    fails: bool = False
    """The run's own cell raises."""
    needs: str = ""
    """A package without which it is skipped."""
    tags: dict[str, str] = field(default_factory=dict)


RUN = "%%track run\n"
_TORCH = {
    "i": "import torch\nfrom torch import nn\nfrom torch.utils.data import DataLoader, TensorDataset\ntorch.manual_seed(0)",
    "d": "X = torch.randn(32, 4)\ny = (X.sum(1) > 0).long()\nloader = DataLoader(TensorDataset(X, y), batch_size=8, shuffle=True)\ntest = DataLoader(TensorDataset(X, y), batch_size=16)",
    "m": "model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.1), nn.Linear(8, 2))\nopt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)\nloss_fn = nn.CrossEntropyLoss()",
    "t": "model.train()\nfor epoch in range(2):\n    for xb, yb in loader:\n        opt.zero_grad()\n        loss = loss_fn(model(xb), yb)\n        loss.backward()\n        opt.step()",
    "e": "model.eval()\nhits = 0\nwith torch.no_grad():\n    for xb, yb in test:\n        hits += (model(xb).argmax(1) == yb).sum().item()\nacc = hits / len(X)\nprint(acc)",
    "r": RUN + "model.eval()\nwith torch.no_grad():\n    z = loss_fn(model(X), y).item() + acc",
}  # fmt: skip
_FRAME = "import pandas as pd\ndf = pd.DataFrame({'v': [1.0, None, 3.0], 'name': ['x', 'y', 'z']})"
_SETUP = "import warnings\nimport pandas as pd\nimport matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nwarnings.filterwarnings('ignore')\npd.set_option('display.precision', 3)\nplt.rcParams['figure.dpi'] = 70"
SCENARIOS = [
    Scenario("in order", {"a": "x = 1", "b": "y = x + 1", "r": RUN + "z = x + y"}, "run a; run b; run r", "yes", recipe="1 2 3"),
    Scenario("what the run does not need is left out", {"a": "x = 1", "b": "y = 2", "c": "print(x)", "r": RUN + "z = x"}, "run a; run b; run c; run r", "yes", recipe="1 4"),
    Scenario("params move to the first cell", {"a": "x = 3", "r": RUN + "lr = 0.1\nz = x * lr"}, "run a; run r", "yes", recipe="1 2"),
    Scenario("out of order: the cell above overwrote it", {"a": "x = 1", "b": "x = 2", "r": RUN + "z = x"}, "run b; run a; run r", "no", ("out of order",), "2 3"),
    Scenario("out of order: defined below", {"r": RUN + "z = x", "a": "x = 1"}, "run a; run r", "no", ("out of order",), "1 2"),
    Scenario("a cell above was never executed", {"a": "x = 1", "b": "x = 5", "r": RUN + "z = x"}, "run a; run r", "no", ("not executed",), "1 2"),
    Scenario("a cell above that was never executed changes nothing", {"a": "x = 1", "b": "y = 5", "r": RUN + "z = x"}, "run a; run r", "yes", recipe="1 2"),
    Scenario("the definition was deleted", {"a": "x = 1", "r": RUN + "z = x"}, "run a; delete a; run r", "no", ("deleted",), "1 2"),
    Scenario("edited after it ran", {"a": "x = 1", "r": RUN + "z = x"}, "run a; edit a; run r", "no", ("edited",), "1 2", edits=("x = 2",)),
    Scenario("edited, and not saved", {"a": "x = 1", "r": RUN + "z = x"}, "type a; run a; run r", "unknown", ("not saved",), "1 2", edits=("x = 2",)),
    Scenario("edited and run again", {"a": "x = 1", "r": RUN + "z = x"}, "run a; edit a; run a; run r", "yes", recipe="2 3", edits=("x = 2",)),
    Scenario("a list changed in two cells", {"a": "l = []", "b": "l.append(1)", "c": "l.append(2)", "r": RUN + "z = sum(l)"}, "run a; run b; run c; run r", "yes", recipe="1 2 3 4"),
    Scenario("a list changed by a cell run twice", {"a": "l = []", "b": "l.append(1)", "r": RUN + "z = sum(l)"}, "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4"),
    Scenario("changed through an alias", {"a": "l = [1]", "b": "m = l", "c": "m.append(2)", "r": RUN + "z = sum(l)"}, "run a; run b; run c; run r", "yes", recipe="1 2 3 4"),
    Scenario("changed through an alias, out of order", {"a": "l = [1]", "r": RUN + "z = sum(l)", "b": "m = l\nm.append(2)"}, "run a; run b; run r", "no", ("out of order",), "1 2 3"),
    Scenario(
        "a file written, then read", {"a": "with open('n.txt', 'w') as f:\n    f.write('5')", "b": "x = 1", "r": RUN + "z = int(open('n.txt').read())"},
        "run a; run b; run r", "yes", recipe="1 3",
    ),
    Scenario(
        "a file written by a cell that is gone", {"a": "open('n.txt', 'w').write('5')", "r": RUN + "z = int(open('n.txt').read())"},
        "run a; delete a; run r", "no", ("deleted",), "1 2",
    ),
    Scenario("a function redefined later", {"a": "def f(): return 1", "b": "x = f()", "c": "def f(): return 2", "r": RUN + "z = f() + x"}, "run a; run b; run c; run r", "yes", recipe="1 2 3 4"),
    Scenario("a function's global changed since", {"a": "k = 1\ndef f(): return k", "b": "k = 2", "r": RUN + "z = f()"}, "run a; run b; run a; run r", "no", ("out of order",), "3 4"),
    Scenario(
        "an object of a class that was redefined", {"a": "class M:\n    def f(self): return 1", "b": "m = M()", "r": RUN + "z = m.f()"},
        "run a; run b; edit a; run a; run r", "no", ("edited",), "1 2 4", edits=("class M:\n    def f(self): return 2",),
    ),
    Scenario("%run of a script", {"a": "%run script.py", "r": RUN + "z = made + 1"}, "write script.py; run a; run r", "yes", recipe="1 2", files=("made = 41\n",)),
    Scenario(
        "a local module changed since its import", {"a": "import helper_a", "r": RUN + "z = helper_a.f()"}, "write helper_a.py; run a; write helper_a.py; run r",
        "no", ("changed module",), "1 2", files=("def f(): return 1\n", "def f(): return 2\n"),
    ),
    Scenario(
        "a module written by a cell", {"a": "%%writefile helper_b.py\ndef f(): return 1", "b": "import helper_b", "r": RUN + "z = helper_b.f()"},
        "run a; run b; run r", "yes", recipe="1 2 3",
    ),
    Scenario(
        "autoreload took in a changed module", {"x": "%load_ext autoreload\n%autoreload 2", "a": "import helper_c", "r": RUN + "z = helper_c.f()"},
        "write helper_c.py; run x; run a; write helper_c.py; run r", "yes", recipe="2 3", files=("def f(): return 1\n", "def f(): return 12\n"),
    ),
    Scenario(
        "seeded in another cell", {"i": "import random", "s": "random.seed(7)", "d": "random.random()", "r": RUN + "z = random.random()"},
        "run i; run s; run d; run r", "yes", recipe="1 2 3 4",
    ),
    Scenario("drawn once more in between", {"i": "import random\nrandom.seed(7)", "d": "random.random()", "r": RUN + "z = random.random()"}, "run i; run d; run d; run r", "no", ("re-run",), "1 2 3 4"),
    Scenario("never seeded", {"i": "import random", "r": RUN + "z = random.random()"}, "run i; run r", "no", ("randomness",), "1 2"),
    Scenario("never seeded, by NumPy in a function", {"i": "import numpy as np\ndef draw(): return np.random.rand()", "r": RUN + "z = draw()"}, "run i; run r", "no", ("randomness",), "1 2"),
    Scenario("a generator with its own seed", {"i": "import numpy as np", "g": "rng = np.random.default_rng(1)", "r": RUN + "z = rng.random()"}, "run i; run g; run r", "yes", recipe="1 2 3"),
    Scenario("a global counter", {"a": "n = 0\ndef tick():\n    global n\n    n += 1", "b": "tick()", "r": RUN + "z = n"}, "run a; run b; run b; run b; run r", "no", ("re-run",), "1 2 3 4 5"),
    Scenario("a generator half used up", {"a": "g = iter(range(9))", "b": "next(g)", "r": RUN + "z = sum(g)"}, "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4"),
    Scenario(
        "a figure carried over", {"a": "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt", "b": "plt.plot([1, 2])", "r": RUN + "z = len(plt.gca().lines)"},
        "run a; run b; run r", "yes", recipe="1 2 3",
    ),
    Scenario(
        "a data frame changed in place, twice", {"a": "import pandas as pd\ndf = pd.DataFrame({'v': [1.0, 2.0]})", "b": "df['v'] *= 2", "c": "df.head()", "r": RUN + "z = df['v'].sum()"},
        "run a; run b; run b; run c; run r", "no", ("re-run",), "1 2 3 5",
    ),
    Scenario(
        "a copy of a data frame is its own", {"a": "import pandas as pd\ndf = pd.DataFrame({'v': [1.0, 2.0]})", "b": "e = df[df.v > 1].copy()\ne['v'] = 0", "r": RUN + "z = df['v'].sum()"},
        "run a; run b; run r", "yes", recipe="1 3",
    ),
    Scenario("failed half-way", {"a": "x = 1\nraise ValueError", "r": RUN + "z = x"}, "run a; run r", "no", ("failed",), "1 2"),
    Scenario("interrupted half-way", {"a": "import time\nx = 1\nprint('ready', flush=True)\ntime.sleep(60)", "r": RUN + "z = x"}, "interrupt a; run r", "no", ("interrupted",), "1 2"),
    Scenario(
        "a task of an earlier cell", {"a": "import asyncio\nl = []\nasync def later():\n    await asyncio.sleep(0.2)\n    l.append(1)", "b": "task = asyncio.create_task(later())", "r": RUN + "await task\nz = sum(l)"},
        "run a; run b; run r", "unknown", ("background",), "1 2 3",
    ),
    Scenario("loaded after imports", {"a": "import math\nfrom json import loads", "r": RUN + "z = math.sqrt(4) + loads('1')"}, "run a; load; run r", "yes", recipe="1 2"),
    Scenario("loaded after imports that the notebook has no more", {"a": "import math", "r": RUN + "z = math.sqrt(4)"}, "run a; load; delete a; run r", "no", ("deleted",), "1 2"),
    Scenario("loaded after imports of the project's own", {"a": "import helper_late", "r": RUN + "z = helper_late.f()"}, "write helper_late.py; run a; load; run r", "unknown", ("recovered",), "1 2", files=("def f(): return 1\n",)),
    Scenario("loaded late", {"a": "x = 1", "r": RUN + "z = x"}, "run a; load; run r", "unknown", ("recovered",), "1 2"),
    Scenario("after %reset", {"a": "x = 1", "b": "%reset -f", "c": "x = 2", "r": RUN + "z = x"}, "run a; run b; run c; run r", "yes", recipe="3 4"),
    Scenario("input()", {"a": "x = 1", "r": RUN + "z = input()"}, "run a; run r", "no", ("input",), "2", fails=True),
    Scenario("the clock", {"i": "import datetime", "r": RUN + "z = datetime.datetime.now().year"}, "run i; run r", "unknown", ("clock",), "1 2"),
    Scenario("timing is no result", {"i": "import time", "r": RUN + "t = time.time()\nz = sum(range(10**5))\nprint(1e6 * (time.time() - t))"}, "run i; run r", "yes", recipe="1 2"),
    Scenario(
        "the network", {"i": "import urllib.request", "r": RUN + "try:\n    urllib.request.urlopen('http://127.0.0.1:9', timeout=1)\nexcept OSError:\n    z = 1"},
        "run i; run r", "unknown", ("network",), "1 2",
    ),
    Scenario("an environment variable", {"i": "import os", "r": RUN + "z = os.environ.get('HOME')"}, "run i; run r", "unknown", ("environment",), "1 2"),
    Scenario("an environment variable the notebook sets", {"i": "import os", "s": "os.environ['SIZE'] = '3'", "r": RUN + "z = int(os.environ['SIZE'])"}, "run i; run s; run r", "yes", recipe="1 2 3"),
    Scenario("a file outside the project", {"r": RUN + "z = len(open('/etc/passwd').read())"}, "run r", "unknown", ("path",), "1"),
    Scenario("packages without versions", {"a": "%pip install --quiet pip", "r": RUN + "z = 1"}, "run a; run r", "unknown", ("install",), "2"),
    Scenario("the record of outputs", {"a": "41 + 1", "r": RUN + "z = Out[2]"}, "run a; run r", "no", ("output history",), "1 2"),
    Scenario("exec", {"a": "x = 1", "b": "exec('y = x + 1')", "r": RUN + "z = y"}, "run a; run b; run r", "unknown", ("unseen",), "1 2 3"),
    Scenario("a shell command that writes a file", {"a": "!echo 4 > m.txt\n!printf 5 > n.txt", "b": "!printf 6 > o.txt; true", "r": RUN + "z = int(open('n.txt').read())"}, "run a; run b; run r", "unknown", ("shell",), "1 2 3"),
    Scenario("%cd", {"a": "import os\nos.makedirs('sub', exist_ok=True)", "b": "%cd sub", "c": "open('f.txt', 'w').write('1')", "r": RUN + "z = open('f.txt').read()"}, "run a; run b; run c; run r", "yes", recipe="1 2 3 4"),
    Scenario("a deleted name defined again", {"a": "x = 1", "b": "del x", "c": "x = 2", "r": RUN + "z = x"}, "run a; run b; run c; run r", "yes", recipe="3 4"),
    Scenario("import * ", {"a": "from math import *", "r": RUN + "z = floor(pi)"}, "run a; run r", "yes", recipe="1 2"),
    Scenario("a model fitted twice", {"i": "from sklearn.linear_model import LinearRegression\nX, y = [[0], [1]], [0, 1]", "m": "model = LinearRegression()", "f": "model.fit(X, y)", "p": "model.predict(X)", "r": RUN + "z = model.score(X, y)"}, "run i; run m; run f; run f; run r", "yes", recipe="1 2 4 5"),
    Scenario(
        "a model of the notebook's own fitted twice, then asked twice", {"c": "class M:\n    w = 0\n    def fit(self, x): self.w += x\n    def ask(self): return self.w", "m": "m = M()", "f": "m.fit(2)", "a": "m.ask()", "r": RUN + "z = m.ask()"},
        "run c; run m; run f; run f; run a; run a; run r", "no", ("re-run",), "1 2 3 4 7",
    ),
    Scenario("asked twice changes nothing", {"c": "class M:\n    w = 0\n    def ask(self): return self.w", "m": "m = M()", "a": "m.ask()", "r": RUN + "z = m.ask()"}, "run c; run m; run a; run a; run r", "yes", recipe="1 2 5"),
    Scenario(
        "a property that counts", {"c": "class P:\n    n = 0\n    @property\n    def v(self):\n        self.n += 1\n        return self.n", "p": "p = P()", "b": "p.v", "r": RUN + "z = p.v"},
        "run c; run p; run b; run b; run r", "no", ("re-run",), "1 2 3 4 5",
    ),
    Scenario("a default made by reading", {"a": "from collections import defaultdict\nd = defaultdict(int)", "b": "d['x']", "r": RUN + "z = len(d)"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a method handed over", {"a": "seen = []", "b": "list(map(seen.append, [1]))", "r": RUN + "z = len(seen)"}, "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4"),
    Scenario(
        "a callback changes what no cell names", {"a": "import logging\nseen = []\nclass H(logging.Handler):\n    def emit(self, record): seen.append(1)\nlogging.getLogger('q').addHandler(H())", "b": "logging.getLogger('q').warning('x')", "r": RUN + "z = len(seen)"},
        "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3",
    ),
    Scenario("state of a local module", {"a": "from helper_d import push, held", "b": "push(1)", "r": RUN + "z = held()"}, "write helper_d.py; run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4", files=("l = []\ndef push(x): l.append(x)\ndef held(): return len(l)\n",)),
    Scenario("randomness in a local module", {"a": "import helper_e", "r": RUN + "z = helper_e.draw()"}, "write helper_e.py; run a; run r", "no", ("randomness",), "1 2", files=("import random\ndef draw(): return random.random()\n",)),
    Scenario("a name in a query", {"a": "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2, 3]})", "r": RUN + "z = len(df.query('v > @limit'))", "b": "limit = 1"}, "run a; run b; run r", "no", ("out of order",), "1 2 3"),
    Scenario("a function kept in a list looks up a name later", {"a": "i = 1\nfs = []\nfs.append(lambda: i)", "b": "i = 10", "r": RUN + "z = fs[0]()"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a view changed in place", {"a": "import numpy as np\na = np.zeros(4)", "b": "v = a.reshape(2, 2)", "c": "v += 1", "r": RUN + "z = float(a.sum())"}, "run a; run b; run c; run c; run r", "no", ("re-run",), "1 2 3 4 5"),
    Scenario("a cell above would end a clean run", {"a": "x = 1", "b": "y = below", "r": RUN + "z = x", "c": "below = 2"}, "run a; run c; run b; run r", "no", ("stops",), "1 4"),
    Scenario("a cell above failed", {"a": "x = 1", "b": "1 / 0", "r": RUN + "z = x"}, "run a; run b; run r", "no", ("stops",), "1 3"),
    Scenario("a comment was added", {"a": "x = 1", "r": RUN + "z = x"}, "run a; edit a; run r", "yes", recipe="1 2", edits=("x = 1  # one",)),
    Scenario("torch: evaluated twice", _TORCH, "run i; run d; run m; run t; run e; run e; run r", "yes", recipe="1 2 3 4 5 7", needs="torch"),
    Scenario("torch: all again from the seed", _TORCH, "run i; run d; run m; run t; run i; run d; run m; run t; run e; run r", "yes", recipe="5 6 7 8 9 10", needs="torch"),
    Scenario("torch: trained twice", _TORCH, "run i; run d; run m; run t; run t; run e; run r", "no", ("re-run",), "1 2 3 4 5 6 7", needs="torch"),
    Scenario("torch: batches looked at twice", {**dict(list(_TORCH.items())[:3]), "p": "xb, yb = next(iter(loader))\nxb.shape", **_TORCH}, "run i; run d; run m; run p; run p; run t; run e; run r", "no", ("re-run",), "1 2 3 4 5 6 7 8", needs="torch"),
    Scenario("torch: batch norm moved by looking", {**dict(list(_TORCH.items())[:3]), "p": "model.train()\nmodel(X).shape", **_TORCH}, "run i; run d; run m; run p; run p; run t; run e; run r", "no", ("re-run",), "1 2 3 4 5 6 7 8", needs="torch"),
    Scenario("rows dropped twice", {"a": _FRAME, "b": "df = df.dropna()", "c": "df['v'] = df['v'].fillna(0)\nlen(df)", "r": RUN + "z = df['v'].sum()"}, "run a; run b; run b; run c; run c; run r", "yes", recipe="1 2 6"),
    Scenario("nothing to drop until the data was another", {"a": _FRAME.replace("None", "2.0"), "b": "df = df.dropna()", "r": RUN + "z = len(df)"}, "run a; run b; edit a; run a; run r", "no", ("out of order",), "3 4", edits=(_FRAME,)),
    Scenario("the run's own cell again", {"a": _FRAME, "r": RUN + "df = df.dropna()\nz = df['v'].sum()"}, "run a; run r; run r", "yes", recipe="1 3"),
    Scenario("the run's own cell again, and it counts on", {"a": "l = []", "r": RUN + "l.append(1)\nz = len(l)"}, "run a; run r; run r", "no", ("re-run",), "1 2 3"),
    Scenario("the order of a set of texts", {"a": "words = 'to be or not to be'.split()", "b": "vocab = list(set(words))", "r": RUN + "z = len(vocab)"}, "run a; run b; run r", "unknown", ("hash order",), "1 2 3"),
    Scenario("the order of a set of texts that has a name", {"a": "x = 1", "r": RUN + "words = set('to be or not to be that is the question'.split())\nz = list(words)"}, "run a; run r", "unknown", ("hash order",), "2"),
    Scenario("the first file of a directory", {"a": "import os\nos.makedirs('d', exist_ok=True)\nopen('d/one.dat', 'w').close()", "r": RUN + "z = len(os.listdir('d')[0])"}, "run a; run r", "unknown", ("directory order",), "1 2"),
    Scenario("files in the order of a directory, in another cell", {"a": "import glob\nopen('d1.dat', 'w').close()\nfiles = glob.glob('*.dat')", "b": "names = [f.upper() for f in files]", "r": RUN + "z = names[0]"}, "run a; run b; run r", "unknown", ("directory order",), "1 2 3"),
    Scenario("files of a directory, sorted by another cell", {"a": "import glob\nopen('d1.dat', 'w').close()\nfiles = glob.glob('*.dat')", "b": "files = sorted(files)", "r": RUN + "z = files[0] + str(len(files))"}, "run a; run b; run r", "yes", recipe="1 2 3"),
    Scenario("a sorted set of texts", {"a": "words = 'to be or not to be'.split()", "b": "vocab = sorted(set(words))", "r": RUN + "z = vocab[0]"}, "run a; run b; run r", "yes", recipe="1 2 3"),
    Scenario("another program writes a file", {"a": "import subprocess", "b": "subprocess.run('printf 5 > n.txt', shell=True)", "r": RUN + "z = open('n.txt').read()"}, "run a; run b; run r", "unknown", ("shell",), "1 2 3"),
    Scenario(
        "a database written twice", {"a": "import sqlite3\nc = sqlite3.connect('x.db')\nc.execute('create table t (v)')", "b": "c.execute('insert into t values (1)')\nc.commit()", "q": "c.execute('select * from t').fetchall()", "r": RUN + "z = sqlite3.connect('x.db').execute('select count(*) from t').fetchone()"},
        "run a; run b; run b; run q; run r", "no", ("re-run",), "1 2 3 5",
    ),
    Scenario("a table appended to a file twice", {"a": _FRAME, "b": "df.to_csv('o.csv', mode='a', header=False)", "r": RUN + "z = len(open('o.csv').readlines())"}, "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4"),
    Scenario("a module patched by a cell that is gone", {"a": "import math", "b": "setattr(math, 'tau', 6)", "r": RUN + "z = math.tau"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a handler added twice", {"a": "import logging", "b": "logging.getLogger('q').addHandler(logging.NullHandler())", "r": RUN + "z = len(logging.getLogger('q').handlers)"}, "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4"),
    Scenario("the end of an object counts", {"a": "log = []\nclass D:\n    def __del__(self): log.append(1)", "b": "d = D()", "r": RUN + "z = len(log)"}, "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4"),
    Scenario(
        "a step of a pipeline that counts its fits", {"a": "from sklearn.base import BaseEstimator, TransformerMixin\nfrom sklearn.linear_model import LinearRegression\nfrom sklearn.pipeline import make_pipeline\nclass C(TransformerMixin, BaseEstimator):\n    def fit(self, X, y=None):\n        self.n_ = getattr(self, 'n_', 0) + 1\n        return self\n    def transform(self, X): return X", "p": "p = make_pipeline(C(), LinearRegression())", "f": "p.fit([[0], [1]], [0, 1])\nNone", "r": RUN + "z = p[0].n_"},
        "run a; run p; run f; run f; run r", "no", ("re-run",), "1 2 3 4 5",
    ),
    Scenario("what is another in each kernel", {"r": RUN + "import os\nz = os.getpid() > 0"}, "run r", "unknown", ("machine",), "1"),
    Scenario("a name by globals()", {"a": "x = 1", "b": "globals()['x'] = 7", "r": RUN + "z = x"}, "run a; run b; run r", "yes", recipe="2 3"),
    Scenario(
        "a remembering function that reckons, asked twice", {"a": "from functools import lru_cache\n@lru_cache\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)", "b": "y = fib(20)", "r": RUN + "z = fib(20) + y"},
        "run a; run b; run b; run r", "yes", recipe="1 2 4",
    ),
    Scenario(
        "a remembering function, asked for its hits", {"a": "from functools import lru_cache\n@lru_cache\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)", "b": "y = fib(20)", "r": RUN + "z = getattr(fib, 'cache_info')().hits"},
        "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4",
    ),
    Scenario(
        "a remembering function of a name that changed",
        {"a": "from functools import lru_cache\nk = 1", "d": "@lru_cache\ndef f(n):\n    return n * k", "b": "y = f(2)", "c": "k = 5", "r": RUN + "z = f(2)"},
        "run a; run d; run b; run c; run r", "yes", recipe="1 2 3 4 5",
    ),
    Scenario(
        "a remembering function whose list was changed",
        {"a": "from functools import lru_cache\n@lru_cache\ndef f(n):\n    return [n]", "b": "y = f(2)\ny.append(3)", "r": RUN + "z = len(f(2))"},
        "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4",
    ),
    Scenario(
        "a remembering function of any body, asked twice", {"a": "from functools import lru_cache\n@lru_cache\ndef f(n):\n    table = [n] * n\n    return sum(table)", "b": "y = f(3)", "r": RUN + "z = f(3) + y"},
        "run a; run b; run b; run r; run r", "yes", recipe="1 2 5",
    ),
    Scenario(
        "a remembering function whose kept list grows twice", {"a": "from functools import cache\n@cache\ndef f(n):\n    return [n]", "b": "f(2).append(3)", "r": RUN + "z = len(f(2))"},
        "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4",
    ),
    Scenario("a builtin made in a way nobody reads, by a cell that is gone", {"a": "import builtins", "b": "vars(builtins)['triple'] = lambda x: 3 * x", "r": RUN + "z = triple(2)"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("randomness that nobody reads, where something is imported", {"a": "import random\ndraw = getattr(random, 'ran' + 'dom')", "r": RUN + "import wave\nz = draw()"}, "run a; run r", "unknown", ("hidden randomness",), "1 2"),
    Scenario("a builtin made by a cell that is gone", {"a": "import builtins", "b": "builtins.triple = lambda x: 3 * x", "r": RUN + "z = triple(2)"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a builtin replaced by a cell that is gone", {"a": "import builtins", "b": "setattr(builtins, 'oct', lambda x: 9)", "r": RUN + "z = oct(1)"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario(
        "a builtin shadowed since it was remembered by",
        {"a": "from functools import cache\n@cache\ndef f(n):\n    return abs(n) + 1", "b": "y = f(-2)", "c": "abs = lambda n: n", "r": RUN + "z = f(-2)"},
        "run a; run b; run c; delete b; run r", "no", ("deleted",), "1 2 3 4",
    ),
    Scenario(
        "a metaclass that counts objects",
        {"a": "class M(type):\n    count = 0\n    def __call__(cls):\n        M.count += 1\n        return super().__call__()\nclass A(metaclass=M): pass", "b": "A()\nNone", "r": RUN + "z = M.count"},
        "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4",
    ),
    Scenario(
        "a file that its path appends to, twice", {"a": "from pathlib import Path\np = Path('q.txt')\np.write_text('')", "b": "with p.open('a') as f:\n    f.write('x')", "r": RUN + "z = len(p.read_text())"},
        "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4",
    ),
    Scenario(
        "a file appended to through Path(), twice", {"a": "from pathlib import Path\np = Path('q.txt')\np.write_text('')", "b": "with Path('q.txt').open('a') as f:\n    f.write('x')", "r": RUN + "z = len(open('q.txt').read())"},
        "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4",
    ),
    Scenario(
        "a file touched after it was written", {"a": "from pathlib import Path\np = Path('q.txt')\np.write_text('abc')", "b": "p.touch()", "r": RUN + "z = len(p.read_text())"},
        "run a; run b; run r", "yes", recipe="1 2 3",
    ),
    Scenario(
        "another file of the same folder", {"a": "from pathlib import Path\np = Path('q.txt')\np.write_text('')", "b": "Path('o.txt').write_text('1')", "c": "o = Path('o.txt')\nlen(o.read_text())", "r": RUN + "z = len(p.read_text())"},
        "run a; run b; run c; run c; run r", "yes", recipe="1 2 5",
    ),
    Scenario("a file in a listing, by a cell that is gone", {"a": "import glob\nopen('g1.dat', 'w').close()", "b": "open('g2.dat', 'w').close()", "r": RUN + "z = len(glob.glob('*.dat'))"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario(
        "a library that was handed a generator", {"a": "import numpy as np\nfrom sklearn.utils import shuffle\nrs = np.random.RandomState(0)", "b": "shuffle([1, 2, 3], random_state=rs)", "r": RUN + "z = int(rs.randint(1000))"},
        "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4",
    ),
    Scenario(
        "rows drawn by a generator", {"a": "import numpy as np, pandas as pd\nrng = np.random.default_rng(0)\ndf = pd.DataFrame({'v': range(99)})", "b": "df.sample(3, random_state=rng)", "r": RUN + "z = int(rng.integers(1000))"},
        "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4",
    ),
    Scenario(
        "a time zone set by a cell that is gone",
        {"a": "import time, os", "b": "os.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()", "r": RUN + "z = time.mktime((1970, 1, 2, 0, 0, 0, 0, 0, 0))"},
        "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3",
    ),
    Scenario(
        "files appended to by paths in a list", {"a": "from pathlib import Path\nps = [Path('l0.txt'), Path('l1.txt')]\nfor p in ps: p.write_text('')", "b": "for p in ps:\n    with p.open('a') as f: f.write('x')", "r": RUN + "z = len(ps[0].read_text())"},
        "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4",
    ),
    Scenario(
        "a file appended to by the path of an object", {"a": "from pathlib import Path\nclass C: pass\nc = C()\nc.p = Path('l.txt')\nc.p.write_text('')", "b": "with c.p.open('a') as f: f.write('x')", "r": RUN + "z = len(c.p.read_text())"},
        "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4",
    ),
    Scenario("the setup cell again, with a line more", {"a": _SETUP, "b": "df = pd.DataFrame({'v': [1, 2]})", "r": RUN + "z = plt.figure().dpi + len(df)"}, "run a; run b; edit a; run a; run r", "yes", recipe="3 2 4", edits=(_SETUP + "\nimport json",)),
    Scenario("the setup cell again, with a line that failed at first", {"a": _SETUP, "b": "df = pd.DataFrame({'v': [1, 2]})", "r": RUN + "z = plt.figure().dpi + len(df) + math.floor(1.5)"}, "run a; run b; edit a; run a; edit a; run a; run r", "yes", recipe="4 2 5", edits=(_SETUP + "\nimport mathematics", _SETUP + "\nimport math")),
    Scenario("the setup cell again, with another value of what was used", {"a": "k = 1", "b": "x = k", "r": RUN + "z = k + x"}, "run a; run b; edit a; run a; run r", "no", ("edited", "out of order", "re-run"), "1 2 3 4", edits=("k = 2",)),
    Scenario("a function defined anew, after another cell called it", {"a": "def f(): return 1", "b": "x = f()", "r": RUN + "z = f() + x"}, "run a; run b; edit a; run a; run r", "no", ("edited", "out of order", "re-run"), "1 2 3 4", edits=("def f(): return 2",)),
    Scenario("a function added to a cell, after another used the rest", {"a": "import math", "b": "x = math.floor(2.5)", "r": RUN + "z = half(x)"}, "run a; run b; edit a; run a; run r", "yes", recipe="3 2 4", edits=("import math\ndef half(n): return n / 2",)),
    Scenario("the setup cell again", {"a": _SETUP, "b": "df = pd.DataFrame({'v': [1, 2]})", "r": RUN + "z = plt.figure().dpi + len(df)"}, "run a; run b; run a; run r", "yes", recipe="1 2 4"),
    Scenario("the magics of the setup cell again", {"a": "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.style.use('ggplot')", "r": RUN + "fig = plt.figure()\nz = fig.dpi\nplt.close(fig)"}, "run a; run a; run r", "yes", recipe="1 3"),
    Scenario("a hook of a cell that is gone", {"a": "seen = []\ndef hook(*_): seen.append(1)", "b": "get_ipython().events.register('pre_run_cell', hook)", "r": RUN + "z = len(seen)"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a generator without a seed, by a name of its own", {"a": "from numpy.random import default_rng", "r": RUN + "z = float(default_rng().random())"}, "run a; run r", "no", ("randomness",), "1 2"),
    Scenario("a cell that needs what it binds, again", {"a": "import pandas as pd\na = pd.DataFrame({'k': [1, 2]})\nb = pd.DataFrame({'k': [1, 2], 'w': [3, 4]})", "c": "a = a.merge(b, on='k')", "r": RUN + "z = len(a.columns)"}, "run a; run c; run c; run r", "no", ("re-run",), "1 2 3 4"),
    Scenario("a cell that raised only when it was executed again", {"a": "d = {'k': 1, 'v': 2}", "c": "d.pop('k')", "r": RUN + "z = len(d)"}, "run a; run c; run c; run r", "yes", recipe="1 2 4"),
    Scenario("what another program says", {"a": "import os, subprocess\nos.environ['NAME_OF_IT'] = 'a'", "b": "os.environ['NAME_OF_IT'] = 'b'", "r": RUN + "z = subprocess.check_output('echo $NAME_OF_IT', shell=True)"}, "run a; run b; delete b; run r", "no", ("deleted", "shell"), "1 2 3"),
    Scenario("what a command says", {"a": "x = 1", "r": RUN + "z = !ls"}, "run a; run r", "unknown", ("shell",), "2"),
    Scenario("a set as a text", {"a": "w = {'a', 'b', 'c', 'd', 'e', 'f', 'g'}", "r": RUN + "z = str(w)"}, "run a; run r", "unknown", ("hash order",), "1 2"),
    Scenario("a map of a file written by a cell that is gone", {"a": "import mmap\nopen('m.bin', 'wb').write(b'abcd')\nf = open('m.bin', 'r+b')\nm = mmap.mmap(f.fileno(), 0)", "b": "m[0:1] = b'x'\nm.flush()", "r": RUN + "z = open('m.bin', 'rb').read()"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("an option less in the setup cell", {"a": _SETUP, "r": RUN + "z = plt.figure().dpi"}, "run a; edit a; run a; run r", "no", ("edited", "re-run"), "1 2 3", edits=(_SETUP.rpartition("\n")[0],)),
    Scenario("an option set after it was asked for", {"a": _SETUP, "r": RUN + "z = plt.figure().dpi\nplt.rcParams['figure.dpi'] = 55"}, "run a; run r; run r", "no", ("re-run",), "1 2 3"),
    Scenario("options of two cells, one of them gone", {"a": _SETUP.replace("['figure.dpi'] = 70", ".update({'figure.dpi': 70})"), "b": "plt.rcParams.update({'font.size': 20})", "r": RUN + "z = plt.figure().dpi + plt.rcParams['font.size']"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("an option set by a helper of a cell that is gone", {"a": _SETUP + "\ndef coarse(options): options['figure.dpi'] = 50", "b": "coarse(plt.rcParams)", "r": RUN + "z = plt.figure().dpi"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a context changed through its name, by a cell that is gone", {"a": "import decimal\nc = decimal.getcontext()", "b": "c.prec = 5", "r": RUN + "z = str(decimal.Decimal(1) / 3)"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a setting of a library nobody knows", {"a": "import calendar", "b": "calendar.setfirstweekday(6)", "r": RUN + "z = calendar.firstweekday()"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a module put where imports look, by a cell that is gone", {"a": "import sys, types\nm = types.ModuleType('made_up')\nm.v = 3", "b": "sys.modules['made_up'] = m", "r": RUN + "import made_up\nz = made_up.v"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a future of a cell that is gone", {"a": "x = 1", "b": "from __future__ import annotations", "r": RUN + "def f(q: int): pass\nz = str(f.__annotations__['q'])"}, "run a; run b; delete b; run r", "no", ("deleted",), "2 3"),
    Scenario("what a missing key gives, changed by a cell that is gone", {"a": "from collections import defaultdict\nd = defaultdict(int)\nd[0] = 1", "b": "d.default_factory = list", "r": RUN + "z = str(d['q'])"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("an array that a cell made read-only", {"a": "import numpy as np\na = np.zeros(2)", "b": "a.setflags(write=False)", "r": RUN + "z = a.flags.writeable"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("generators spawned twice", {"a": "import numpy as np\nrng = np.random.default_rng(1)", "b": "kids = rng.spawn(1)", "r": RUN + "z = float(rng.spawn(1)[0].random())"}, "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4"),
    Scenario("torch: a generator of one's own, gone through twice", {"a": "import torch\nfrom torch.utils.data import DataLoader\ng = torch.Generator().manual_seed(0)\nloader = DataLoader(list(range(8)), batch_size=2, shuffle=True, generator=g)", "b": "for batch in loader: pass", "r": RUN + "z = str([it.tolist() for it in loader])"}, "run a; run b; run b; run r", "no", ("re-run",), "1 2 3 4", needs="torch"),
    Scenario("data that was edited since it was read", {"a": "d = open('d.txt').read()", "r": RUN + "z = d"}, "write d.txt; run a; write d.txt; run r", "no", ("changed file",), "1 2", files=("1", "2")),
    Scenario("data that a cell below wrote over", {"a": "import pandas as pd\ndf = pd.read_csv('d.csv')", "b": "(df * 2).to_csv('d.csv', index=False)", "r": RUN + "z = int(df.v.sum())"}, "write d.csv; run a; run b; run r", "no", ("changed file",), "1 3", files=("v\n1\n",)),
    Scenario("a file a cell made, read and made again", {"a": "open('n.txt', 'w').write('1')", "b": "x = open('n.txt').read()", "r": RUN + "z = x"}, "run a; run b; run a; run r", "yes", recipe="1 2 4"),
    Scenario("a seed that is none", {"a": "import random", "r": RUN + "random.seed()\nz = random.random()"}, "run a; run r", "no", ("randomness",), "1 2"),
    Scenario("randomness that nobody reads, beside an import that draws", {"a": "import random\ndraw = getattr(random, 'ran' + 'dom')", "r": RUN + "import rich.style\nz = draw()"}, "run a; run r", "unknown", ("hidden randomness",), "1 2"),
    Scenario("an import that draws for itself", {"a": "import random", "r": RUN + "import rich.style\nz = 1"}, "run a; run r", "yes", recipe="2"),
    Scenario("a module changed by a function of a cell that is gone", {"a": "def f():\n    import helper_f\n    helper_f.x = 2", "b": "f()", "r": RUN + "import helper_f\nz = helper_f.x"}, "write helper_f.py; run a; run b; delete a; run r", "no", ("deleted",), "1 2 3", files=("x = 1\n",)),
    Scenario("a list of a module, changed by the cell that loaded it", {"a": "import helper_g\nhelper_g.kept.append(1)", "r": RUN + "import helper_g\nz = len(helper_g.kept)"}, "write helper_g.py; run a; delete a; run r", "no", ("deleted",), "1 2", files=("kept = list()\n",)),
    Scenario("a module changed in a way nobody reads, by the cell that loaded it", {"a": "vars(__import__('helper_h'))['x'] = 2", "r": RUN + "import helper_h\nz = helper_h.x"}, "write helper_h.py; run a; delete a; run r", "no", ("deleted",), "1 2", files=("x = 1\n",)),
    Scenario("a module loaded again", {"a": "import importlib, helper_i\nimportlib.reload(helper_i)", "b": "x = helper_i.f()", "r": RUN + "z = x + helper_i.f()"}, "write helper_i.py; run a; run b; run a; run r", "yes", recipe="1 2 4", files=("def f(): return 1\n",)),
    Scenario("a module forgotten and imported again", {"a": "import sys\nsys.modules.pop('helper_j', None)\nfrom helper_j import f", "b": "x = f()", "r": RUN + "z = x + f()"}, "write helper_j.py; run a; run b; run a; run r", "yes", recipe="1 2 4", files=("def f(): return 1\n",)),
    Scenario("a module with classes loaded again by a cell that is gone", {"a": "import importlib, helper_k\nx = helper_k.C()", "b": "importlib.reload(helper_k)", "r": RUN + "z = isinstance(x, helper_k.C)"}, "write helper_k.py; run a; run b; delete b; run r", "no", ("deleted",), "1 2 3", files=("class C: pass\n",)),
    Scenario("the clock, by a name that a function imports", {"a": "def f():\n    from datetime import datetime\n    return datetime.now().year", "r": RUN + "z = f()"}, "run a; run r", "unknown", ("clock",), "1 2"),
    Scenario("a limit of the process set by a cell that is gone", {"a": "import sys", "b": "g = sys.setrecursionlimit\ng(9000)", "r": RUN + "def d(n): return n and d(n - 1)\nz = d(4000)"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("how numbers are shown, set from within by a cell that is gone", {"a": "x = 3.0", "b": "get_ipython().display_formatter.formatters['text/plain'].float_format = '%.2f'", "r": RUN + "z = x\nz"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("an option for what a list holds, set by a cell that is gone", {"a": "import pandas as pd\nframes = [pd.DataFrame({'v': range(9)})]", "b": "pd.set_option('display.max_rows', 2)", "r": RUN + "z = str(frames[0])"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a library patched by what another cell made", {"a": "from unittest import mock\np = mock.patch('math.tau', 6)", "b": "p.start()\nNone", "r": RUN + "import math\nz = math.tau"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a class of the notebook given an operator by a cell that is gone", {"a": "class V: x = 2\nv = V()", "b": "V.__add__ = lambda s, o: 99", "r": RUN + "z = v + v"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a function given another's code by a cell that is gone", {"a": "def f(): return 1\ndef g(): return 2", "b": "f.__code__ = g.__code__", "r": RUN + "z = f()"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("a class made by a cell that is gone, asked for by its base", {"a": "class P: pass", "b": "class A(P): pass", "r": RUN + "z = len(P.__subclasses__())"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("data frames given a method by a cell that is gone", {"a": "import pandas as pd\nfrom tqdm import tqdm", "b": "tqdm.pandas(disable=True)", "r": RUN + "z = int(pd.Series([1, 2]).progress_apply(abs).sum())"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3", needs="tqdm"),
    Scenario("imports turned by a cell that is gone", {"a": "import sys, types", "b": "class F:\n    def find_spec(self, name, path=None, target=None):\n        from importlib.machinery import ModuleSpec\n        return ModuleSpec(name, self) if name == 'made_here' else None\n    def create_module(self, spec): return None\n    def exec_module(self, module): module.v = 4\nsys.meta_path.append(F())", "r": RUN + "import made_here\nz = made_here.v"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("the mode of a file, changed by a cell that is gone", {"a": "import os\nopen('x.txt', 'w').close()", "b": "os.chmod('x.txt', 0o400)", "r": RUN + "z = oct(os.stat('x.txt').st_mode)"}, "run a; run b; delete b; run r", "no", ("deleted",), "1 2 3"),
    Scenario("all again, with a remembering function and a class", {"a": "from functools import cache\nfrom dataclasses import dataclass\n@dataclass\nclass N:\n    v: int", "b": "ns = [N(1), N(2)]", "c": "@cache\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n[fib(i) for i in range(5)]", "r": RUN + "z = fib(9) + ns[1].v"}, "run a; run b; run c; run r; run a; run b; run c; run r", "yes", recipe="5 6 7 8"),
    Scenario("a database in memory, made again", {"a": "import sqlite3\nc = sqlite3.connect(':memory:')\nc.execute('create table t (v)')\nc.execute('insert into t values (1)')\nNone", "r": RUN + "z = c.execute('select count(*) from t').fetchone()"}, "run a; run r; run a; run r", "yes", recipe="3 4"),
    Scenario("an object of a module, changed by the cell that loaded it", {"a": "from helper_m import store, tick\nstore.put(3)\ntick()", "r": RUN + "import helper_m\nz = helper_m.store.n + helper_m.n"}, "write helper_m.py; run a; delete a; run r", "no", ("deleted",), "1 2", files=("n = 0\nclass S:\n    n = 0\n    def put(self, v): self.n += v\nstore = S()\ndef tick():\n    global n\n    n += 1\n",)),
    Scenario("all again, with a module that logs", {"a": "from helper_n import f", "b": "class N: v = f()", "r": RUN + "z = N.v + f()"}, "write helper_n.py; run a; run b; run r; run a; run b; run r", "yes", recipe="1 5 6", files=("import logging\nlog = logging.getLogger(__name__)\ndef f():\n    log.info('x')\n    return 1\n",)),
]  # fmt: skip

VERDICTS = {
    "never seeded": "different",
    "randomness that nobody reads, where something is imported": "different",
    "randomness that nobody reads, beside an import that draws": "different",
    "a seed that is none": "different",
    "a generator without a seed, by a name of its own": "different",
    "a set as a text": "different",
    "the order of a set of texts that has a name": "different",
    "data that was edited since it was read": "not runnable",
    "data that a cell below wrote over": "not runnable",
    "randomness in a local module": "different",
    "never seeded, by NumPy in a function": "different",
    "timing is no result": "different",
    "interrupted half-way": "not runnable",
    "the record of outputs": "not runnable",
}
"""What a reproduction of the run comes to, where that is not `identical`; a clean run from top to bottom is another thing."""
