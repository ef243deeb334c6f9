# Executed after a notebook's last cell, untracked: the labelled values in this execution, and the names of params that library objects really have.


def _probe(sources, namespace):
    import inspect
    import sys

    def plain(value):
        value = value.item() if hasattr(value, "item") else value
        return value if isinstance(value, (int, str, bool)) or value is None else float(value)

    def curve(source):
        if isinstance(source, dict):
            evaluated = {part: eval(it, namespace) if isinstance(it, str) else it for part, it in source.items()}
            return {"points": evaluated["points"], "last": None if evaluated["last"] is None else plain(evaluated["last"])}
        points = eval(source, namespace)
        return {"points": len(points), "last": plain(points[-1])}

    values = {kind: {name: plain(eval(source, namespace)) for name, source in named.items()} for kind, named in sources.items() if kind != "curves"}
    values["curves"] = {name: curve(source) for name, source in sources.get("curves", {}).items()}

    detail = set()
    for value in list(namespace.values()):
        kind = value if inspect.isclass(value) else type(value)
        if kind.__module__.partition(".")[0] in ("__main__", "builtins"):
            continue
        if hasattr(kind, "get_params") and hasattr(kind, "set_params"):  # scikit-learn's protocol; lightgbm's Dataset has the first alone
            if not inspect.isclass(value):
                detail |= set(value.get_params(deep=True))
            detail |= set(inspect.signature(kind).parameters)
        detail |= set(getattr(value, "defaults", None) or ()) if hasattr(kind, "zero_grad") else set()
        optimizer = getattr(value, "optimizer", None)
        if hasattr(optimizer, "get_config"):  # Keras
            detail |= {f"{before}{name}" for name in optimizer.get_config() for before in ("", "opt_", "optimizer_")}
        fit = getattr(getattr(value, "model", None), "fit", None) if kind.__module__.startswith("statsmodels.") else None
        detail |= set(inspect.signature(fit).parameters) if fit is not None else set()
    for module, path in (("xgboost", "train"), ("lightgbm", "train"), ("keras", "Model.fit"), ("keras", "Model.compile")):
        found = sys.modules.get(module)
        for part in path.split("."):
            found = getattr(found, part, None)
        detail |= set(inspect.signature(found).parameters) if found is not None else set()
    return {"values": values, "detail": sorted(detail)}


import json as _json  # noqa: E402

print(__mark__ + _json.dumps(_probe(_json.loads(__labels__), globals())))  # noqa: F821
