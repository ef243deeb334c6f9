"""Which calls, keywords and names have to do with an experiment, and which with showing, storing and preparing."""

from __future__ import annotations

import ast
import re

from nbtrack.capture.program import Program
from nbtrack.capture.weave.words import is_measure, is_schedule
from nbtrack.notebooks.nodes import walk
from nbtrack.patterns import regex

SHOWING = "showing"
"""Printing, formatting, plotting."""
STORING = "storing"
"""Paths and files."""
DATA = "data"
"""Making, reading and shaping arrays and tables."""
WORK = "work"
"""Fitting, training, constructing: what an experiment is about."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHOWING_ROOTS = _words("""
    matplotlib seaborn plotly altair bokeh IPython ipywidgets rich tqdm pprint logging warnings graphviz mpl_toolkits pydot folium cartopy mlxtend
    torchsummary torchinfo termcolor tabulate yellowbrick shap pydotplus holoviews hvplot wordcloud missingno
""")
_STORING_ROOTS = _words("""
    nbtrack mlflow os pathlib shutil io json csv pickle joblib glob zipfile tarfile urllib requests h5py sys subprocess gzip tempfile argparse
""")
_DATA_ROOTS = _words("""
    numpy pandas polars pyarrow random time datetime math statistics itertools functools collections re string copy operator typing dataclasses cupy
    jax dask PIL cv2 skimage imageio nltk builtins contextlib enum fractions decimal types abc gc timeit
""")
_MACHINERY_ROOTS = _words("""
    threading asyncio time sched signal multiprocessing concurrent queue selectors socket nest_asyncio
""")
"""When and where code runs; what runs there may be given to it, such as `Thread(target=train, args=(lr,))`."""
_STATISTICS_ROOTS = _words("""
    statsmodels scipy pingouin
""")
_BARS = _words("tqdm trange tnrange tqdm_notebook progress_bar track")
_BAR_ROOTS = _words("tqdm fastprogress rich")
_SHOWING_BUILTINS = _words("""
    print display format str repr round help
""")
_SHOWING_METHODS = _words("""
    plot scatter hist imshow bar barh boxplot legend title xlabel ylabel set_title set_xlabel set_ylabel set_xlim set_ylim set savefig show figure
    subplots subplot axhline axvline text annotate contour contourf fill_between errorbar grid tick_params tight_layout suptitle format summary
    describe head tail info write set_description set_postfix set_xticks set_yticks xticks yticks colorbar matshow pcolormesh semilogy semilogx loglog
    update_layout add_trace plot_surface stem pie
""")
_STORING_METHODS = _words("""
    to_csv read_csv to_json to_pickle read_pickle to_parquet read_parquet save load dump open read_table read_excel savetxt loadtxt genfromtxt
    save_model load_model save_weights load_weights load_state_dict
""")
_WORK_METHODS = _words("""
    fit train fit_transform fit_predict partial_fit compile optimize fit_generator train_on_batch learn fit_resample fit_regularized boost cv tune
    lr_find fit_one_cycle forecast
""")
_SHOWING_NAMES = regex(
    r"^_*([Pp]lot|[Ss]how|[Dd]raw|[Vv]isuali[sz]e|[Dd]isplay|[Pp]rint|[Aa]nimate|[Rr]ender|[Ff]ormat|log|report|imshow|pretty|view)(_|s?$|[A-Z\d])|(_|^)(plots?|figure|chart|graph|heatmap)$"
)
_DRAWING = regex(r"\.(graphics|plotting|plots?|visuali[sz]ations?)\.|[a-z]plots?$")
"""Where a library draws, and what its functions that do so are called: `qqplot`."""
_STORING_NAMES = regex(r"^_*(load|save|read|write|download|fetch|open|dump)(_|$|[A-Z\d])")

_NOISE_KEYWORDS = _words("""
    shape verbose verbosity silent disp n_jobs nthread num_threads n_threads num_workers workers pin_memory figsize title label labels color colors c
    cmap ax axes fig xlabel ylabel linewidth lw marker markersize linestyle ls legend path file filename file_name fname dir directory folder url
    columns index names header sep delimiter encoding dtype axis inplace ascending end flush device return_X_y return_counts as_frame as_dict
    output_dict keepdims copy copy_X download root transform target_transform requires_grad set_to_none retain_graph create_graph feature_names
    class_names target_names categories callbacks verbose_eval evals evals_result eval_set validation_data metrics debug plot show print_every
    log_every print_interval log_interval disp display display_step leave desc ncols unit total ncol map_location memory cache_size error_score
    return_train_score refit pre_dispatch sparse_output sparse handle_unknown name input_shape input_dim data_dir output_dir logging_dir run_name
    report_to study_name storage load_if_exists show_progress_bar gc_after_trial prefix suffix message msg text xs ys x y X data tag tags train
    shuffle_ missing_only use_label_encoder enable_categorical valid_names train_dir test_dir ignore_index is_train training mode as_supervised
    xlim ylim zlim xscale yscale fmts nrows ncols every_n with_info split persistent_workers drop_last train_size_ save_path model_path out_path output_path
    log_dir checkpoint precompute decimals digits trace validation validate is_training is_test is_validation testing evaluation
    ddof logger accelerator devices use_cpu use_cuda use_gpu no_cuda logging_steps eval_strategy evaluation_strategy save_strategy save_steps eval_steps
