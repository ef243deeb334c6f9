"""What calls of well-known libraries do beside their result: draw random numbers, touch files, ask the clock or the network, change what they are handed.

Dotted names are full ones: `np.random.rand` is looked up as `numpy.random.rand`.
"""

from __future__ import annotations

from nbtrack.patterns import regex


def _words(text: str) -> list[str]:
    return text.split()


PURE_BUILTINS = frozenset(
    _words(
        "abs all any ascii bin bool bytes callable chr classmethod complex dict dir divmod enumerate filter float format frozenset getattr hasattr hash"
        " hex id int isinstance issubclass iter len list map max memoryview min object oct ord pow print property range repr reversed round set slice"
        " sorted staticmethod str sum super tuple type zip display help vars breakpoint open input bytearray BaseException Exception ArithmeticError"
        " AssertionError AttributeError EOFError ImportError IndexError KeyError KeyboardInterrupt LookupError NameError NotImplementedError OSError"
        " OverflowError RuntimeError StopIteration SystemExit TypeError ValueError ZeroDivisionError"
    )
)
"""Builtins that change nothing they are handed; an iterator is used up by any of them, which is known by its type."""

GENTLE = frozenset(
    _words(
        "altair base64 bokeh bs4 catboost collections copy csv dataclasses datetime decimal enum fractions functools glob hashlib html httpx importlib io"
        " IPython itertools joblib json keras lightgbm logging math matplotlib mlflow nbtrack networkx nltk numpy operator os optuna pandas pathlib pickle"
        " PIL platform plotly polars pprint pyarrow re requests scipy seaborn shap shutil sklearn skimage statistics statsmodels string sys tensorflow"
        " textwrap time timeit torch torchvision tqdm transformers typing urllib uuid warnings xgboost yaml zlib"
    )
)
"""Packages whose functions leave their arguments as they are, but for the ones below."""
CHANGES_ARGUMENTS = regex(
    r"^(random\.shuffle|numpy\.random\.shuffle|numpy\.(put|putmask|place|copyto|fill_diagonal|put_along_axis)|numpy\.add\.at|operator\.(i\w+|setitem|delitem)"
    r"|collections\.deque\.\w+|heapq\.\w+|bisect\.insort\w*|builtins\.(setattr|delattr|next|anext)|torch\.nn\.(utils|init)\.\w+|.*[a-z\d]_)$"
)
"""Functions that do; a trailing underscore is PyTorch's sign for it."""
PLACES = frozenset({"ax", "axes", "axs", "out", "fig", "buf", "file"})
"""Keyword arguments whose object is written to by whatever takes them."""

