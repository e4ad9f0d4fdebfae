"""`gradsmith flow`: dL/dh_t against JAX and closed forms, what it refuses, and what it prints and draws."""

import json
import shutil
import sys
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

from codegen import catalogue
from codegen.cli import main
from codegen.flow import command
from codegen.flow.measure import measure
from codegen.flow.published import load
from codegen.flow.recurrence import FlowError, recurrence
from codegen.flow.scenario import Scenario
from codegen.flow.spectrum import as_data, growth, own_path, spectrum, verdict
from generated import gru, lstm, rnn
from tests.by_hand import error
from tests.codegen.emitted import OPS, ROOT, plain

MODULES = {m.SPEC["name"]: m for m in (rnn, lstm, gru)}
SMALL = Scenario(steps=7, units=5, scale=1.3, forget_bias=0.7, seed=3, weights="gaussian", input_scale=0.8)


def flow(name, scenario=SMALL, module=None):
    return measure(recurrence(OPS[name]), module or MODULES.get(name) or plain(OPS[name]), scenario)


# against JAX --------------------------------------------------------------------------------------
def rnn_step(p, s, x):
    return {"h": jnp.tanh(p["W_xh"] @ x + p["W_hh"] @ s["h"] + p["b"])}


def gru_step(p, s, x):
    z, r = (jax.nn.sigmoid(p["W"][g] @ x + p["U"][g] @ s["h"] + p["b"][g]) for g in (0, 1))
    candidate = jnp.tanh(p["W"][2] @ x + r * (p["U"][2] @ s["h"]) + p["b"][2])
    return {"h": z * s["h"] + (1 - z) * candidate}


def lstm_step(p, s, x, forget=1.0):
    f, i, C, o = (p["W"][g] @ x + p["U"][g] @ s["h"] + p["b"][g] for g in range(4))
    c = forget * jax.nn.sigmoid(f) * s["c"] + jax.nn.sigmoid(i) * jnp.tanh(C)
    return {"c": c, "h": jax.nn.sigmoid(o) * jnp.tanh(c)}


def deep_step(p, s, x):
    made = {}
    for layer in ("layer1", "layer2"):
        weights = {"W_xh": p[f"{layer}_W_xh"], "W_hh": p[f"{layer}_W_hh"], "b": p[f"{layer}_b_h"]}
        x = made[f"{layer}_h"] = rnn_step(weights, {"h": s[f"{layer}_h"]}, x)["h"]
    return made


STEPS = {"rnn": rnn_step, "gru": gru_step, "lstm": lstm_step, "deep_rnn": deep_step}


def by_jax(found, step):
    """dL/ds_t for t = 0..T by differentiating with respect to something added to each state: (T+1, S)."""
    steps = found.scenario.steps
    start = {s.name: jnp.asarray(found.inputs[s.start][0]) for s in found.op.states}
    hidden = found.op.states[-1].name
    direction = found.gradients[-1][found.slices[hidden]]

    def loss(probes):
        state = {n: a + probes[n][0] for n, a in start.items()}
        for t in range(steps):
            made = step(found.inputs, state, found.inputs["x"][t, 0])
            state = {n: made[n] + probes[n][t + 1] for n in made}
        return direction @ state[hidden]

    gradients = jax.grad(loss)({n: jnp.zeros((steps + 1, *a.shape)) for n, a in start.items()})
    return np.concatenate([gradients[n] for n in found.slices], axis=1)


@pytest.mark.parametrize("name", STEPS)
def test_the_gradient_by_every_state_is_what_jax_computes(name):
    found = flow(name)
    wanted = by_jax(found, STEPS[name])
    assert all(error(a, b) < 1e-11 for a, b in zip(found.gradients, wanted, strict=True))
    assert found.disagreement < 1e-12


def test_a_forget_gate_that_is_wrong_by_a_little_is_told_apart():
    found = flow("lstm")
    wanted = by_jax(found, lambda *a: lstm_step(*a, forget=1.0005))
    assert error(found.gradients[0], wanted[0]) > 1e-4


@pytest.mark.parametrize("where", ("forward", "backward"))
def test_kernels_whose_steps_are_no_chain_are_noticed(where):
    """Planted faults: a step alone that is 0.05% off what it is inside the sequence."""

    def vjp(x, **inputs):
        outputs, pullback = gru.vjp(x, **inputs)
        wrong = 1.0005 if len(x) == 1 else 1.0
        if where == "forward":
            return outputs._replace(h=outputs.h * wrong), pullback
        return outputs, lambda **cotangents: SimpleNamespace(h0=pullback(**cotangents).h0 * wrong)

    with pytest.raises(FlowError, match="differ from the whole sequence by"):
        flow("gru", module=SimpleNamespace(vjp=vjp))


