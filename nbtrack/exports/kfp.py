"""A pipeline for Kubeflow Pipelines, KFP v2: https://www.kubeflow.org/docs/components/pipelines/."""

from __future__ import annotations

from nbtrack.exports.jobs import Plan, needs_image, without_templates
from nbtrack.exports.python_text import head, tables

_SECRETS = '        kubernetes.use_secret_as_env(tasks[name], secret_name="nbtrack", secret_key_to_env=SECRETS)\n'


def text(plan: Plan) -> str:
    """A file for KFP's compiler; executed as a script it writes the compiled pipeline beside itself. Secrets are keys of the cluster's Secret `nbtrack`.

    Raises:
        UsageError: there is no image or no shared cache, or a text would be taken for a template.
    """
    needs_image(plan, "Kubeflow Pipelines")
    without_templates(plan, "Kubeflow Pipelines")
    secrets = "".join(f"    {it!r}: {it!r},\n" for it in plan.secrets)
    return f"""{head(plan, "kfp")}

from pathlib import Path

from kfp import compiler, dsl{", kubernetes" if plan.secrets else ""}

IMAGE = {plan.target.image!r}
{tables(plan)}{f"SECRETS = {{{chr(10)}{secrets}}}{chr(10)}" if secrets else ""}

def component(name, command):
    def run():
        return dsl.ContainerSpec(image=IMAGE, command=command[:1], args=command[1:])

    run.__name__ = name.replace("-", "_")
    return dsl.container_component(run)


@dsl.pipeline(name={plan.slug!r}, description={plan.description!r})
def pipeline():
    tasks = {{}}
    for name, stage in STAGES.items():
        tasks[name] = component(name, stage["command"])().set_display_name(stage["name"]).after(*(tasks[need] for need in stage["needs"]))
        tasks[name].set_cpu_request(stage["cpus"])
        if "memory" in stage:
            tasks[name].set_memory_request(stage["memory"])
        for variable, value in ENVIRONMENT.items():
            tasks[name].set_env_variable(variable, value)
{_SECRETS if plan.secrets else ""}

if __name__ == "__main__":
    compiler.Compiler().compile(pipeline, str(Path(__file__).with_suffix(".yaml")))
"""
