"""Images without Docker: Dockerfiles, the files they make, and paths that are elsewhere here."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.codebuild.buildspec import BuildspecError
from rehearsal.codebuild.buildspec import parse as parse_buildspec
from rehearsal.images.build import build
from rehearsal.images.dockerfile import DockerfileError, parse
from rehearsal.images.store import BuiltImage, Images, parse_uri
from rehearsal.jobs import metrics
from rehearsal.jobs.relocation import relocate, relocate_files

URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/iris:1"


# Paths


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/opt/ml", "/here"),
        ('open("/opt/ml/model")', 'open("/here/model")'),
        ("--out=/opt/ml/output/data x", "--out=/here/output/data x"),
        ("file:///opt/ml/model", "file:///here/model"),
        ("/opt/mlflow /home/opt/ml /opt/ml-ops", "/opt/mlflow /home/opt/ml /opt/ml-ops"),
    ],
)
def test_paths_below_a_place_are_replaced_and_no_others(text: str, wanted: str) -> None:
    assert relocate(text, {"/opt/ml": Path("/here")}) == wanted


def test_the_most_precise_place_counts() -> None:
    places = {"/opt/ml": Path("/here"), "/opt/ml/code": Path("/there")}
    assert relocate("/opt/ml/code/a /opt/ml/model", places) == "/there/a /here/model"


def test_code_is_rewritten_and_data_are_not(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("'/opt/ml/model'")
    (tmp_path / "data.csv").write_text("/opt/ml/model")
    (tmp_path / "bytes.py").write_bytes(b"\xff/opt/ml")
    relocate_files(tmp_path, {"/opt/ml": Path("/here")})
    assert (tmp_path / "train.py").read_text() == "'/here/model'"
    assert (tmp_path / "data.csv").read_text() == "/opt/ml/model"
    assert (tmp_path / "bytes.py").read_bytes() == b"\xff/opt/ml"


# Dockerfiles


def test_a_dockerfile_says_what_goes_where_and_what_runs() -> None:
    read = parse(
        "# syntax\nARG BASE=python\nFROM $BASE\nARG HOME=/opt\nENV A=1 B='two words'\n"
        "ENV PATH=$HOME/bin:${PATH:-/usr/bin}\nWORKDIR $HOME\nWORKDIR program\n"
        "COPY a.py \\\n  b.py ./\nRUN chmod +x train && pip install x\n"
        'ENTRYPOINT ["python", "run.py"]\n',
        {"HOME": "/srv"},
    )
    assert read.environment == {"A": "1", "B": "two words", "PATH": "/srv/bin:/usr/bin"}
    assert read.workdir == "/srv/program"
    assert [(copy.sources, copy.target) for copy in read.copies] == [
        (("a.py", "b.py"), "/srv/program/")
    ]
    assert read.entrypoint == ("python", "run.py")
    assert read.made_executable == ("/srv/program/train",)
    assert read.not_run == ("pip install x",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no FROM"),
        ("COPY a b", "before FROM"),
        ("FROM a\nFROM b", "several stages"),
        ("FROM a\nCOPY --from=b /c /d", "--from another"),
        ("FROM a\nADD https://example.com/x /x", "not built locally"),
        ("FROM a\nONBUILD RUN x", "ONBUILD"),
        ("FROM a\nENTRYPOINT [python", "not a list"),
    ],
)
def test_a_dockerfile_that_cannot_be_built_says_why(text: str, reason: str) -> None:
    with pytest.raises(DockerfileError, match=reason):
        parse(text, {})


def built(context: Path, dockerfile: str, target: Path) -> BuiltImage:
    (context / "Dockerfile").write_text(dockerfile)
    return build(context, "Dockerfile", {}, target, lambda _: None)


def test_an_image_has_the_files_that_copy_puts_there(tmp_path: Path) -> None:
    context = tmp_path / "context"
    (context / "program" / "deep").mkdir(parents=True)
    (context / "program" / "train").write_text("#!")
    (context / "program" / "deep" / "a").write_text("a")

    image = built(
        context, "FROM x\nCOPY program /opt/program\nCOPY program/train /bin/go", tmp_path / "i"
    )

    assert (image.root / "opt/program/deep/a").read_text() == "a"
    assert (image.root / "bin/go").is_file()
    assert image.folders == ("/bin", "/opt/program")


def test_nothing_outside_the_context_gets_into_an_image(tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "secret").write_text("s")
    with pytest.raises(DockerfileError, match="outside the build context"):
        built(tmp_path / "context", "FROM x\nCOPY ../secret /x", tmp_path / "i")


def test_an_image_is_found_by_the_uri_it_was_put_under(tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    images = Images(tmp_path / "images")
    name = parse_uri(URI)
    assert name is not None
    for greeting in ("hello", "again"):
        text = f"FROM x\nENV G={greeting}\nWORKDIR /opt/program"
        images.put(name, built(tmp_path / "context", text, tmp_path / greeting))

    found = images.find(URI)

    assert found is not None
    assert (found.environment, found.workdir) == ({"G": "again"}, "/opt/program")
    assert images.find(URI.replace(":1", ":2")) is None
    assert images.find("python:3.11") is None


# Buildspecs and metrics


@pytest.mark.parametrize(
    "text", ["", "version: 0.2", "phases: [", "phases: {}\nenv: {parameter-store: {A: b}}"]
)
def test_a_buildspec_that_cannot_be_run_says_so(text: str) -> None:
    with pytest.raises(BuildspecError):
        parse_buildspec(text)


def test_the_last_value_of_a_metric_is_its_final_one() -> None:
    log = "loss=0.5;\nloss=nothing;\n[1]\ttrain-rmse:2.5\tvalidation-rmse:3e-1\nloss=0.25;"
    built_in = r"\t(?P<data>train|validation)-(?P<metric>\w+):(?P<value>[-+.\w]+)"

    found = metrics.find(log, {"loss": r"loss=(.*?);", "broken": "("}, built_in)

    assert {row["MetricName"]: row["Value"] for row in metrics.final(found, now=7.0)} == {
        "loss": 0.25,
        "train:rmse": 2.5,
        "validation:rmse": 0.3,
    }
    assert [metric.value for metric in found if metric.name == "loss"] == [0.5, 0.25]