DATA = frozenset({"pandas", "numpy", "polars", "pyarrow", "builtins", "collections", "scipy"})
PURE_METHODS = frozenset(
    _words(
        "abs agg aggregate all any apply argmax argmin argsort asof astype at_time between_time bfill bool capitalize casefold center clip columns copy"
        " corr count cov cummax cummin cumprod cumsum decode describe diff difference dot drop_duplicates droplevel dtypes duplicated encode endswith eq"
        " equals ewm expanding expandtabs explode ffill filter find first_valid_index flatten format ge get get_group groupby gt head hist idxmax idxmin"
        " index info intersection interpolate isalnum isalpha isdecimal isdigit isdisjoint isidentifier isin islower isna isnull isnumeric isspace issubset"
        " issuperset istitle isupper items iterrows itertuples join keys kurt last_valid_index le ljust lower lstrip lt map max mean median melt"
        " memory_usage merge min mode most_common mul ndim ne nlargest notna notnull nsmallest nunique partition pct_change pipe pivot pivot_table plot"
        " prod product quantile rank reindex repeat resample reshape rfind rindex rjust rolling round rpartition rsplit rstrip sample sem shift size skew"
        " slice_shift split splitlines squeeze stack startswith std strip sub sum swapaxes swapcase symmetric_difference tail take title to_csv to_dict"
        " to_excel to_feather to_frame to_html to_json to_latex to_list to_markdown to_numpy to_parquet to_pickle to_records to_sql to_string tobytes"
        " tolist transform translate transpose truncate union unique unstack upper value_counts values var with_columns select collect where xs zfill"
    )
)
"""Methods of data frames, arrays and builtin containers that change nothing, unless told `inplace=True`."""
ESTIMATORS = frozenset({"sklearn", "xgboost", "lightgbm", "catboost", "imblearn"})
_ASKS = frozenset(
    _words(
        "predict predict_proba predict_log_proba decision_function score score_samples transform inverse_transform get_params get_feature_names_out get_depth"
        " get_n_leaves staged_predict staged_predict_proba staged_decision_function kneighbors kneighbors_graph apply decision_path get_booster get_support"
        " feature_importances split get_n_splits cost_complexity_pruning_path aic bic perplexity mahalanobis get_covariance get_precision"
    )
)
"""Methods of estimators that leave them as they are."""
_FITS = frozenset({"fit", "fit_transform", "fit_predict"})
_INPLACE_BY_WORD = frozenset(
    _words(
        "assign drop dropna fillna rename replace reset_index set_index set_axis sort_values sort_index query eval mask drop_duplicates ffill bfill clip"
        " interpolate"
    )
)

SEEDS: dict[str, tuple[str, ...]] = {
    "random.seed": ("random",), "numpy.random.seed": ("numpy",), "torch.manual_seed": ("torch",), "torch.random.manual_seed": ("torch",),
    "tensorflow.random.set_seed": ("tensorflow",), "random.setstate": ("random",), "numpy.random.set_state": ("numpy",), "torch.set_rng_state": ("torch",),
    "keras.utils.set_random_seed": ("random", "numpy", "torch", "tensorflow"), "tensorflow.keras.utils.set_random_seed": ("random", "numpy", "tensorflow"),
    "lightning.seed_everything": ("random", "numpy", "torch"), "pytorch_lightning.seed_everything": ("random", "numpy", "torch"),
    "lightning.pytorch.seed_everything": ("random", "numpy", "torch"), "transformers.set_seed": ("random", "numpy", "torch"),
    "accelerate.utils.set_seed": ("random", "numpy", "torch"), "cupy.random.seed": ("cupy",),
}  # fmt: skip
"""Functions that seed, and whose random state they fix."""
_GENERATORS = {
    "numpy.random.default_rng", "numpy.random.Generator", "numpy.random.RandomState", "numpy.random.SeedSequence", "numpy.random.PCG64", "random.Random",
    "numpy.random.MT19937", "numpy.random.Philox",
}  # fmt: skip
DRAWING = ("random.", "numpy.random.")
"""Modules whose functions are methods of an object, or no functions to Python."""
GENERATORS = ("object numpy.random", "object random", "object torch._C")
"""Kinds of random generators: whoever is handed one may draw from it."""
_RANDOM_BY_DEFAULT = frozenset(
    _words(
        "BaggingClassifier BaggingRegressor ExtraTreesClassifier ExtraTreesRegressor RandomForestClassifier RandomForestRegressor RandomTreesEmbedding"
        " IsolationForest ExtraTreeClassifier ExtraTreeRegressor MLPClassifier MLPRegressor BernoulliRBM SGDClassifier SGDRegressor SGDOneClassSVM"
        " Perceptron PassiveAggressiveClassifier KMeans MiniBatchKMeans BisectingKMeans GaussianMixture BayesianGaussianMixture TSNE MDS NMF MiniBatchNMF"
        " FastICA LatentDirichletAllocation DictionaryLearning MiniBatchDictionaryLearning TruncatedSVD RandomizedSearchCV HalvingRandomSearchCV"
        " RANSACRegressor TheilSenRegressor ShuffleSplit StratifiedShuffleSplit GroupShuffleSplit RepeatedKFold RepeatedStratifiedKFold train_test_split"
        " shuffle resample GradientBoostingClassifier GradientBoostingRegressor HistGradientBoostingClassifier HistGradientBoostingRegressor"
        " DecisionTreeClassifier DecisionTreeRegressor AdaBoostClassifier AdaBoostRegressor Nystroem RBFSampler GaussianRandomProjection"
        " SparseRandomProjection permutation_importance make_classification make_regression make_blobs make_moons make_circles make_friedman1"
        " make_multilabel_classification make_low_rank_matrix make_sparse_coded_signal make_swiss_roll make_s_curve make_gaussian_quantiles"
        " mutual_info_classif mutual_info_regression"
    )
)
"""Of scikit-learn: draw from NumPy's random state where no `random_state` is given."""
_RANDOM_IF_SHUFFLED = frozenset({"KFold", "StratifiedKFold", "StratifiedGroupKFold"})
_TORCH_DRAWS = regex(
    r"^torch\.(rand|randn|randint|randperm|normal|bernoulli|multinomial|poisson|rand_like|randn_like|randint_like|dropout)$"
    r"|^torch\.nn\.([A-Z]\w*)$|^torch\.nn\.init\.\w+$|^torch\.nn\.functional\.(alpha_|feature_)?dropout\w*$|^torchvision\.models\.\w+$|^torch\.utils\.data\.random_split$"
)
_TORCH_STILL = regex(
    r"^torch\.nn\.(\w*Loss|ReLU|GELU|Sigmoid|Tanh|Softmax|LogSoftmax|Flatten|Sequential|ModuleList|ModuleDict|Module|\w*Pool\w*|Identity|SiLU|LeakyReLU|ELU)$"
)
_KERAS_DRAWS = regex(r"^(keras|tensorflow\.keras)\.(layers\.[A-Z]\w*|initializers\.\w+|random\.\w+)$|^tensorflow\.random\.(?!set_seed|Generator)\w+$")
UNSEEDABLE = regex(r"^(uuid\.uuid[14]|secrets\.\w+|os\.urandom|random\.SystemRandom|torch\.(random\.)?seed)$")


