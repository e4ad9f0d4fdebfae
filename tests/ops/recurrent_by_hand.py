"""Recurrent layers by hand in JAX, with `jax.lax.scan`: an implementation that is not ours; their inputs."""

import inspect

import jax
import jax.numpy as jnp
from jax import lax

from tests.by_hand import draw

T, B, I, H, O, G, K = 5, 3, 4, 6, 2, 7, 8


# by hand ------------------------------------------------------------------------------------------
def simple(f, x, h0, W_hh, W_xh, b_h=0.0):
    def step(h, x_t):
        h = f(x_t @ W_xh.T + h @ W_hh.T + b_h)
        return h, h

    return (lax.scan(step, h0, x)[1],)


def gated(after):
    """A GRU with the gates (update, reset, candidate), the reset gate after or before the product."""

    def layer(x, h0, W, U, b):
        def step(h, x_t):
            z = jax.nn.sigmoid(x_t @ W[0].T + h @ U[0].T + b[0])
            r = jax.nn.sigmoid(x_t @ W[1].T + h @ U[1].T + b[1])
            recurrent = r * (h @ U[2].T) if after else (r * h) @ U[2].T
            h = z * h + (1 - z) * jnp.tanh(x_t @ W[2].T + recurrent + b[2])
            return h, h

        return (lax.scan(step, h0, x)[1],)

    return layer


def long_short(x, h0, c0, W, U, b):
    """An LSTM with the gates (forget, input, candidate, output)."""

    def step(state, x_t):
        h, c = state
        z = [x_t @ W[g].T + h @ U[g].T + b[g] for g in range(4)]
        c = jax.nn.sigmoid(z[0]) * c + jax.nn.sigmoid(z[1]) * jnp.tanh(z[2])
        h = jax.nn.sigmoid(z[3]) * jnp.tanh(c)
        return (h, c), (h, c)

    return lax.scan(step, (h0, c0), x)[1]


def peepholes(look):
    """An LSTM with the gates (input, forget, candidate, output), of which three look at the cell."""

    def layer(x, h0, cl0, w_x, w_h, w_cl, b):
        def step(state, x_t):
            h, c = state
            z = [x_t @ w_x[g].T + h @ w_h[g].T + b[g] for g in range(4)]
            gates = [jax.nn.sigmoid(z[g] + look(w_cl[g], c)) for g in range(2)]
            c = gates[1] * c + gates[0] * jnp.tanh(z[2])
            h = jax.nn.sigmoid(z[3] + look(w_cl[2], c)) * jnp.tanh(c)
            return (h, c), (h, c)

        return lax.scan(step, (h0, cl0), x)[1]

    return layer


def output_layer(f, g=lambda scores: scores):
    def by_hand(x, h0, W_xh, W_hh, W_hy, b=0.0, c=0.0):
        (h,) = simple(f, x, h0, W_hh, W_xh, b)
        return h, g(h @ W_hy.T + c)

    return by_hand


def concatenated(x, h0, c0, W, b):
    return long_short(x, h0, c0, W[:, :, H:], W[:, :, :H], b)


def part(inputs, prefix):
    return {k.removeprefix(prefix): a for k, a in inputs.items() if k.startswith(prefix)}


def stacked(layer, depth):
    """Layers upon each other: the outputs of all."""

    def by_hand(x, **inputs):
        found = ()
        for n in range(1, depth + 1):
            made = layer(x, **part(inputs, f"layer{n}_"))
            x, found = made[0], (*found, *made)
        return found

    return by_hand


def both_ways(layer, join):
    def by_hand(x, **inputs):
        ahead = layer(x, **part(inputs, "forward_"))[0]
        back = layer(x[::-1], **part(inputs, "backward_"))[0][::-1]
        return join(ahead, back)

    return by_hand


def added(ahead, back):
    return ahead + back


def side_by_side(ahead, back):
    return jnp.concatenate((ahead, back), axis=-1)


# inputs -------------------------------------------------------------------------------------------
def simple_layer(I, H):
    return {"h0": (B, H), "W_hh": (H, H), "W_xh": (H, I), "b_h": (H,)}


def gru_layer(I, H):
    return {"h0": (B, H), "W": (3, H, I), "U": (3, H, H), "b": (3, H)}


def lstm_layer(I, H):
    return {"h0": (B, H), "c0": (B, H), "W": (4, H, I), "U": (4, H, H), "b": (4, H)}


def renamed(shapes, **names):
    return {names.get(k, k): shape for k, shape in shapes.items()}


def under(prefix, shapes):
    return {f"{prefix}_{k}": shape for k, shape in shapes.items()}


def layers(shapes, *sizes):
    """The inputs of stacked layers with as many units as given."""
    found, below = {}, I
    for n, units in enumerate(sizes, 1):
        found |= under(f"layer{n}", shapes(below, units))
        below = units
    return found


def directions(shapes, ahead, back):
    return under("forward", shapes(I, ahead)) | under("backward", shapes(I, back))


def drawn(module, shapes, scale=0.7):
    """Random inputs in the order in which the module takes them."""
    shapes = {"x": (T, B, I)} | shapes
    order = [n for n in inspect.signature(module.forward).parameters if n in shapes]
    assert len(order) == len(shapes), set(shapes) - set(order)
    return {n: scale * draw(shapes[n], k) for k, n in enumerate(order)}