# closed forms -------------------------------------------------------------------------------------
def at_rest(scale, bias=0.0, units=6):
    """Without input the states stay 0, where every activation's slope is known."""
    return Scenario(40, units, scale, bias, 1, "orthogonal", input_scale=0.0)


@pytest.mark.parametrize(("scale", "word"), ((0.5, "vanishes"), (1.0, "is carried"), (2.0, "explodes")))
def test_at_rest_an_rnn_multiplies_by_its_orthogonal_weights(scale, word):
    """tanh'(0) = 1: each step is W_hh, a rotation times the scale."""
    found = flow("rnn", at_rest(scale))
    assert error(found.norms("h") / scale ** np.arange(40, -1, -1), np.ones(41)) < 1e-12
    assert error(found.jacobians, np.broadcast_to(found.inputs["W_hh"], (40, 6, 6))) < 1e-13
    ratio, factor = growth(found.norms("h"))
    assert error(factor, scale) < 1e-12 and verdict(ratio) == word
    spectral = spectrum(found)
    assert error(spectral.weights["W_hh"], (scale, scale)) < 1e-12
    assert error(spectral.rate, scale) < 1e-12
    says = {0.5: "must shrink", 1.0: "", 2.0: "must grow"}[scale]
    assert spectral.condition().startswith(says)


@pytest.mark.parametrize("bias", (0.0, 3.0))
def test_at_rest_the_gate_is_what_carries_a_state(bias):
    """Without recurrent weights: dc_t/dc_(t-1) = f of an LSTM, dh_t/dh_(t-1) = z of a GRU."""
    gate = 1 / (1 + np.exp(-bias))
    assert error(own_path(flow("lstm", at_rest(0.0, bias)), "c"), gate) < 1e-12
    assert error(own_path(flow("gru", at_rest(0.0, bias)), "h"), gate) < 1e-12


def test_the_bound_of_the_spectral_condition_holds_and_is_not_empty():
    for name in MODULES:
        found = flow(name)
        norms = np.linalg.norm(found.gradients, axis=1)
        bound = np.append(np.cumprod(spectrum(found).largest[::-1])[::-1], 1.0)
        assert np.all(norms <= bound * (1 + 1e-12))
        assert np.any(norms > 0.05 * bound)


def test_vanishing_exploding_and_the_cure():
    """What documents 002, 003 and 004 tell, as numbers."""

    def word(name, scale, bias):
        found = flow(name, Scenario(60, 8, scale, bias, 0))
        return verdict(growth(found.norms("h"))[0])

    assert word("rnn", 0.5, 0.0) == "vanishes"
    assert word("rnn", 2.5, 0.0) == "explodes"
    for name in ("lstm", "gru"):
        assert word(name, 0.5, 0.0) == "vanishes"
        assert word(name, 0.5, 5.0) == "is carried"


def test_the_product_of_many_jacobians_does_not_leave_the_range_of_numbers():
    found = flow("rnn", Scenario(900, 2, 0.3, 0.0, 0, input_scale=0.0))
    assert error(spectrum(found).rate, 0.3) < 1e-12  # 0.3**900 is 0 in double precision
    with pytest.raises(FlowError, match="leaves the range of numbers in 900 steps"):
        flow("rnn", Scenario(900, 2, 3.0, 0.0, 0, input_scale=0.0))


# which ops ----------------------------------------------------------------------------------------
def test_states_weights_and_gates_are_read_off_the_equations():
    def facts(name):
        found = recurrence(OPS[name])
        return [s.name for s in found.states], found.recurrent, found.keeping

    assert facts("rnn") == (["h"], ("W_hh",), ())
    assert facts("lstm") == (["c", "h"], ("U",), (("b", 0),))
    assert facts("gru") == (["h"], ("U",), (("b", 0),))
    assert facts("lstm_peephole") == (["cl", "h"], ("w_h",), (("b", 1),))
    assert facts("deep_rnn") == (["layer1_h", "layer2_h"], ("layer1_W_hh", "layer2_W_hh"), ())
    states, _, gates = facts("deep_lstm")
    assert states == ["layer1_c", "layer1_h", "layer2_c", "layer2_h"]
    assert gates == (("layer1_b", 0), ("layer2_b", 0))


@pytest.mark.parametrize(
    ("name", "message"),
    (
        ("leaky_integrator", "no tensor has an initial state"),
        ("bidirectional_rnn", "the state forward_h is no output"),
        ("dense", "follows one sequence, but the op has none"),
    ),
)
def test_an_op_that_cannot_be_followed_is_refused_in_a_line(name, message):
    with pytest.raises(FlowError, match=message) as caught:
        recurrence(OPS[name])
    assert str(caught.value).startswith(f"{name}: ") and "\n" not in str(caught.value)