def draws(name: str, keywords: frozenset[str], named: dict[str, str], n_args: int, first: str | None = None) -> tuple[str, ...]:
    """Random states that a call draws from and moves on; `unseeded` where nothing can repeat it.

    Args:
        name: full dotted name.
        keywords: names of keyword arguments.
        named: those that are literals, as text.
        first: the first argument, where it is known.
    """
    if UNSEEDABLE.match(name):
        return ("unseeded",)
    if name in SEEDS or name in _GENERATORS:  # without a seed they take one from the system
        return () if (n_args or keywords) and "None" not in (first, named.get("seed"), named.get("a"), named.get("x")) else ("unseeded",)
    if name.startswith("random.") and not name.startswith(("random.get", "random.set")):
        return ("random",)
    if name.startswith(("numpy.random.", "cupy.random.")):
        return () if name.endswith(("get_state", "set_state")) else (name.partition(".")[0],)
    last = name.rpartition(".")[2]
    if name.startswith(("sklearn.", "imblearn.")) and named.get("random_state", "None") == "None":
        if last in _RANDOM_BY_DEFAULT and "random_state" not in (keywords - named.keys()):
            return () if last == "train_test_split" and named.get("shuffle") == "False" else ("numpy",)
        if last in _RANDOM_IF_SHUFFLED and named.get("shuffle") == "True" and "random_state" not in keywords:
            return ("numpy",)
    if "generator" in keywords and named.get("generator") != "None":
        return ()
    if (_TORCH_DRAWS.match(name) and not _TORCH_STILL.match(name)) or (name == "torch.utils.data.DataLoader" and named.get("shuffle") == "True"):
        return ("torch",)
    if _KERAS_DRAWS.match(name):
        return ("tensorflow" if name.startswith("tensorflow") else "torch", "numpy")[: 1 if name.startswith("tensorflow.random") else 2]
    return ()


