"""What the tests of the sweep share."""

from __future__ import annotations

import pytest

from tests.unit.cleanup.fake_aws import Clock, FakeAws


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws(Clock())