""")
_NOISE_PREFIX = regex(r"(print|plot|show|display|log|logging|save|return|verbose|enable|disable|cache)(_|$)|is_(?!unbalance|provide)")
_SEED = regex(r"(^|_)(seed|random_state|rng)($|_)", re.I)
_LAYER_KEYWORDS = _words("""
    dropout rate p num_layers hidden_size nhead num_heads d_model dim_feedforward n_heads embed_dim embedding_dim bidirectional filters activation
""")
TELLING = regex(
    r"(^|_)(lr|eta|eta0|alpha|beta|beta1|beta2|gamma|lambda|lambd|lam|reg|l1|l2|c|tol|toler\w*|eps|epsilon|epochs?|iters?|iterations?|n_iters?|n_iterations?|num_iters?"
    r"|max_iters?|steps?|n_steps?|batch|batch_size|bs|momentum|decay|dropout|rate|learning_rate|hidden|units|neurons|layers?|depth|width|dim|n_dim|n_components|k|n_clusters"
    r"|n_neighbors|n_estimators|trees|n_trees|max_depth|min_samples\w*|degree|temperature|temp|noise|sigma|bandwidth|window|horizon|lags?|order|penalty|kernel|criterion"
    r"|optimizer|activation|solver|loss|seed|folds?|n_folds|n_splits|cv|test_size|split|threshold|patience|warmup|n_samples|episodes|population|generations|mutation|crossover"
    r"|burn_?in|samples|chains|weight_decay|clip|hidden_dim|latent|latent_dim|embed\w*|heads|n_heads|vocab_size|block_size|seq_len|sequence_length|max_len\w*|context)($|_|\d)",
    re.I,
)
"""Words of hyper-parameters, for the places where a name must speak for itself."""
_PATHLIKE = regex(r"[/\\]|^\w+://|\.\w{2,5}$|^\.|\s")
_FORMULA = regex(r"[^\W\d][\w.()]*\s*~\s*[\w(]")
"""`price ~ size + C(town)`, as statsmodels takes it."""
_LONGEST = 250
_VERSION = regex(r"v?\d+\.\d+(\.\d+)*(\.?(a|b|rc|dev|post)\d*)?")
_COLLECTION = regex(
    r"(layers?|sizes?|hidden|dims?|units|kernels?|betas|alphas?|lambdas?|grid|ks|degrees?|milestones|range|values|rates?|lrs|order|neurons|channels|filters"
    r"|gammas?|etas?|sigmas?|taus?|deltas?|epsilons?|cs|cvals|windows?|orders|powers|n_values"
    r"|quantiles|depths?|thresholds?|lags|architecture|arch|topology)($|_|\d)",
    re.I,
)
"""Words in the plural that name a param of several values."""
_NOT_PARAMS = regex(
    r"(^|_)(path|paths|dir|dirs|directory|folder|file|files|filename|fname|url|urls|n?plots?|title|caption|label|labels|color|colors|colour|cmap|font\w*|figsize|columns?|cols|rows"
    r"|features?|feature_names|class_names|names?|target|msg|message|text|texts|sentence|sentences|corpus|document|docs|style|styles|dpi|linewidth|marker|date"
    r"|start_date|end_date|version|verbose|debug|header|tokens?|api_key|key|password|user|username|prompt|query)$",
    re.I,
)
"""Words that end the names of paths, texts, columns, colours and secrets."""
_COUNTS = regex(r"(max|min|n|num|nb|k)_", re.I)
"""`max_features`, `n_columns`: what follows is counted."""
_PLACES = regex(r"(^|_)(points?|examples?|instances?|observations?|samples?|vectors?)$", re.I)
"""A list of that name is one case of the data."""
_TEXTS = regex(r"(^|_)(s|txt|text|line|letter|char|word|sentence|string|str|phrase|caption|msg|message)$", re.I)
"""A text of that name is data, `line_to_tensor(line="Jones")`."""
_OF_DATA = regex(r"[xy](_|\d|$)", re.I)
"""`y_pred`, `X_new`: a list of that name is data."""
_EVALUATE = _words("cross_val_score cross_validate cross_val_predict learning_curve validation_curve")
_PLOTS = _words("""
    plot scatter hist imshow bar contour contourf plot_surface subplots figure legend
