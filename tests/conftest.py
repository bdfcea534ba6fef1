"""What all tests share: plain asserts that explain themselves, and Hypothesis profiles."""

import os

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("truthpoint.testing")

# The size of what is drawn is the tests' own business; slow machines are no failure.
_QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    stateful_step_count=40,
    suppress_health_check=_QUIET,
)
settings.register_profile(
    "soak",
    deadline=None,
    database=None,
    print_blob=True,
    max_examples=10_000,
    stateful_step_count=64,
    suppress_health_check=_QUIET,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