def is_gentle(name: str) -> bool:
    """Whether a library's function leaves what it is handed as it was."""
    return name.partition(".")[0] in GENTLE and not CHANGES_ARGUMENTS.match(name)


def refits(type_module: str, method: str, keywords: frozenset[str]) -> bool:
    """Whether a method fits an estimator anew, whatever it had learnt before."""
    return type_module.partition(".")[0] in ESTIMATORS and method in _FITS and not keywords & {"xgb_model", "init_model"}


def is_pure_method(type_module: str, method: str, named: dict[str, str], keywords: frozenset[str]) -> bool:
    """Whether a method of a type of that module surely leaves its object as it was."""
    if type_module.partition(".")[0] in ESTIMATORS and method in _ASKS:
        return True
    if type_module.partition(".")[0] not in DATA or named.get("inplace", "False") != "False" or ("inplace" in keywords and "inplace" not in named):
        return False
    return method in PURE_METHODS or (method in _INPLACE_BY_WORD and type_module.partition(".")[0] in ("pandas", "polars"))


_READS = regex(
    r"^(pandas\.(read_\w+|ExcelFile|HDFStore)|polars\.(read_\w+|scan_\w+)|numpy\.(load|loadtxt|genfromtxt|fromfile)|joblib\.load|torch\.(jit\.)?load"
    r"|PIL\.Image\.open|matplotlib\.(pyplot|image)\.imread|pyarrow\.parquet\.read_\w+|sqlite3\.connect|h5py\.File|xgboost\.DMatrix|cv2\.imread|json\.load|toml\.load"
    r"|os\.stat|os\.path\.(exists|getsize|getmtime|isfile|isdir)|scipy\.io\.loadmat|geopandas\.read_file|runpy\.run_path|nibabel\.load)$"
)
_LISTS = regex(r"^(os\.(listdir|scandir|f?walk)|glob\.i?glob)$")
_WRITES = regex(
    r"^(numpy\.(save|savez|savez_compressed|savetxt)|joblib\.dump|torch\.(jit\.)?save|matplotlib\.pyplot\.(savefig|imsave)|sqlite3\.connect|h5py\.File|cv2\.imwrite"
    r"|os\.(remove|unlink|makedirs|mkdir|rmdir|rename|replace|chmod|chown|utime|truncate|link|symlink)|shutil\.\w+|pyarrow\.parquet\.write_\w+|zipfile\.ZipFile|tarfile\.open|scipy\.io\.savemat)$"
)
_READ_METHODS = frozenset(
    {"read_text", "read_bytes", "exists", "iterdir", "glob", "rglob", "is_file", "is_dir", "load_model", "load_weights", "load_state_dict_file"}
)
_WRITE_METHODS = frozenset(
    _words(
        "to_csv to_parquet to_json to_pickle to_excel to_feather to_hdf to_html to_stata to_sql write_csv write_parquet write_json write_text write_bytes"
        " savefig save_model save_weights to_file unlink touch mkdir rmdir chmod symlink_to hardlink_to rename replace tofile write_image write_html"
    )
)
OWN_FILE = frozenset(_words("open read_text read_bytes write_text write_bytes exists is_file stat"))
"""Methods of a path that read, or write anew, the file it names and no other."""
ASKS_ABOUT = frozenset(_words("exists isfile isdir is_file is_dir iterdir listdir scandir walk glob iglob rglob getmtime"))
"""Methods and functions that ask about a file, whatever is in it."""
PATH_METHODS = OWN_FILE | frozenset(_words("iterdir glob rglob is_dir unlink touch mkdir rmdir rename symlink_to hardlink_to chmod"))
"""Methods by which a path is told from a text."""
_READ_MODES = regex(r"^r[bt]?$")