""")


def call_kind(program: Program, call: ast.Call) -> str:
    """What a call is for."""
    func = call.func
    if isinstance(func, ast.Attribute) and not program.is_imported(func):
        return _method_kind(program, func)
    dotted = program.dotted(func)
    root, _, rest = dotted.partition(".")
    last = dotted.rpartition(".")[2]
    if not dotted:
        return DATA
    if dotted in program.definitions:
        return _definition_kind(program.definitions[dotted])
    if isinstance(func, ast.Name) and func.id not in program.imports:
        return SHOWING if func.id in _SHOWING_BUILTINS else STORING if func.id == "open" else DATA
    if root in _SHOWING_ROOTS or (last == "sleep" and root in _MACHINERY_ROOTS) or last in ("pprint", "display", "tqdm", "trange"):
        return SHOWING
    if root in _STORING_ROOTS or last in _STORING_METHODS:
        return STORING
    if root in _DATA_ROOTS or not rest:
        return DATA
    return _library_kind(root, dotted, last)


def is_generator(dotted: str) -> bool:
    """Whether a call makes data by a recipe, such as `make_moons`: how many and how noisy they are decides the result."""
    return ".datasets." in dotted and dotted.rpartition(".")[2].startswith("make_")


def is_bar(dotted: str) -> bool:
    """Whether a call only shows how far a loop is, and gives on what it goes through."""
    return dotted.partition(".")[0] in _BAR_ROOTS and dotted.rpartition(".")[2] in _BARS


def is_machinery(dotted: str) -> bool:
    """Whether what a call itself is given, such as the seconds of a timer, is no choice of an experiment."""
    return dotted.partition(".")[0] in _MACHINERY_ROOTS


def is_how(value: object, dotted: str) -> bool:
    """Whether this is a flag that tells a function for statistics how it computes and what it gives back: `acf(x, fft=True, qstat=True)`."""
    return isinstance(value, bool) and dotted.partition(".")[0] in _STATISTICS_ROOTS and dotted.rpartition(".")[2][:1].islower()


def _library_kind(root: str, dotted: str, last: str) -> str:
    """What a function or class of a library is for, by where it lives."""
    if re.match(r"(load_|fetch_|make_|get_rdataset|get_dataset|suggest_)", last) or ".datasets." in dotted:
        return DATA
    if root == "sklearn":
        if ".metrics" in dotted or ".inspection" in dotted or ".utils" in dotted or _SHOWING_NAMES.search(last) or last.endswith("Display"):
            return DATA
        return WORK
    if re.match(r"keras\.(src\.)?(ops|backend)\.", dotted):
        return DATA  # arithmetic
    if root in ("torch", "torchvision", "tensorflow", "jax", "flax"):
        is_class = last[:1].isupper()
        if dotted.startswith(("torch.optim", "torch.utils.data", "tensorflow.keras", "flax.linen")):
            return WORK if is_class or ".optim" in dotted else DATA
        return WORK if is_class and dotted.startswith("torch.nn.") and not dotted.startswith("torch.nn.functional") else DATA
    if root == "scipy":
        return WORK if dotted.startswith(("scipy.optimize", "scipy.integrate.solve", "scipy.integrate.ode", "scipy.cluster")) else DATA
    if _DRAWING.search(dotted) or _SHOWING_NAMES.search(last):
        return SHOWING
    is_evaluation = last[:1].islower() and (".metrics." in dotted or (is_measure(last) and not is_schedule(last)))
    return DATA if is_evaluation else WORK


def _method_kind(program: Program, func: ast.Attribute) -> str:
    """What a method is for, where only its name is known."""
    if func.attr in _WORK_METHODS:
        return WORK
    if method_of(program, func) is not None:
        return SHOWING if _SHOWING_NAMES.search(func.attr) else STORING if _STORING_NAMES.search(func.attr) else WORK
    if func.attr in _SHOWING_METHODS:
        return SHOWING
    return STORING if func.attr in _STORING_METHODS else DATA


def method_of(program: Program, func: ast.Attribute) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The method a call means, where one class of the notebook has it."""
    if func.attr.startswith("__"):
        return None
    found = [
        node for definition in program.definitions.values() if isinstance(definition, ast.ClassDef)
        for node in definition.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == func.attr
    ]  # fmt: skip
    return found[-1] if found else None