USERS = """
from derive.language import op, tanh


@op(title="a recurrence with a scalar gate", source="a test")
def {name}(s):
    T, H = s.sequence("T", "t"), s.size("H", "jl")
    t = s.index("t", T)
    x, m0 = s.data("x", T, H), s.data("m0", H)
    V, a = s.parameter("V", H, H), s.parameter("a", H)
    m = s.let("m", T, H, start=m0)
    m[t] = tanh(V @ m[t - 1] + a) + x[{step}]
    s.returns(m)
"""


def users(folder, name, step):
    """A user's op from a file, and its module as it would be published, in plain Python."""
    path = folder / f"{name}.py"
    path.write_text(USERS.format(name=name, step=step), "utf-8")
    (op,) = catalogue.from_file(path)
    return op, plain(op)


def test_a_users_recurrence_is_followed(tmp_path):
    op, module = users(tmp_path, "ahead", "t")
    found = measure(recurrence(op), module, SMALL)
    step = lambda p, s, x: {"m": jnp.tanh(p["V"] @ s["m"] + p["a"]) + x}
    assert error(found.gradients, by_jax(found, step)) < 1e-11


def test_a_recurrence_that_reads_other_steps_is_refused(tmp_path):
    op, module = users(tmp_path, "backwards", "T - 1 - t")
    with pytest.raises(FlowError, match="a step depends on more than the states and its own input"):
        measure(recurrence(op), module, SMALL)


# the command --------------------------------------------------------------------------------------
TINY = ("--steps", "5", "--units", "3", "--out", str(ROOT / "generated"))


def run(*arguments):
    return CliRunner().invoke(main, ["flow", *map(str, arguments)])


def refused(*arguments):
    result = run(*arguments)
    (line,) = result.stderr.splitlines()
    assert (result.exit_code, result.stdout) == (2, "") and line.startswith("gradsmith: ")
    return line


@pytest.fixture
def loaded(monkeypatch):
    """The published modules, compiled already."""
    monkeypatch.setattr(command, "load", lambda op, folder: MODULES[op.op.name])


def test_flow_prints_a_table_and_draws_a_picture(tmp_path):
    result = run("rnn", *TINY, "--scale", 0.5, "--plot", tmp_path / "new" / "flow.png")
    assert result.exit_code == 0, result.stderr
    # half of the gradient is left after each of five steps: less, but not gone
    for words in ("t = 5", "t = 2", "1.00e+00", "is carried", "must shrink", "σmax(U)", "0.500"):
        assert words in result.stdout
    assert (tmp_path / "new" / "flow.png").read_bytes().startswith(b"\x89PNG")


def test_flow_for_machines_is_what_was_measured(loaded):
    result = run("lstm", "rnn", *TINY, "--scale", 1.3, "--forget-bias", 0.7, "--forget-bias", 2, "--json")
    rows = json.loads(result.stdout)
    assert [(r["op"], r["forget_bias"]) for r in rows] == [("lstm", 0.7), ("lstm", 2.0), ("rnn", 0.7)]
    wanted = as_data(flow("rnn", Scenario(5, 3, 1.3, 0.7, 0)))
    assert rows[2] == json.loads(json.dumps(wanted))
    assert rows[0]["states"][1]["norms"] != rows[1]["states"][1]["norms"]


def test_flow_has_a_line_for_everything_that_is_wrong(loaded, tmp_path, monkeypatch):
    assert "there is no op 'rn'" in refused("rn", *TINY)
    assert "follows one sequence" in refused("dense", *TINY)
    monkeypatch.setattr(command, "load", load)
    assert f"rnn is not published in {tmp_path}" in refused("rnn", "--out", tmp_path)
    shutil.copy(ROOT / "generated" / "rnn.py", tmp_path)
    assert "cannot be imported, run `gradsmith generate` again" in refused("rnn", "--out", tmp_path)
    other = tmp_path / "other"
    shutil.copytree(
        ROOT / "generated" / "runtime", other / "runtime", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "generated" / "gru.py", other / "rnn.py")
    assert "was generated from another spec" in refused("rnn", "--out", other)


def test_a_picture_that_cannot_be_drawn_is_a_line(loaded, tmp_path, monkeypatch):
    assert "cannot be written" in refused("rnn", *TINY, "--plot", tmp_path / "flow.nothing")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "pip install 'gradsmith[plots]'" in refused("rnn", *TINY, "--plot", tmp_path / "flow.png")
