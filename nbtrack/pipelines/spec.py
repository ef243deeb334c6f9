"""`nbtrack.yaml` as a model: what may stand in it, and of which type."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from nbtrack.pipelines.schedules.when import when

FILE = "nbtrack.yaml"
OWN = "x-"
"""How keys at the top begin that nobody reads: a place for anchors."""
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40}
_NAME = r"^[^\W\d][\w-]*$"
Name = Annotated[str, Field(pattern=_NAME)]
Identifier = Annotated[str, Field(pattern=r"^[^\W\d]\w*$")]
Scalar = bool | int | float | str | None


def _seconds(value: Any) -> Any:
    if isinstance(value, str):
        parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smhd])", value)
        if not parts or re.sub(r"[\d.\ssmhd]", "", value):
            raise ValueError("a time is a number of seconds, or such as 90s, 30m, 1h30m, 2d")
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    return value


def _size(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?", value.strip().lower())
        if match is None or match[2] not in _SIZES:
            raise ValueError("a size is a number of bytes, or such as 500MB, 4GB, 2GiB")
        return int(float(match[1]) * _SIZES[match[2]])
    return value


Seconds = Annotated[float, Field(gt=0), BeforeValidator(_seconds, json_schema_input_type=float | str)]
Bytes = Annotated[int, Field(gt=0), BeforeValidator(_size, json_schema_input_type=int | str)]


class Strict(BaseModel):
    """Fields that are not known are refused, and nothing is turned from one type into another."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Output(Strict):
    """What a stage makes: a file or folder, or a value that it records with `nbtrack.output`."""

    path: str = Field(default="", description="File or folder, from the folder of nbtrack.yaml.")
    value: Literal["", "any", "int", "float", "str", "bool", "list", "dict"] = Field(default="", description="Type of a value recorded with nbtrack.output.")

    @model_validator(mode="after")
    def _is_one(self) -> Output:
        if bool(self.path) == bool(self.value):
            raise ValueError("an output has either a path, or `value: TYPE`")
        return self


class Retries(Strict):
    """How often a stage that failed is tried again, and how long before."""

    times: int = Field(default=0, ge=0, le=100, description="Tries after the first one.")
    wait: Seconds = Field(default=1.0, description="Before the second try.")
    factor: float = Field(default=2.0, ge=1, description="By which the wait grows from try to try.")


