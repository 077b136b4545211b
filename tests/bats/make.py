"""Write a boot script and the bundle that it downloads, for the tests in this folder.

    python -m tests.bats.make ENVIRONMENT REF DIRECTORY [LABS_REPOSITORY LABS_REF]

DIRECTORY gets start.sh, as SageMaker would run it, and bundle.zip: a wheel as small as can be
that stands for the toolkit's own, and, if a repository is named, its labs.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
from pathlib import Path
from typing import cast

from lifecycle_configs import render as rendering
from lifecycle_configs.bundle import pack_bundle
from lifecycle_configs.labs import copy_labs
from workshop.model import Environment, Repository

REPOSITORY = "https://git.example.com/labs/ml-labs.git"


def small_wheel(directory: Path) -> Path:
    """A wheel whose one command, `workshop`, says its arguments."""
    info = "workshop_stand_in-1.0.dist-info"
    files = {
        "workshop_stand_in.py": "import sys\n\n\ndef main():\n    print(*sys.argv[1:])\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: workshop-stand-in\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nworkshop = workshop_stand_in:main\n",
    }
    record = "".join(f"{name},sha256={digest(text)},{len(text)}\n" for name, text in files.items())
    path = directory / "workshop_stand_in-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(name, text)
    return path


def digest(text: str) -> str:
    """A file's hash as a wheel's RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def main(environment: str, ref: str, directory: Path, *labs: str) -> None:
    """Write start.sh and bundle.zip."""
    copy = copy_labs(Repository(*labs), directory) if labs else None
    bundle = pack_bundle(directory, wheel=small_wheel(directory), lock="", labs=copy)
    values = rendering.BootValues(
        workshop="ml101",
        repository=REPOSITORY,
        ref=ref,
        bucket="ml101-{account}-us-east-1",
        bundle="s3://cdk-hnb659fds-assets-{account}-us-east-1/workshops/ml101/bundle.zip",
        bundle_sha256=bundle.sha256,
        idle_minutes=60,
    )
    script = rendering.pack(rendering.render(cast(Environment, environment), values))
    (directory / "start.sh").write_text(script, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
