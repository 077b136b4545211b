"""Build this project's own wheel, reproducibly and without a child process."""

from __future__ import annotations

from pathlib import Path

from workshop.errors import WorkshopError

PROJECT = Path(__file__).parent.parent


def build_wheel(directory: Path) -> Path:
    """Build the wheel into `directory` and return its path.

    The same tree always gives the same bytes: hatchling sorts the files and sets their
    times and modes (Hatch documentation, "Reproducible builds").

    Raises WorkshopError if this is not a checkout of the project.
    """
    if not (PROJECT / "pyproject.toml").is_file():
        raise WorkshopError(
            "the workshop command cannot be packaged for attendees",
            f"{PROJECT} is not a checkout of the project",
            "run this from a clone of the repository",
        )
    # Slow to import, and needed by synth alone.
    from hatchling.builders.wheel import WheelBuilder

    builder = WheelBuilder(str(PROJECT))
    (built,) = builder.build(directory=str(directory), versions=["standard"])
    return Path(built)
