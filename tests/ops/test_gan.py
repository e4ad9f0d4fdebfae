"""The game of a generator and a discriminator: values and both players' gradients against JAX; the losses."""

import importlib

import jax
import jax.numpy as jnp
import matplotlib.image
import numpy as np
import pytest
from rich.console import Console

from derive.errors import SpecError
from derive.language import op, sigmoid, use
from derive.ops.adversarial import adversarial
from derive.ops.dense import dense
from derive.ops.gan_mlp import gan_discriminator as discriminator_spec
from derive.ops.gan_mlp import gan_generator as generator_spec
from derive.ops.lstm import lstm
from generated import gan_discriminator, gan_generator, gan_mlp, gan_objective_logits
from tests.by_hand import SHALLOW, draw, error, errors, worst
from tests.codegen.emitted import ROOT, plain

N, M = 6, 9
PLAYERS = {
    "G_z": (M, 3),
    "G_first_W": (5, 3),
    "G_first_b": (5,),
    "G_second_W": (4, 5),
    "G_second_b": (4,),
    "G_out_W": (2, 4),
    "G_out_b": (2,),
    "x": (N, 2),
    "D_first_W": (7, 2),
    "D_first_b": (7,),
    "D_second_W": (8, 7),
    "D_second_b": (8,),
    "D_w": (8,),
    "D_b": (),
}


def drawn(shapes=PLAYERS):
    return {n: draw(shape, k) for k, (n, shape) in enumerate(shapes.items())}


def part(inputs, player):
    return {n.removeprefix(f"{player}_"): a for n, a in inputs.items() if n.startswith(f"{player}_")}


# by hand ------------------------------------------------------------------------------------------
def hidden(x, first_W, first_b, second_W, second_b):
    return jnp.tanh(jnp.tanh(x @ first_W.T + first_b) @ second_W.T + second_b)


def generator(z, out_W, out_b, **layers):
    return hidden(z, **layers) @ out_W.T + out_b


def discriminator(x, w, b, **layers):
    return hidden(x, **layers) @ w + b


def value(on_real, on_fake):
    """V, L_s and L_n, as they are written in the document: with probabilities."""
    on_real, on_fake = jax.nn.sigmoid(on_real), jax.nn.sigmoid(on_fake)
    saturating = jnp.mean(jnp.log(1 - on_fake))
    return jnp.mean(jnp.log(on_real)) + saturating, saturating, -jnp.mean(jnp.log(on_fake))


def game(x, **inputs):
    """The two players by the names that `adversarial` gives to their parameters."""
    fake = generator(**part(inputs, "G"))
    judge = part(inputs, "D")
    return value(discriminator(x, **judge), discriminator(fake, **judge))


# agreement ----------------------------------------------------------------------------------------
def test_the_game_is_what_jax_computes():
    """Three losses and the gradients by both players' parameters, in one backward pass."""
    found = errors(gan_mlp, game, drawn())
    assert len(found) == 3 + len(PLAYERS)
    assert worst(found) < SHALLOW[np.float64], found


def test_the_players_apart_are_what_jax_computes():
    inputs = drawn()
    for module, by_hand, name in (
        (gan_generator, generator, "G"),
        (gan_discriminator, discriminator, "D"),
    ):
        given = part(inputs, name) | ({"x": inputs["x"]} if name == "D" else {})
        order = [t["name"] for t in module.SPEC["inputs"]]
        assert worst(errors(module, by_hand, {n: given[n] for n in order})) < SHALLOW[np.float64]


@pytest.mark.parametrize(
    "fault",
    (
        lambda x, **p: game(x * 1.0005, **p),  # real examples that are off by 0.05%
        # the discriminator's parameters shared, but their gradient taken on real examples only
        lambda x, **p: value(
            discriminator(x, **part(p, "D")),
            discriminator(generator(**part(p, "G")), **jax.lax.stop_gradient(part(p, "D"))),
        ),
        lambda x, **p: game(x, **p)[::-1],  # the losses in another order
    ),
)
def test_a_planted_fault_in_the_game_is_caught(fault):
    assert worst(errors(gan_mlp, fault, drawn())) > 1e-5


# the losses ---------------------------------------------------------------------------------------
def gradients_at(logit):
    """dL_s and dL_n by the logit of one generated example."""
    _, pullback = gan_objective_logits.vjp(np.zeros(1), np.array([logit]))
    return float(pullback(L_s=1.0).g[0]), float(pullback(L_n=1.0).g[0])


def test_where_the_discriminator_is_sure_only_the_saturating_loss_stops_teaching():
    """dL_s = -sigmoid(g) goes to 0 where generated examples are told apart, dL_n = -sigmoid(-g) to -1."""
    for logit in (-5.0, -30.0, -700.0):
        saturating, other = gradients_at(logit)
        assert error(saturating, -1 / (1 + np.exp(-logit))) < 1e-14
        assert error(other, -1 / (1 + np.exp(logit))) < 1e-14
    assert abs(saturating) < 1e-300 and other == -1.0


def test_both_losses_teach_the_same_where_the_discriminator_cannot_tell():
    saturating, other = gradients_at(0.0)
    assert saturating == other == -0.5


