"""Python files for schedulers that are programmed in it."""

from __future__ import annotations

from nbtrack.exports.jobs import Job, Plan

EXECUTE = '''
def execute(*command):
    """Run a stage; what it prints goes to the task's log."""
    process = subprocess.Popen(command, env={**os.environ, **ENVIRONMENT}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    try:
        for line in process.stdout:
            print(line, end="", flush=True)
        code = process.wait()
    finally:
        if process.poll() is None:  # the task is stopped
            process.terminate()
            process.wait()
    if code:
        raise RuntimeError(f"{shlex.join(command)} ended with exit code {code}")
'''
"""A function that runs a command with the variables in ENVIRONMENT; needs os, shlex and subprocess."""


def head(plan: Plan, scheduler: str) -> str:
    """The docstring: where the file comes from, and which variables the stages read."""
    lines = [f"{plan.name}: made from {plan.target.file} by `nbtrack export {scheduler}`; make it anew rather than change it."]
    if plan.description:
        lines += ["", plan.description]
    if read := [*plan.variables, *plan.secrets]:
        lines += ["", f"Stages read these variables of the environment: {', '.join(read)}."]
    text = "\n".join(lines).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}\n"""' if len(lines) > 1 else f'"""{text} """' if text.endswith('"') else f'"""{text}"""'


def tables(plan: Plan) -> str:
    """ENVIRONMENT, the variables of every stage, and STAGES: each after those it needs."""
    variables = "".join(f"    {name!r}: {value!r},\n" for name, value in plan.target.env.items())
    stages = "".join(_stage(job) for job in plan.jobs)
    return f"ENVIRONMENT = {{\n{variables}}}\nSTAGES = {{\n{stages}}}\n"


def memory(size_bytes: int) -> str:
    """In whole megabytes, as KFP knows no bare number of bytes."""
    return f"{-(-size_bytes // 10**6)}M"


def _stage(job: Job) -> str:
    fields = {"name": job.name, "needs": list(job.needs), "command": list(job.command), "cpus": f"{job.cpus:g}"}
    fields |= {"memory": memory(job.memory_bytes)} if job.memory_bytes is not None else {}
    return f"    {job.slug!r}: {{\n" + "".join(f"        {name!r}: {value!r},\n" for name, value in fields.items()) + "    },\n"
