"""What every lab in modules/ keeps to, whoever wrote it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from costs.prices import shipped
from modules.declarations import Module, load_modules
from modules.notebooks import source_of
from tests.unit.modules import lab_rules
from workshop.config.tables import retired
from workshop.model import JOB_USES

LABS = load_modules()
# Where the console lists what a lab uses.
_CONSOLE = {
    "training": "SageMaker AI > Training > Training jobs",
    "endpoint": "SageMaker AI > Inference > Endpoints",
    "transform": "SageMaker AI > Inference > Batch transform jobs",
}
each_lab = pytest.mark.parametrize("lab", LABS.values(), ids=LABS)


@each_lab
def test_a_lab_says_first_what_it_is_called(lab: Module) -> None:
    first = lab_rules.code_cells(lab.notebook)[0]

    assert re.search(rf'^module = "{lab.name}"', first, re.MULTILINE)


@each_lab
def test_a_lab_begins_and_ends_with_the_shared_cells(lab: Module) -> None:
    lines = source_of(lab.notebook).read_text("utf-8").splitlines()
    includes = [line for line in lines if line.startswith("# %%") and "include=" in line]

    assert includes == [f"# %% include={cells}" for cells in ("setup", "failures", "cleanup")]
    assert next(line for line in reversed(lines) if line) == includes[-1]


@each_lab
def test_a_built_notebook_names_nothing_that_it_does_not_define(lab: Module) -> None:
    """The rule F821 is off for the sources alone, which lack the shared cells."""
    command = ["-m", "ruff", "check", "--isolated", "--no-cache", "--select", "F821,F823,E9"]
    checked = subprocess.run(
        [sys.executable, *command, str(lab.notebook)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout


@each_lab
def test_a_lab_checks_the_result_that_it_declares(lab: Module) -> None:
    (call,) = lab_rules.calls("\n".join(lab_rules.code_cells(lab.notebook)), "check")
    metric = ast.literal_eval(call.args[0])
    bounds = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}

    assert {"metric": metric, **bounds} == lab.expected.as_json()


@each_lab
def test_a_lab_says_what_to_do_when_a_job_fails_before_it_checks_its_result(lab: Module) -> None:
    source = source_of(lab.notebook).read_text("utf-8")

    assert source.index("# %% include=failures") < source.index("\ncheck(")
    assert "## If a job fails" in lab_rules.prose(lab.notebook)


@each_lab
def test_a_lab_registers_how_each_thing_that_it_makes_is_deleted(lab: Module) -> None:
    code = "\n".join(lab_rules.code_cells(lab.notebook))
    made = lab_rules.creations(code)

    assert len(made) == len(lab_rules.registrations(code)), made
    if any(need.use in {"endpoint", "transform"} for need in lab.needs):
        assert made, "an endpoint or a transform needs a model, which nobody seems to make"
    for path, text in lab_rules.texts(lab.folder):
        if path.suffix == ".sh":
            assert lab_rules.shell_creations_without_deletion(text) == [], path


@each_lab
def test_a_lab_draws_what_came_out(lab: Module) -> None:
    assert "plt.show()" in "\n".join(lab_rules.code_cells(lab.notebook))


@each_lab
def test_a_lab_says_what_its_machines_cost_per_hour(lab: Module) -> None:
    said = lab_rules.prose(lab.notebook)
    figures = {float(usd) for usd in re.findall(r"(\d+\.\d+) USD an hour", said)}
    types = {need.instance_type for need in lab.needs} | {"ml.m5.xlarge"}
    known = {
        round(price.usd, 2)
        for cell, price in shipped().by_cell.items()
        if cell.region == "us-east-1" and cell.instance_type in types and price.usd
    }

    assert f"`workshop modules {lab.name}`" in said
    assert figures, "no figure"
    assert figures <= known
    if any(need.use == "endpoint" for need in lab.needs):
        assert "**The endpoint is billed by the hour until you delete it**" in said


@each_lab
def test_a_lab_says_where_to_see_what_it_made(lab: Module) -> None:
    said = lab_rules.prose(lab.notebook)

    assert [need.use for need in lab.needs if _CONSOLE[need.use] not in said] == []


@each_lab
def test_no_job_of_a_lab_may_run_longer_than_a_quarter_of_an_hour(lab: Module) -> None:
    """A role refuses more than its workshop lasts, and a short one lasts an hour or two."""
    for path, text in lab_rules.texts(lab.folder):
        limits = re.findall(r"max_?runtime_?in_?seconds[\"']?[=:]\s*(\d+)", text, re.IGNORECASE)
        assert [limit for limit in limits if int(limit) > 900] == [], path


@each_lab
def test_what_a_lab_makes_is_named_after_the_attendee(lab: Module) -> None:
    code = "\n".join(lab_rules.code_cells(lab.notebook))

    assert lab_rules.names_without_prefix(code) == []
    for path, text in lab_rules.texts(lab.folder):
        if path.suffix == ".sh":
            assert lab_rules.shell_names_without_prefix(text) == [], path


@each_lab
def test_a_lab_takes_over_from_its_prerequisites_and_from_nobody_else(lab: Module) -> None:
    code = "\n".join(lab_rules.code_cells(lab.notebook))
    taken = {ast.literal_eval(call.args[0]) for call in lab_rules.calls(code, "take_over")}

    assert taken == set(lab.prerequisites)
    for earlier in lab.prerequisites:
        handed = "\n".join(lab_rules.code_cells(LABS[earlier].notebook))
        assert lab_rules.calls(handed, "hand_over"), f"{earlier} hands nothing over"


@each_lab
def test_the_instance_types_of_a_notebook_are_those_that_the_lab_declares(lab: Module) -> None:
    code = "\n".join(lab_rules.code_cells(lab.notebook))
    used = {
        node.value
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and lab_rules.INSTANCE_TYPE.fullmatch(node.value)
    }

    assert used <= {need.instance_type for need in lab.needs}


@each_lab
def test_no_instance_type_that_a_lab_mentions_is_retired(lab: Module) -> None:
    for path, text in lab_rules.texts(lab.folder):
        for instance_type in lab_rules.INSTANCE_TYPE.findall(text):
            gone = [use for use in JOB_USES if retired(instance_type, use)]
            assert gone == [], f"{path.name}: {instance_type}"


@each_lab
def test_a_lab_says_where_its_data_come_from_and_under_which_licence(lab: Module) -> None:
    if lab.prerequisites and not lab_rules.data_files(lab.folder):
        return  # it works on the data of an earlier lab, which says it
    said = (lab.folder / "DATA.md").read_text(encoding="utf-8").lower()

    assert "licen" in said
    assert "- source: " in said


@each_lab
def test_a_lab_sends_nobody_to_a_host_that_is_gone(lab: Module) -> None:
    for path, text in lab_rules.texts(lab.folder):
        assert [host for host in lab_rules.GONE_HOSTS if host in text] == [], path


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('Model.create(model_name="mine")', ["'mine'"]),
        ('sagemaker.create_model(ModelName="mine")', ["'mine'"]),
        ('request = {"TrainingJobName": f"job-{name}"}', ["f'job-{name}'"]),
        ('train(base_job_name="iris" + name)', ["'iris' + name"]),
        ('Model.create(model_name=f"{other}-model")', ["f'{other}-model'"]),
        ('Model.create(model_name=f"{name_prefix}model")', []),
        ("Model.create(model_name=name, endpoint_name=endpoint.endpoint_name)", []),
        ('train(base_job_name=name_prefix + "iris")', []),
        ('short = name_prefix + "t"\ntrain(base_job_name=f"{short}-1")', []),
        ('short = "t"\ntrain(base_job_name=f"{short}-1")', ["f'{short}-1'"]),
        ('ProductionVariant(variant_name="AllTraffic")', []),
    ],
)
def test_a_name_without_the_attendees_prefix_is_found(code: str, found: list[str]) -> None:
    assert lab_rules.names_without_prefix(code) == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("Model.create(model_name=name)", ["Model.create"]),
        ("model = builder.build(model_name=name)", ["builder.build"]),
        ("ecr.create_repository()\necr.create_repository()", ["ecr.create_repository"] * 2),
        ("sagemaker.create_training_job(TrainingJobName=name)", []),
        ('shell(*("bash", "videogames.sh", "deploy", *options))', ["shell deploy"]),
        ('shell("bash", "videogames.sh", "train")', []),
    ],
)
def test_what_stays_until_it_is_deleted_is_counted(code: str, found: list[str]) -> None:
    assert lab_rules.creations(code) == found


def test_what_a_shell_script_creates_and_does_not_delete_is_found() -> None:
    script = "create-training-job create-model create-endpoint\ndelete-endpoint --endpoint-name x"

    assert lab_rules.shell_creations_without_deletion(script) == ["model"]


def test_a_literal_name_in_a_shell_script_is_found() -> None:
    script = """
      --name NAME         what it is called
      --name | --region) ;;
    aws sagemaker create-model --model-name videogames --name="$base-x" --name $name
    """

    assert lab_rules.shell_names_without_prefix(script) == ["videogames"]
