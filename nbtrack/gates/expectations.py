"""Great Expectations' door: which expectations of a suite a table does not meet."""

from __future__ import annotations

import logging
import os
import warnings
from typing import TYPE_CHECKING, Any

from nbtrack.amounts import counted
from nbtrack.gates import frames
from nbtrack.gates.gate import CannotTellError, Subject, need

if TYPE_CHECKING:
    from pandas import DataFrame


def unmet(source: str, table: DataFrame, subject: Subject) -> list[str]:
    """What is not met, a line an expectation; empty where all is.

    Args:
        source: JSON file of a suite.

    Raises:
        CannotTellError: it is no suite, or has no expectations.
        MissingPackageError: Great Expectations is not installed.
    """
    facts = frames.read_json(subject.folder / source)
    if not isinstance(facts, dict) or not facts.get("expectations"):
        raise CannotTellError(f"{source} is no suite with expectations.", mend="Write it as Great Expectations does: {name, expectations: [{type, kwargs}]}.")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # it would send what it did over the network
    gx = need("great_expectations", "great-expectations", "A suite", extra="expectations")
    log = logging.getLogger("great_expectations")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context: Any = gx.get_context(mode="ephemeral")
            context.variables.progress_bars = {"globally": False, "metric_calculations": False}
            batch = (
                context.data_sources.add_pandas("nbtrack").add_dataframe_asset("table").add_batch_definition_whole_dataframe("all")
                .get_batch(batch_parameters={"dataframe": table})
            )  # fmt: skip
            expectations = [{"type": it.get("type", it.get("expectation_type")), "kwargs": it.get("kwargs", {})} for it in facts["expectations"]]
            suite = gx.ExpectationSuite(name=str(facts.get("name") or "suite"), expectations=expectations)
            results = batch.validate(suite).results
    except Exception as cause:  # it raises what its parts raise
        raise CannotTellError(
            f"{source} cannot be evaluated: {type(cause).__name__}: {cause}", mend="Check types and arguments of its expectations."
        ) from cause
    finally:
        log.setLevel(level)
    if len(results) != len(expectations):  # it only logs those it does not know
        why = f"{source} has {counted(len(expectations), 'expectation')}, of which Great Expectations knows {len(results)}."
        raise CannotTellError(why, mend=f"Correct their types: {', '.join(str(it['type']) for it in expectations)}.")
    return [_line(it) for it in results if not it.success]


def _line(result: Any) -> str:
    found = result.expectation_config
    kwargs = {name: value for name, value in found.kwargs.items() if name != "batch_id"}
    column = kwargs.pop("column", "")
    told = ", ".join(f"{name} {value}" for name, value in kwargs.items())
    facts = result.result or {}
    seen = facts.get("observed_value")
    if seen is None and facts.get("unexpected_count") is not None:
        seen = (
            f"{facts['unexpected_count']} of {facts.get('element_count', '?')}, such as {', '.join(map(str, (facts.get('partial_unexpected_list') or [])[:3]))}"
        )
    raised = (result.exception_info or {}).get("exception_message") if isinstance(result.exception_info, dict) else None
    return f"{column + ': ' if column else ''}{found.type}{f' ({told})' if told else ''}: " + (f"raised {raised}" if raised else f"found {seen}")