def files(name: str, method: str, texts: tuple[str | None, ...], named: dict[str, str], type_module: str) -> list[tuple[str, str | None]]:
    """Files a call reads and writes: pairs of `read`, `write` (the whole file) or `add`, and the path as `Call.texts` tells it; None where nobody can say.

    Args:
        name: full dotted name of a library's function, else empty.
        method: last part of what is called.
        type_module: of the object whose method is called, where it is known.
    """
    first = texts[0] if texts else named.get("path_or_buf", named.get("path", named.get("fname", named.get("file"))))
    if (
        name == "builtins.open"
        or name in ("io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open")
        or (method == "open" and type_module.startswith("pathlib"))
    ):
        mode = named.get("mode") or (texts[1] if len(texts) > 1 and name else texts[0] if texts and not name else None) or "r"
        path = first if name else None  # a path's own method is told the mode alone
        if _READ_MODES.match(mode):
            return [("read", path)]
        return [("add" if mode[:1] in "ar=" else "write", path)]
    found: list[tuple[str, str | None]] = []
    if name in ("shelve.open", "dbm.open"):
        return [("add", first)]
    if MAPS.match(name):
        mode = named.get("mode", texts[2] if len(texts) > 2 and texts[2] else "r+")
        return [("read" if mode in ("r", "c") else "write" if mode == "w+" else "add", first)]
    if name in ("torch.save", "joblib.dump"):
        return [("write", texts[1] if len(texts) > 1 else None)]
    if _LISTS.match(name):
        return [("read", None)]  # any file that is made may be among them
    if _READS.match(name):
        found.append(("read", first))
    if _WRITES.match(name):
        both = name.startswith(("sqlite3", "h5py", "shutil", "zipfile", "tarfile", "os."))
        found.append(("add" if both else "write", first))
        if name.startswith(("shutil.copy", "shutil.move", "os.rename", "os.replace")):
            found = [("read", first), ("write", texts[1] if len(texts) > 1 else None)]
    if not name and method in _WRITE_METHODS and type_module.partition(".")[0] not in ("builtins", ""):
        is_frame = type_module.startswith(("pandas", "polars"))
        if not (is_frame and method in ("rename", "replace")) and (texts or named or type_module.startswith("pathlib")):
            is_added = (named.get("mode") or "w")[:1] == "a" or method == "to_sql"
            found.append(("add" if is_added else "write", None if type_module.startswith("pathlib") else first))
    if not name and method in _READ_METHODS and type_module.startswith(("pathlib", "torch", "xgboost", "lightgbm", "keras")):
        found.append(("read", None if type_module.startswith("pathlib") else first))
    return found


