"""One alternating step of a GAN, and several, against torch's modules, losses and optimiser."""

import importlib

import numpy as np
import pytest
import torch

from generated import gan_mlp
from tests.by_hand import draw, error
from tests.codegen.emitted import ROOT

pytestmark = pytest.mark.torch

N, NOISE, UNITS, RATE, MEMORY = 6, 8, 5, 1e-3, (0.5, 0.99)


@pytest.fixture(autouse=True)
def examples_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))


def example(name="gan_mixture"):
    return importlib.import_module(name)


def parameters():
    drawn = example("training").initial(example().shapes(UNITS), np.random.default_rng(3))
    return {n: a.astype(np.float64) for n, a in drawn.items()}


def batches(steps):
    """Real examples and each player's noise, for every step."""
    return [
        (draw((N, 2), 10 + k), (draw((N, NOISE), 20 + k), draw((N, NOISE), 30 + k))) for k in range(steps)
    ]


# torch --------------------------------------------------------------------------------------------
def network(weights, *last):
    """Two hidden layers and an output, with these parameters."""
    pairs = [(weights["first_W"], weights["first_b"]), (weights["second_W"], weights["second_b"]), last]
    made = []
    for W, b in pairs:
        layer = torch.nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(W))
            layer.bias.copy_(torch.tensor(b))
        made += [layer, torch.nn.Tanh()]
    return torch.nn.Sequential(*made[:-1])


def players(given):
    G, D = (example().player(given, name) for name in "GD")
    return network(G, G["out_W"], G["out_b"]), network(D, D["w"][None], D["b"][None])


def by_torch(given, steps, loss, simultaneous=False):
    """The parameters of both networks after some alternating steps, in the order of `initial`."""
    G, D = players(given)
    moves = {p: torch.optim.Adam(p.parameters(), lr=RATE, betas=MEMORY) for p in (G, D)}
    cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits
    real, fake = torch.ones(N, 1, dtype=torch.float64), torch.zeros(N, 1, dtype=torch.float64)
    for x, (first, second) in batches(steps):
        moves[D].zero_grad()
        made = G(torch.tensor(first)).detach()
        (cross_entropy(D(torch.tensor(x)), real) + cross_entropy(D(made), fake)).backward()
        if not simultaneous:
            moves[D].step()
        moves[G].zero_grad()
        logits = D(G(torch.tensor(second)))
        wanted = cross_entropy(logits, real) if loss == "L_n" else -cross_entropy(logits, fake)
        torch.autograd.backward(wanted, inputs=list(G.parameters()))
        moves[G].step()
        if simultaneous:
            moves[D].step()
    return [p.detach().numpy() for p in (*G.parameters(), *D.parameters())]


# ours ---------------------------------------------------------------------------------------------
def by_kernels(given, steps, loss):
    updates = {name: example("training").Adam(RATE, MEMORY) for name in "GD"}
    for x, noise in batches(steps):
        example().alternating_step(gan_mlp, given, x, noise, updates, loss)
    return list(given.values())


def differences(steps, loss, **fault):
    given = parameters()
    wanted = by_torch(given, steps, loss, **fault)
    before = [a.copy() for a in given.values()]
    found = by_kernels(given, steps, loss)
    assert all(np.any(a != b) for a, b in zip(found, before, strict=True))
    return [error(a.ravel(), b.ravel()) for a, b in zip(found, wanted, strict=True)]


@pytest.mark.parametrize("loss", ("L_n", "L_s"))
@pytest.mark.parametrize("steps", (1, 5))
def test_alternating_steps_are_torchs(steps, loss):
    assert max(differences(steps, loss)) < 1e-10


def test_a_generator_that_moves_against_the_old_discriminator_is_told_apart():
    """Planted: both players move at once."""
    assert max(differences(5, "L_n", simultaneous=True)) > 1e-6


def test_the_other_loss_is_told_apart():
    given = parameters()
    wanted = by_torch(given, 5, "L_s")
    found = by_kernels(given, 5, "L_n")
    assert max(error(a.ravel(), b.ravel()) for a, b in zip(found, wanted, strict=True)) > 1e-6
