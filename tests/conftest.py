"""What holds for all tests."""

from __future__ import annotations

import os

# A synth copies the labs' repository: no test may ask a host on the internet for one.
os.environ.setdefault("GIT_ALLOW_PROTOCOL", "file:http")
