"""Regression losses against JAX in float64, and how they are related to each other."""

import jax.numpy as jnp
import numpy as np
import pytest

from generated import (
    huber,
    huber_none,
    huber_sum,
    mae,
    mae_none,
    mae_sum,
    mse,
    mse_none,
    mse_sum,
    smooth_l1,
    smooth_l1_none,
    smooth_l1_sum,
)
from tests.by_hand import SHALLOW, draw, error, errors, worst

TIGHT = SHALLOW[np.float64]
MEAN, SUM, NONE = jnp.mean, jnp.sum, lambda x: x
SHAPES = ((7, 5), (1, 3), (4, 1))


def huber_by_hand(delta):
    def loss(y, y_hat):
        e = jnp.abs(y - y_hat)
        return jnp.where(e <= delta, e**2 / 2, delta * (e - delta / 2))

    return loss


REGRESSION = {
    "mse": ((mse, mse_sum, mse_none), lambda y, y_hat: (y - y_hat) ** 2),
    "mae": ((mae, mae_sum, mae_none), lambda y, y_hat: jnp.abs(y - y_hat)),
    "huber": ((huber, huber_sum, huber_none), huber_by_hand(1.0)),
    "smooth_l1": ((smooth_l1, smooth_l1_sum, smooth_l1_none), huber_by_hand(1.0)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", REGRESSION)
def test_a_regression_loss_in_each_reduction(name, shape):
    modules, loss = REGRESSION[name]
    inputs = {"y": 3 * draw(shape, 0), "y_hat": 3 * draw(shape, 1)}
    for module, reduce in zip(modules, (MEAN, SUM, NONE), strict=True):
        found = errors(module, lambda y, y_hat, reduce=reduce: reduce(loss(y, y_hat)), inputs)
        assert worst(found) < TIGHT, (module.__name__, found)


@pytest.mark.parametrize("module, loss", ((mse, lambda e: e**2), (mae, jnp.abs)), ids=("mse", "mae"))
def test_a_regression_loss_in_single_precision(module, loss):
    inputs = {"y": draw((7, 5), 0, np.float32), "y_hat": draw((7, 5), 1, np.float32)}
    found = errors(module, lambda y, y_hat: jnp.mean(loss(y - y_hat)), inputs)
    assert worst(found) < SHALLOW[np.float32], found


def test_the_gradient_of_one_squared_error_is_the_documents():
    y, y_hat = draw((6, 1), 0), draw((6, 1), 1)
    _, pullback = mse_none.vjp(y, y_hat)
    np.testing.assert_allclose(pullback(np.ones((6, 1))).y_hat, -2 * (y - y_hat), rtol=1e-14)


def test_equal_predictions_take_no_gradient():
    y = draw((4, 3), 0)
    for module in (mse, mae, huber, smooth_l1):
        outputs, pullback = module.vjp(y, y.copy())
        assert outputs.L == 0 and not pullback(1.0).y_hat.any() and not pullback(1.0).y.any()


@pytest.mark.parametrize("delta", (0.25, 2.5))
def test_the_huber_loss_for_any_delta(delta):
    inputs = {"y": 3 * draw((7, 5), 0), "y_hat": 3 * draw((7, 5), 1)}
    assert worst(errors(huber_none, huber_by_hand(delta), inputs, delta=delta)) < TIGHT


@pytest.mark.parametrize("sign", (1.0, -1.0))
def test_at_delta_both_pieces_of_the_huber_loss_agree(sign):
    y_hat, delta = np.zeros((1, 1)), 0.75
    for e in (delta, np.nextafter(delta, 2)):
        outputs, pullback = huber_none.vjp(np.full((1, 1), sign * e), y_hat, delta=delta)
        np.testing.assert_allclose(outputs.L, delta**2 / 2, rtol=1e-14)
        np.testing.assert_allclose(pullback(np.ones((1, 1))).y_hat, -sign * delta, rtol=1e-14)


def test_the_huber_loss_tends_to_half_the_squared_and_to_the_absolute_error():
    y, y_hat = draw((7, 5), 0), draw((7, 5), 1)
    (wide,), wide_pullback = huber.vjp(y, y_hat, delta=1e6)
    (squared,), squared_pullback = mse.vjp(y, y_hat)
    np.testing.assert_allclose(wide, squared / 2, rtol=1e-14)
    np.testing.assert_allclose(wide_pullback(1.0).y_hat, squared_pullback(0.5).y_hat, rtol=1e-13)
    narrow_delta = 1e-9
    (narrow,), narrow_pullback = huber.vjp(y, y_hat, delta=narrow_delta)
    (absolute,), absolute_pullback = mae.vjp(y, y_hat)
    np.testing.assert_allclose(narrow / narrow_delta, absolute, rtol=1e-8)
    np.testing.assert_allclose(
        narrow_pullback(1 / narrow_delta).y_hat, absolute_pullback(1.0).y_hat, rtol=1e-13
    )


def test_large_errors_overflow_nowhere_but_in_their_square():
    y, y_hat = np.full((2, 3), 1e200), np.zeros((2, 3))
    for module in (mae, huber, smooth_l1):
        outputs, pullback = module.vjp(y, y_hat)
        assert np.isfinite(outputs.L) and np.isfinite(pullback(1.0).y_hat).all()


# smooth L1 ------------------------------------------------------------------------------------------
SMOOTH = ((smooth_l1, huber), (smooth_l1_sum, huber_sum), (smooth_l1_none, huber_none))


@pytest.mark.parametrize("smooth, hubers", SMOOTH, ids=("mean", "sum", "none"))
@pytest.mark.parametrize("beta", (0.25, 1.0, 2.5))
def test_smooth_l1_is_huber_divided_by_its_threshold(smooth, hubers, beta):
    y, y_hat = 3 * draw((7, 5), 0), 3 * draw((7, 5), 1)
    (ours,), pullback = smooth.vjp(y, y_hat, beta=beta)
    (theirs,), hubers_pullback = hubers.vjp(y, y_hat, delta=beta)
    cotangent = draw(np.shape(ours), 2)
    assert error(ours, theirs / beta) < TIGHT
    for found, wanted in zip(pullback(cotangent), hubers_pullback(cotangent / beta), strict=True):
        assert error(found, wanted) < TIGHT
    # a planted fault: with the other threshold they differ
    assert error(ours, hubers.forward(y, y_hat, delta=2 * beta).L / beta) > 1e-2


def test_smooth_l1_tends_to_the_absolute_error():
    y, y_hat = draw((7, 5), 0), draw((7, 5), 1)
    (narrow,), pullback = smooth_l1.vjp(y, y_hat, beta=1e-9)
    (absolute,), absolute_pullback = mae.vjp(y, y_hat)
    assert error(narrow, absolute) < 1e-8
    assert error(pullback(1.0).y_hat, absolute_pullback(1.0).y_hat) < TIGHT
