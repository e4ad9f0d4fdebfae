"""The last digits beside torch, on the same inputs."""

import numpy as np
import pytest

from bench.digits.by_torch import BY_TORCH
from bench.digits.formulas import OURS
from bench.last_digits import measured
from tests.test_last_digits import BY_NAME, fault

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("name", ["softplus", "tanh'", "BCE on logits", "GELU'"])
def test_kernels_are_not_behind_torch(name):
    ours = OURS[name]()
    for kind in (np.float64, np.float32):
        found = measured(BY_NAME[name], kind, (ours, BY_TORCH[name]), every=5)
        assert fault(name, found) == ""
        assert kind is np.float32 or found[1].plain > 1e4 * found[0].plain
