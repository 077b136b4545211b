"""What every lab in modules/ keeps to, whoever wrote it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from modules.declarations import Module, load_modules
from modules.notebooks import source_of
from tests.unit.modules import lab_rules
from workshop.config.tables import retired
from workshop.model import JOB_USES

LABS = load_modules()
each_lab = pytest.mark.parametrize("lab", LABS.values(), ids=LABS)


@each_lab
def test_a_lab_says_first_what_it_is_called(lab: Module) -> None:
    first = lab_rules.code_cells(lab.notebook)[0]

    assert re.search(rf'^module = "{lab.name}"', first, re.MULTILINE)


@each_lab
def test_a_lab_begins_and_ends_with_the_shared_cells(lab: Module) -> None:
    lines = source_of(lab.notebook).read_text("utf-8").splitlines()
    includes = [line for line in lines if line.startswith("# %%") and "include=" in line]

    assert includes == ["# %% include=setup", "# %% include=cleanup"]
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
def test_a_lab_registers_how_what_it_makes_is_deleted(lab: Module) -> None:
    code = "\n".join(lab_rules.code_cells(lab.notebook))

    makes = re.search(r"\.create\(|create_(model|endpoint|pipeline|function|repository)", code)
    assert not makes or "made.append(" in code


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
def test_a_lab_that_ships_data_says_where_they_come_from_and_under_which_licence(
    lab: Module,
) -> None:
    if not lab_rules.data_files(lab.folder):
        return
    said = (lab.folder / "DATA.md").read_text(encoding="utf-8").lower()

    assert "licen" in said
    assert "source" in said or "generat" in said or "made by" in said


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


def test_a_literal_name_in_a_shell_script_is_found() -> None:
    script = """
      --name NAME         what it is called
      --name | --region) ;;
    aws sagemaker create-model --model-name videogames --name="$base-x" --name $name
    """

    assert lab_rules.shell_names_without_prefix(script) == ["videogames"]
