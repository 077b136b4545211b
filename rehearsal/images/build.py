"""Building an image from a folder: what COPY puts where, and how it runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from rehearsal.images.dockerfile import Copy, DockerfileError, parse
from rehearsal.images.store import BuiltImage


def build(
    context: Path,
    dockerfile: str,
    arguments: Mapping[str, str],
    target: Path,
    say: Callable[[str], None],
) -> BuiltImage:
    """Build the image of a folder into `target`, an empty folder.

    `dockerfile` is relative to the folder. `say` is told what is not done. Raises
    DockerfileError, in Docker's words where it would fail too.
    """
    path = _inside(context, dockerfile)
    if not path.is_file():
        raise DockerfileError(f"failed to read dockerfile: open {dockerfile}: no such file")
    read = parse(path.read_text(encoding="utf-8"), arguments)
    root = target / "root"
    root.mkdir(parents=True)
    for copy in read.copies:
        _copy(context, root, copy, dockerfile)
    for name in read.made_executable:
        for made in sorted(root.glob(name.lstrip("/"))):
            made.chmod(made.stat().st_mode | 0o111)
    for command in read.not_run:
        say(f"RUN {command}: not executed; the image has the packages of the local AWS")
    (root / read.workdir.lstrip("/")).mkdir(parents=True, exist_ok=True)
    return BuiltImage(
        root=root,
        workdir=read.workdir,
        entrypoint=read.entrypoint,
        environment=dict(read.environment),
        folders=_folders(root, read.workdir),
    )


def _copy(context: Path, root: Path, copy: Copy, dockerfile: str) -> None:
    target = root / copy.target.strip("/")
    for pattern in copy.sources:
        _inside(context, pattern.strip("/"))
        if pattern in (".", "./", "/"):
            found = [context]
        else:
            found = sorted(context.glob(pattern.strip("/")))
        if not found:
            raise DockerfileError(
                f'failed to calculate checksum: "/{pattern}": not found (COPY in {dockerfile})'
            )
        for source in found:
            if source.is_dir():
                # "The directory itself isn't copied, only its contents" (COPY).
                shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True)
                continue
            into = copy.target.endswith("/") or len(found) > 1 or target.is_dir()
            to = target / source.name if into else target
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to)


def _inside(context: Path, name: str) -> Path:
    path = (context / name).resolve()
    if not path.is_relative_to(context.resolve()):
        raise DockerfileError(f"forbidden path outside the build context: {name}")
    return path


def _folders(root: Path, workdir: str) -> tuple[str, ...]:
    """The folders whose paths a program may spell out: two levels deep (/opt/program), since
    /opt alone also holds what SageMaker brings (/opt/ml), and the working directory."""
    found = {workdir}
    for path in (path for path in root.rglob("*") if path.is_dir()):
        inside = PurePosixPath("/", *path.relative_to(root).parts)
        deep = len(inside.parts) - 1
        if deep == 2 or (deep == 1 and any(child.is_file() for child in path.iterdir())):
            found.add(str(inside))
    return tuple(sorted(found - {"/", "/opt"}))