CLOCK = regex(
    r"^(time\.((time|perf_counter|monotonic|process_time)(_ns)?|localtime|gmtime|ctime|strftime)|datetime\.(datetime|date)\.(now|utcnow|today)|pandas\.Timestamp\.(now|today|utcnow))$"
)
CLOCK_WORDS = regex(r"^(pandas\.(Timestamp|to_datetime|DatetimeIndex|Period)|numpy\.datetime64)$")
"""Take the time where they are told `now` or `today`."""
TIMING = regex(r"^time\.(time|perf_counter|monotonic|process_time)(_ns)?$")
"""Almost always measures how long something took, which is no result."""
IDENTIFIERS, _MARKED = r"[^\W\d]\w*", r"@([^\W\d]\w*)"
_FORMULAS = "sql execute evaluate read_sql read_sql_query from_formula ols wls gls glm logit probit poisson mixedlm quantreg dmatrix dmatrices anova_lm"
NAMES_IN_TEXTS = dict.fromkeys(_words("query eval"), _MARKED) | dict.fromkeys(_words(_FORMULAS), IDENTIFIERS)
"""Functions and methods that take names of the notebook out of a text, and what a name looks like in it."""
NETWORK = regex(
    r"^(requests|urllib\.request|httpx|aiohttp|urllib3|boto3|botocore|kagglehub|kaggle|yfinance|openml|gdown|wget|s3fs|gcsfs|paramiko|ftplib|smtplib|http\.client|socket)\.\w+"
    r"|^sklearn\.datasets\.fetch_\w+$|^(datasets|transformers)\.(load_dataset|pipeline)$|^huggingface_hub\.\w+$|^torch\.hub\.\w+$|^seaborn\.load_dataset$"
    r"|^(datetime\.)?webbrowser\.\w+$|^(keras|tensorflow\.keras)\.datasets\.\w+\.load_data$|^torchvision\.datasets\.\w+$|^sqlalchemy\.create_engine$|^(psycopg2?|pymysql|oracledb)\.connect$"
)
INPUT = regex(r"^(builtins\.input|getpass\.getpass|ipywidgets\.\w+|sys\.stdin\.\w+)$")
BACKGROUND = regex(
    r"^(asyncio\.(create_task|ensure_future|run_coroutine_threadsafe)|threading\.(Thread|Timer)|concurrent\.futures\.\w+|multiprocessing\.\w+|subprocess\.Popen)$"
)
PLOTTING = regex(r"^(matplotlib\.pyplot|seaborn|pylab)\.")
PLOT_SETTINGS = regex(
    r"^(matplotlib\.(rc|rcdefaults|use|style\.use|pyplot\.(rc|style\.use|switch_backend|xkcd|set_cmap))|seaborn\.(set|set_theme|set_style|set_context|set_palette|reset_\w+)"
    r"|matplotlib\.(pyplot\.)?rcParams\.\w+)$"
)
OPTIONS = regex(
    r"^(pandas\.(set_option|reset_option|options)|numpy\.(set_printoptions|seterr|seterrcall)|warnings\.(filterwarnings|simplefilter)|logging\.\w+|torch\.(set_\w+|backends\.\S+|use_\w+)"
    r"|locale\.setlocale|time\.tzset|decimal\.getcontext|sklearn\.set_config|polars\.Config\.\w+|os\.(chdir|putenv|unsetenv)|sys\.path\.\w+|tensorflow\.(config|keras\.backend)\.\S+"
    r"|keras\.(backend|mixed_precision|config)\.\S+|random\.setstate|gc\.\w+|matplotlib\.(use|rc)|ipywidgets\.\w+)$"
)
"""Functions that change the state of a whole library, or of the process."""
PROCESS = regex(
    r"^(sys\.(set(recursionlimit|_int_max_str_digits|trace|profile)|argv\.\w+)|os\.umask|signal\.(signal|alarm|setitimer)|socket\.setdefaulttimeout"
    r"|resource\.setrlimit|codecs\.(un)?register\w*)$"
)
"""Functions that change what holds for all code of the process."""
READ_BACK = regex(
    r"^(pandas\.(set_option|reset_option|options)|numpy\.(set_printoptions|seterr)|warnings\.(filterwarnings|simplefilter|resetwarnings)|locale\.setlocale"
    r"|sys\.(set(recursionlimit|_int_max_str_digits)|path\.\w+)|matplotlib\.(rc|rcdefaults|style\.use)|matplotlib\.pyplot\.(rc|style\.use)"
    r"|matplotlib\.(pyplot\.)?rcParams\.\w+|seaborn\.(set|set_theme|set_style|set_context|set_palette))$"
)
"""Of all these, whose whole effect is seen: where nothing is otherwise afterwards, nothing was changed."""
CHANGERS = frozenset(_words("add append appendleft clear discard extend insert pop popitem popleft push register remove reverse setdefault sort update"))
"""Methods that change what a module keeps, if they are called on it."""
_SETTER = regex(
    r"\.(set(?!p$|diff|xor|attr|default)\w+|reset_\w+|(un)?register(_\w+)?|(en|dis)able(_\w+)?|add_(type|extension)|(config|options)\.(set|update)|install)$"
)
_NO_SETTERS = frozenset({"builtins", "mlflow", "nbtrack", "wandb"})
OPTION_NAMES = regex(r"\b(rcParams|options|config)\b")
"""Attributes of a library's module that hold its options."""


