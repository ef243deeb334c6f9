"""The JSON Schema of `nbtrack.yaml`, with which editors complete and check it."""

from __future__ import annotations

from typing import Any

from nbtrack.gates.spec import json_schema
from nbtrack.pipelines.spec import OWN, Pipeline


def schema() -> dict[str, Any]:
    """Of the whole file: the pipeline's model knows gates as data alone, and here is what they are."""
    found = Pipeline.model_json_schema()
    gates = json_schema()
    parts = found["$defs"]
    parts |= {name: part for name, part in gates.pop("$defs").items() if name not in parts} | {"Gates": gates}
    found["properties"]["gates"] |= {"additionalProperties": gates["additionalProperties"]}
    for name in ("Stage", "Defaults"):
        told = parts[name]["properties"]["gates"]
        told["anyOf"] = [it if it["type"] == "array" else {"$ref": "#/$defs/Gates"} for it in told["anyOf"]]
    found["patternProperties"] = {f"^{OWN}": {"description": "Nobody reads it: a place for YAML's anchors."}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