def test_the_generator_hears_nothing_of_a_sure_discriminator_but_by_the_other_loss():
    """The same through both networks: a discriminator that is sure of every generated example."""
    inputs = drawn()
    inputs["D_b"] = np.array(-60.0)
    _, pullback = gan_mlp.vjp(**inputs, wrt=("G_out_b",))
    saturating, other = pullback(L_s=1.0).G_out_b, pullback(L_n=1.0).G_out_b
    assert np.linalg.norm(saturating) < 1e-20 < 1e-3 < np.linalg.norm(other)


def test_the_losses_stay_finite_for_any_logit():
    for logit in (-1e4, 1e4):
        out = gan_objective_logits.forward(np.array([-logit]), np.array([logit]))
        assert all(np.isfinite(a) for a in out) and all(np.isfinite(g) for g in gradients_at(logit))


def test_the_best_discriminator_of_equal_distributions_makes_minus_log_four():
    out = gan_objective_logits.forward(np.zeros(3), np.zeros(5))
    assert error(out.V, -np.log(4)) < 1e-15


# any two players ----------------------------------------------------------------------------------
@op(title="one layer", source="a test")
def one_layer(s):
    s.returns(use(s, dense.sigmoid, "only", x=s.data("noise", s.size("Z", "k"))).h)


@op(title="a judge with packed parameters", source="a test")
def packed_judge(s):
    e = s.data("e", s.size("E", "k"))
    (E,) = e.tensor.dims
    u, v = s.pack("w", "u v", E)
    score = s.let("score")
    score[:] = u @ e - sigmoid(v @ e)
    s.returns(score)


@op(title="a game of two other players", source="a test")
def other_game(s):
    s.returns(*adversarial(s, one_layer, packed_judge))


def test_any_two_players_make_a_game():
    def by_hand(G_noise, G_only_W, G_only_b, x, D_w):
        score = lambda e: e @ D_w[0] - jax.nn.sigmoid(e @ D_w[1])
        return value(score(x), score(jax.nn.sigmoid(G_noise @ G_only_W.T + G_only_b)))

    shapes = {"G_noise": (M, 3), "G_only_W": (4, 3), "G_only_b": (4,), "x": (N, 4), "D_w": (2, 4)}
    assert worst(errors(plain(other_game[0]), by_hand, drawn(shapes))) < SHALLOW[np.float64]


@pytest.mark.parametrize(
    ("players", "message"),
    (
        ((generator_spec, dense), "a discriminator gives one number an example"),
        ((generator_spec, lstm), "the discriminator has one example, not x, h0, c0"),
        ((lstm, discriminator_spec), "the generator has one output, not h, c"),
    ),
)
def test_a_player_that_does_not_fit_is_refused_in_a_line(players, message):
    @op(title="no game", source="a test")
    def misfit(s):
        s.returns(*adversarial(s, *players))

    with pytest.raises(SpecError, match=message) as caught:
        misfit[0].spec()
    assert "\n" not in str(caught.value)


# the example --------------------------------------------------------------------------------------
@pytest.fixture
def example(monkeypatch):
    """The example as it is run: from its own folder."""
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    return importlib.import_module("gan_mixture")


def test_coverage_is_of_the_modes_that_samples_are_near(example):
    """All samples on two of the modes, some in between: a collapsed generator would be seen."""
    at = example.centres()
    samples = np.concatenate([np.tile(at[0], (60, 1)), np.tile(at[3], (30, 1)), np.zeros((10, 2))])
    found = example.coverage(samples)
    assert (found.hit, found.near) == (2, 0.9)
    assert np.array_equal(found.shares, [0.6, 0, 0, 0.3, 0, 0, 0, 0])
    real = example.coverage(example.mixture(np.random.default_rng(0), 20_000))
    assert real.hit == example.MODES and error(real.near, 1 - np.exp(-4.5)) < 0.005


def distance(example, parameters):
    """How far generated samples are from the ring of the modes, on average."""
    radii = np.linalg.norm(example.generate(parameters, np.random.default_rng(1), 2000), axis=1)
    return float(np.mean(np.abs(radii - example.RADIUS)))


@pytest.mark.parametrize("direction", (1, -1))
def test_a_short_game_brings_the_samples_to_the_ring(example, monkeypatch, direction):
    """And does not where the generator climbs its loss, the planted fault."""
    step = example.alternating_step

    def played(*given):
        given[-1]["G"].rate *= direction
        return step(*given)

    monkeypatch.setattr(example, "alternating_step", played)
    rng = np.random.default_rng(0)
    parameters = importlib.import_module("training").initial(example.shapes(), rng)
    before = distance(example, parameters)
    assert example.train(parameters, rng, 200, Console(quiet=True)).shape == (200, 2)
    assert (distance(example, parameters) < 0.5 * before) is (direction == 1)


def test_the_example_writes_its_picture(example, tmp_path, capsys):
    found = example.example(tmp_path, Console(quiet=True), steps=60)
    assert matplotlib.image.imread(tmp_path / "gan_mixture_samples.png").std() > 0.01
    assert str(found) in capsys.readouterr().out