def is_setter(name: str) -> bool:
    """Whether a library's function is likely to set something for whoever uses the library."""
    return _SETTER.search(name) is not None and name not in SEEDS and name.partition(".")[0] not in _NO_SETTERS


def plain(name: str) -> str:
    """A full name, one for what is reached by several."""
    return name.replace("matplotlib.pyplot.", "matplotlib.")


SHELL = regex(r"^(subprocess\.(run|call|check_call|check_output|getoutput|getstatusoutput|Popen)|os\.(system|popen|startfile|spawn\w+|posix_spawn\w*))$")
"""Functions that start another program."""
SHELLS = ("object ipykernel", "object IPython")
"""Kinds of IPython's shell."""
HOOKS = frozenset(_words("events ast_transformers input_transformers_cleanup input_transformers_post set_custom_exc"))
"""Parts of it by which all cells from then on do something else."""
TAKES_OUTPUT = regex(r"^(subprocess\.(check_output|getoutput|getstatusoutput|Popen)|os\.popen)$")
"""Of these, whose value is what the program writes."""
MACHINE = regex(
    r"^(tempfile\.(mkdtemp|mkstemp|mktemp|gettempdir|\w*Temporary\w+)|os\.(getpid|getppid|getlogin)|os\.path\.expanduser|pathlib\.Path\.home|socket\.gethostname"
    r"|platform\.node|builtins\.id)$"
)
"""Give what is another on each machine, or in each process."""
SHARED = regex(r"^(logging\.getLogger|decimal\.getcontext|asyncio\.get_event_loop|locale\.\w+)$")
"""Give an object that all code of the process has in common."""
LOGGING = frozenset(_words("debug info warning warn error critical exception log isEnabledFor getEffectiveLevel hasHandlers getChild"))
"""Methods of a logger that leave it as it is."""
PATCHES = regex(r"^(builtins\.(setattr|delattr)|unittest\.mock\.patch(\.\w+)?)$")
STORES = frozenset(_words("mmap sqlite3 h5py zipfile tarfile shelve dbm tables duckdb lmdb zarr netCDF4"))
"""Packages whose objects write to the file they were opened with."""
MAPS = regex(r"^numpy\.(memmap|lib\.format\.open_memmap)$")
"""Functions whose array is a file."""
DATABASES = frozenset(_words("sqlite3 duckdb sqlalchemy psycopg psycopg2 pymysql"))
QUERY = regex(r"(?i)^\s*(select|show|describe|explain)\b")
QUIET_COMMANDS = regex(
    r"^\s*(ls|ll|dir|pwd|echo|cat|head|tail|wc|which|type|date|whoami|uname|nvidia-smi|df|du|free|file|env|python3? (--version|-V)"
    r"|pip3? (list|show|freeze|check)"
    r"|git (status|log|diff|show|branch)|#.*)(\s|$)"
)
"""Shell commands that only show."""
QUIET_MAGICS = frozenset(
    _words(
        "track nbtrack who who_ls whos pwd ls ll history hist recall lsmagic magic quickref pdoc pdef psource pfile pinfo pinfo2 page precision"
        " doctest_mode xmode colors debug pdb tb dhist notebook rerun logstart logstop edit load loadpy pastebin save alias_magic gui"
    )
)
PACKAGE_MAGICS = frozenset({"pip", "conda", "mamba", "uv", "micromamba"})
INSTALL = regex(r"\b(pip3?|conda|mamba|uv|poetry|apt|apt-get)\b.*\b(install|add|uninstall|remove)\b")