def _output(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


def _retries(value: Any) -> Any:
    return {"times": value} if isinstance(value, int) and not isinstance(value, bool) else value


AnyOutput = Annotated[Output, BeforeValidator(_output, json_schema_input_type=str | Output)]
AnyRetries = Annotated[Retries, BeforeValidator(_retries, json_schema_input_type=int | Retries)]


class Resources(Strict):
    """What a stage needs while it runs; stages wait until there is enough."""

    cpus: float = Field(default=1.0, gt=0)
    memory: Bytes | None = Field(default=None, description="Such as 4GB.")
    price: float = Field(default=0.0, ge=0, description="Of an hour, in whatever currency; what an attempt cost is noted on its run.")


class Environment(Strict):
    """What a stage is executed in."""

    kernel: str = Field(default="", description="Name of an installed kernel; the notebook's own if empty.")
    variables: dict[Identifier, str] = Field(default_factory=dict, description="Variables of the kernel's process.")
    lock: str = Field(default="", description="Lock file that stands for the environment in the cache's key; `none` for nothing. Else what is installed.")


class SweepSpec(Strict):
    """A search for the best params of a stage's notebook, by the stage's `goal`."""

    params: dict[Identifier, str | list[Scalar]] = Field(
        min_length=1, description="What is searched: log(LOW, HIGH), uniform(LOW, HIGH[, STEP]), int(LOW, HIGH[, STEP]), choice(A, B, ...) or a list."
    )
    trials: int | None = Field(default=None, ge=1, description="How many; 20, or all of a grid.")
    jobs: int | None = Field(default=None, ge=1, description="Trials at once; as many as stages if nothing is said.")
    sampler: Literal["tpe", "random", "grid"] = Field(default="tpe", description="How params are chosen.")
    prune: Literal["none", "hyperband", "median"] = Field(default="none", description="How trials are ended early whose curve does worse than others'.")
    seed: int | None = Field(default=None, description="Of what is drawn.")


class Validation(Strict):
    """Tables of a stage that must meet a pandera schema: a YAML file as pandera writes it, or `FILE.py:NAME` of a schema or model."""

    inputs: dict[Identifier, str] = Field(default_factory=dict, description="Schemas by input; looked at before the stage runs.")
    outputs: dict[Identifier, str] = Field(default_factory=dict, description="Schemas by output; looked at when it has run.")


class _Fields(Strict):
    """What a stage says of itself, and what `defaults` may say for all."""

    needs: list[Name] = Field(default_factory=list, description="Stages that must be done before, beside those whose outputs are used.")
    when: bool | str = Field(default=True, description="A condition, such as ${evaluate.outputs.rmse} < 0.5; where it does not hold, the stage is skipped.")
    retries: AnyRetries = Field(default_factory=Retries)
    timeout: Seconds | None = Field(default=None, description="Time an attempt may take, such as 30m.")
    resources: Resources = Field(default_factory=Resources)
    environment: Environment = Field(default_factory=Environment)
    gates: list[str] | dict[str, dict[str, Any]] = Field(
        default_factory=list, description="Checks that must pass: names of gates of `gates:`, or gates by name."
    )
    cache: bool = Field(default=True, description="Whether a result is kept and used again while nothing that it depends on changed.")
    folder: str = Field(default="", description="Folder it is executed in; the notebook's own if empty.")
    goal: str = Field(default="", pattern=r"^$|^(max|min):.+", description="max:METRIC or min:METRIC.")
    tags: dict[str, str] = Field(default_factory=dict, description="Tags of the run.")


class Stage(_Fields):
    """One notebook of a pipeline."""

    notebook: str = Field(description="Notebook, from the folder of nbtrack.yaml.")
    description: str = ""
    params: dict[Identifier, Any] = Field(
        default_factory=dict, description="Values for its parameters; ${params.x}, ${stage.outputs.x}, ${matrix.x}, ${env.X}, ${secrets.X}, ${trial.x}."
    )
    inputs: dict[Identifier, str] = Field(default_factory=dict, description="Files and folders it reads, by name or as a list.")
    outputs: dict[Identifier, AnyOutput] = Field(default_factory=dict, description="What it makes, by name or as a list of paths.")
    validate_: Validation = Field(default_factory=Validation, alias="validate", description="Pandera schemas of inputs and outputs.")
    matrix: dict[Identifier, list[Scalar]] = Field(default_factory=dict, description="The stage is run for every combination of these values.")

    sweep: SweepSpec | None = Field(
        default=None, description="Run it again and again with other params; its outputs are those of the best trial, its params by name, best_params."
    )

    @field_validator("inputs", mode="before", json_schema_input_type=dict[Identifier, str] | list[str])
    @classmethod
    def _inputs_by_name(cls, data: Any) -> Any:
        return _by_name(data)

    @field_validator("outputs", mode="before", json_schema_input_type=dict[Identifier, AnyOutput] | list[str])
    @classmethod
    def _outputs_by_name(cls, data: Any) -> Any:
        return _by_name(data)

    @field_validator("matrix")
    @classmethod
    def _has_values(cls, data: dict[str, list[Scalar]]) -> dict[str, list[Scalar]]:
        for name, values in data.items():
            if not values:
                raise ValueError(f"{name} has no values")
            if len({(type(it), it) for it in values}) < len(values):
                raise ValueError(f"{name} has a value twice")
        return data


class ScheduleSpec(Strict):
    """When a pipeline is run again, and what of it."""

    when: str = Field(description="weekly, daily, hourly, monthly, such as `mon 03:00`, or the five fields of cron.")
    stages: list[Name] = Field(default_factory=list, description="These and what they need; all if none is named.")
    profile: str = Field(default="", description="A profile of this file.")
    params: dict[Identifier, Any] = Field(default_factory=dict, description="Params of the pipeline, instead of those in this file.")
    jobs: int = Field(default=1, ge=1, description="Stages at once.")

    @field_validator("when")
    @classmethod
    def _is_a_time(cls, data: str) -> str:
        when(data)
        return data


def _schedule(value: Any) -> Any:
    return {"when": value} if isinstance(value, str) else value


AnySchedule = Annotated[ScheduleSpec, BeforeValidator(_schedule, json_schema_input_type=str | ScheduleSpec)]


class Defaults(_Fields):
    """What holds for every stage that says nothing else."""


class Pipeline(Strict):
    """A pipeline of notebooks, as `nbtrack run` executes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, title="nbtrack.yaml")

    schema_: str = Field(default="", alias="$schema", description="Address of this schema, for editors.")
    name: str = Field(default="", description="Name of the pipeline; that of its folder if empty.")
    description: str = ""
    experiment: str = Field(default="", description="Experiment of its runs; the pipeline's name if empty.")
    params: dict[Identifier, Any] = Field(default_factory=dict, description="Params that stages use as ${params.x}; -p sets them.")
    env: list[Identifier] = Field(default_factory=list, description="Variables of the environment that ${env.X} may read.")
    secrets: list[Identifier] = Field(
        default_factory=list, description="Variables that hold secrets; ${secrets.X} hands them to a notebook, and they are written nowhere."
    )
    remote: str = Field(default="", description="Shared cache: a folder, or a URL such as s3://bucket/cache.")
    gates: dict[str, Any] = Field(default_factory=dict, description="Checks by name, which stages and runs can be held against.")
    tests: dict[str, Any] = Field(default_factory=dict, description="How `pytest --nbtrack` runs notebooks.")
    defaults: Defaults = Field(default_factory=Defaults)
    profiles: dict[Name, dict[str, Any]] = Field(default_factory=dict, description="Changes to all of this, chosen with --profile.")
    schedules: dict[Name, AnySchedule] = Field(default_factory=dict, description="When it is run again, by name; `nbtrack schedule add NAME` has it done.")
    stages: dict[Name, Stage] = Field(min_length=1)


def _by_name(data: Any) -> Any:
    """Paths of a list, each under a name of its own."""
    if not isinstance(data, list):
        return data
    if not all(isinstance(it, str) for it in data):
        raise ValueError("a list holds paths; write `name: path` to name them")
    named = {_stem(it): it for it in data}
    if len(named) < len(data):
        raise ValueError("two of these paths would have the same name; write `name: path` for each")
    return named


def _stem(path: str) -> str:
    """A name for a path: its last part without ending, as an identifier."""
    last = re.sub(r"\$\{[^}]*\}", "", path).rstrip("/").rpartition("/")[2].partition(".")[0]
    return re.sub(r"\W+", "_", last).strip("_") or "it"