def _definition_kind(node: ast.AST) -> str:
    name = getattr(node, "name", "")
    if _SHOWING_NAMES.search(name):
        return SHOWING
    if _STORING_NAMES.search(name):
        return STORING
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        calls = [it.func.attr for it in walk(node) if isinstance(it, ast.Call) and isinstance(it.func, ast.Attribute)]
        drawn = sum(it in _PLOTS or (it in _SHOWING_METHODS and it.startswith("set_")) for it in calls)
        if drawn >= 2 and drawn * 3 >= len(calls) and not {"fit", "backward", "step"} & set(calls):
            return SHOWING
    return WORK


def only_shows(program: Program, body: list[ast.stmt]) -> bool:
    """Whether statements do nothing but print and draw, or give a function that does so to whoever calls it."""
    return all(isinstance(it, (ast.Pass, ast.Import, ast.ImportFrom)) or (isinstance(it, ast.Expr) and _shows(program, it.value)) for it in body)


def _shows(program: Program, node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return isinstance(node, ast.Constant)
    given = program.definitions.get(node.args[0].id) if node.args and isinstance(node.args[0], ast.Name) else None
    return call_kind(program, node) == SHOWING or (given is not None and _definition_kind(given) == SHOWING)


def is_layer(dotted: str) -> bool:
    """Whether a class is a layer of a network, whose sizes are the architecture's and not the experiment's."""
    return not dotted.endswith("Loss") and bool(re.match(r"(torch\.nn\.|keras\.layers|tensorflow\.keras\.layers|keras\.src\.layers|flax\.linen)", dotted))


def is_param_keyword(keyword: str, dotted: str = "") -> bool:
    """Whether a literal given by this keyword says something of the experiment."""
    if keyword in _NOISE_KEYWORDS or keyword.startswith("_") or _NOISE_PREFIX.match(keyword):
        return False
    if keyword == "scoring" and dotted.rpartition(".")[2] in _EVALUATE:
        return False  # what is asked of models, not what chooses one
    if is_layer(dotted):
        return keyword in _LAYER_KEYWORDS
    return bool(_COUNTS.match(keyword)) or not (_NOT_PARAMS.search(keyword) and not _SEED.search(keyword) and keyword not in ("features", "target"))


def is_param_name(name: str) -> bool:
    """Whether a name bound to a literal may be a param, before one looks at how it is used."""
    return not name.startswith("_") and (bool(_COUNTS.match(name)) or not _NOT_PARAMS.search(name)) and not re.match(r"(print|plot|show|display|save)_", name)


def is_param_value(value: object, name: str = "") -> bool:
    """Whether a literal is of the kind people log: a number, a flag, a word, a short list of numbers or words."""
    if isinstance(value, (bool, int, float)):
        return True
    if isinstance(value, str):
        if _FORMULA.match(value):
            return len(value) <= _LONGEST
        return 0 < len(value) <= 40 and not _PATHLIKE.search(value) and not _VERSION.fullmatch(value) and not _TEXTS.search(name)
    if isinstance(value, (list, tuple)) and 0 < len(value) <= 30:
        if all(type(it) in (int, float) for it in value):
            return (len(value) <= 4 and not _PLACES.search(name) and not _OF_DATA.match(name)) or bool(_COLLECTION.search(name))
        if all(isinstance(it, (list, tuple)) and is_param_value(it, name) and all(type(i) in (int, float) for i in it) for it in value):
            return bool(_COLLECTION.search(name))
        return bool(_COLLECTION.search(name)) and all(isinstance(it, str) and not _PATHLIKE.search(it) for it in value)
    return False
