"""Gradient clipping against torch's `clip_grad_norm_` and `clip_grad_value_`."""

import numpy as np
import pytest
import torch

from generated import clip_by_global_norm, clip_by_norm, clip_by_value
from tests.by_hand import draw, error

pytestmark = pytest.mark.torch

EPSILON = 1e-6  # torch divides by norm + 1e-6 and has no setting for it; ours divides by the norm
SHAPES = ((4, 4), (4, 3), (4,))


def leaves(gradients):
    """Parameters that hold these gradients."""
    made = []
    for g in gradients:
        parameter = torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64))
        parameter.grad = torch.tensor(g)
        made.append(parameter)
    return made


def drawn():
    return [draw(shape, k) for k, shape in enumerate(SHAPES)]


def clipped_by_torch(gradients, c):
    parameters = leaves(gradients)
    norm = torch.nn.utils.clip_grad_norm_(parameters, c)
    return [p.grad.numpy() for p in parameters], float(norm)


@pytest.mark.parametrize("c", (0.05, 0.7, 3.0))
def test_clipping_by_global_norm_is_torchs_without_its_epsilon(c):
    wanted, norm = clipped_by_torch(drawn(), c)
    *found, found_norm = clip_by_global_norm.forward(*drawn(), c=c)
    assert norm > c and error(found_norm, norm) < 1e-14
    for a, b in zip(found, wanted, strict=True):
        assert error(a * norm / (norm + EPSILON), b) < 1e-14
        assert error(a, b) > 1e-8  # planted: forgetting the epsilon is seen


def test_neither_touches_gradients_of_a_small_norm():
    wanted, _ = clipped_by_torch(drawn(), 100.0)
    *found, _ = clip_by_global_norm.forward(*drawn(), c=100.0)
    for a, b in zip(found, wanted, strict=True):
        assert np.array_equal(a, b)


def test_one_vector_is_clipped_as_torch_does():
    g = draw((50,), 4)
    (wanted,), norm = clipped_by_torch([g], 0.5)
    out = clip_by_norm.forward(g, c=0.5)
    assert error(out.clipped_g * norm / (norm + EPSILON), wanted) < 1e-14
    assert error(out.clipped_g * 1.0005, wanted) > 1e-4  # planted


def test_clipping_by_value_is_torchs():
    g = np.array([*draw((40,), 5), 0.4, -0.4, 0.0, np.inf, -np.inf, np.nan])
    (parameter,) = leaves([g])
    torch.nn.utils.clip_grad_value_([parameter], 0.4)
    found = clip_by_value.forward(g, c=0.4).y
    assert np.array_equal(found, parameter.grad.numpy(), equal_nan=True)
    assert not np.array_equal(clip_by_value.forward(g, c=0.4 * 1.0005).y, found, equal_nan=True)  # planted
