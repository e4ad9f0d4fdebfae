"""Names are hygienic: what an author calls a thing changes no value, no gradient and no verdict."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.load import load_fast, load_plain
from codegen.verify.pairing.pairs import Pairs
from derive.authoring.spec import OpSpec
from derive.derivation import derive
from derive.language import op, sigmoid, tanh
from tests.codegen.emitted import OPS
from tests.codegen.renaming import SIZES, Names, finding, findings, neutral, renamed, renamings

Build = Callable[[Any], None]


def made(build: Build) -> OpSpec:
    return op(title="an op", source="a test")(build)[0]


def loaded(build: Build) -> ModuleType:
    found = made(build)
    return load_plain(found.name, write_module(lower(derive(found))).text)


def drawn(*shapes: tuple[int, ...]) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(7)
    return [rng.normal(size=shape) for shape in shapes]


def same(found: Any, wanted: Any) -> bool:
    return bool(np.allclose(found, wanted, rtol=1e-13, atol=1e-13))


@pytest.fixture(scope="module")
def tried() -> list[tuple[str, Names]]:
    """Renamings, drawn and their neutral answers known before a fault is planted."""
    for name in SIZES:
        neutral(name, load_plain)
    return [*renamings(40, 1)]


# everything renamed -------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(6))
def test_renamings_of_ten_ops_change_no_bit(seed: int) -> None:
    assert [*findings(10, 100 + seed)] == []


@pytest.mark.parametrize("name", ["dense_relu", "huber", "embedding"])
def test_renamings_change_no_bit_of_what_machine_code_gives(name: str) -> None:
    names = next(names for each, names in renamings(10, 11) if each == name)
    assert finding(name, names, load_fast) == ""


@pytest.mark.parametrize("name", sorted(SIZES))
def test_no_stage_looks_an_index_up_by_its_letter(name: str) -> None:
    """Every size has one letter, and it is the first of the things that are declared."""
    spec = OPS[name].spec()
    members = {m for of in spec.packs.values() for m in of}
    of = {n: f"{n}9" for n in spec.places if n not in members}
    letters = {s.name: (next(iter(of.values())),) for s in spec.sizes}
    labels = {n: tuple(m.removeprefix(f"{n}_") for m in of_pack) for n, of_pack in spec.packs.items()}
    assert finding(name, Names(of, letters, labels)) == ""


def test_the_renamings_notice_letters_that_are_not_kept_apart(
    tried: list[tuple[str, Names]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("derive.algebra.system.is_taken", lambda text, taken: text in taken)
    assert any(finding(*each) for each in tried)


def test_the_renamings_notice_cotangents_that_are_not_kept_apart(
    tried: list[tuple[str, Names]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("derive.adjoint.fresh", lambda wanted, taken: wanted)
    assert any(finding(*each) for each in tried)


def test_the_renamings_notice_words_that_are_not_kept_apart(
    tried: list[tuple[str, Names]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codegen.apart.WORDS", frozenset())
    assert any(finding(*each) for each in tried)


# names of one kind that are those of another ---------------------------------------------------------
def test_a_number_may_be_called_as_the_index_of_the_batch_is() -> None:
    def scaled(s: Any) -> None:
        K, n = s.size("K", "k"), s.integer("n", 3, least=1)
        k = s.index("k", K)
        x, y = s.data("x", K), s.let("y", K)
        y[k] = n * x[k]
        s.returns(y)

    (x, g) = drawn((2, 4), (2, 4))
    outputs, pullback = loaded(scaled).vjp(x, n=5)
    assert same(outputs.y, 5 * x) and same(pullback(y=g).x, 5 * g)


@pytest.mark.parametrize(("first", "second"), [("b", "n"), ("B", "B"), ("T j", "T j"), ("x", "W")])
def test_letters_may_be_called_as_anything_else_is(first: str, second: str) -> None:
    def layer(s: Any) -> None:
        I, H = s.size("I", f"{first} "), s.size("H", f"{second} ")
        x, W, b, h = s.data("x", I), s.parameter("W", H, I), s.parameter("b", H), s.let("h", H)
        h[:] = tanh(W @ x + b)
        s.returns(h)

    x, W, b, g = drawn((3, 2), (4, 2), (4,), (3, 4))
    outputs, pullback = loaded(layer).vjp(x, W, b)
    h = np.tanh(x @ W.T + b)
    slope = g * (1 - h * h)
    found = pullback(h=g)
    assert same(outputs.h, h) and same(found.x, slope @ W) and same(found.W, slope.T @ x)
    assert same(found.b, slope.sum(0))


def test_sizes_may_be_called_as_indices_are() -> None:
    def layer(s: Any) -> None:
        i, b = s.size("i", "k"), s.size("b", "i")
        x, W, h = s.data("x", i), s.parameter("W", b, i), s.let("h", b)
        h[:] = W @ x
        s.returns(h)

    x, W, g = drawn((3, 2), (4, 2), (3, 4))
    outputs, pullback = loaded(layer).vjp(x, W)
    assert same(outputs.h, x @ W.T) and same(pullback(h=g).x, g @ W) and same(pullback(h=g).W, g.T @ x)


def test_a_tensor_may_be_called_as_the_size_of_the_batch_is() -> None:
    def shifted(s: Any) -> None:
        H, b, n = s.size("H", "e"), s.integer("b", 2), s.real("n", 0.5)
        e = s.index("e", H)
        x, B, y = s.data("x", H), s.parameter("B", H), s.let("y", H)
        y[e] = b * x[e] * n + B[e] * B[e]
        s.returns(y)

    x, B, g = drawn((3, 2), (2,), (3, 2))
    outputs, pullback = loaded(shifted).vjp(x, B)
    assert same(outputs.y, x + B * B)
    assert same(pullback(y=g).x, g) and same(pullback(y=g).B, (2 * B * g).sum(0))


# names that the calculus makes -----------------------------------------------------------------------
def test_an_input_may_be_called_as_a_state_before_its_step_is() -> None:
    def leaky(s: Any) -> None:
        T, H = s.sequence("T"), s.size("H", "i")
        t = s.index("t", T)
        h0, h_prev = s.data("h0", H), s.data("h_prev", T, H)
        h = s.let("h", T, H, start=h0)
        h[t] = h[t - 1] / 2 + h_prev[t]
        s.returns(h)

    h0, x, g = drawn((2, 3), (2, 2, 3), (2, 2, 3))
    outputs, pullback = loaded(leaky).vjp(h0, x)
    first = h0 / 2 + x[0]
    found = pullback(h=g)
    assert same(outputs.h, [first, first / 2 + x[1]])
    assert same(found.h_prev, [g[0] + g[1] / 2, g[1]]) and same(found.h0, (g[0] + g[1] / 2) / 2)


def test_an_input_may_be_called_as_the_gates_together_are() -> None:
    """z_f, z_i, ... become z: unless z is something else already."""
    spec = OPS["lstm"].spec()
    members = {m for of in spec.packs.values() for m in of}
    of = {n: n for n in spec.places if n not in members} | {"h0": "z", "x": "f_all", "c0": "z2"}
    letters = {s.name: s.letters for s in spec.sizes}
    labels = {n: tuple(m.removeprefix(f"{n}_") for m in of_pack) for n, of_pack in spec.packs.items()}
    assert finding("lstm", Names(of, letters, labels)) == ""


def test_what_a_tensor_is_the_gradient_of_is_not_read_out_of_its_description() -> None:
    def doubled(s: Any) -> None:
        H = s.size("H", "i")
        i = s.index("i", H)
        x = s.data("x", H, about="gradient of y")
        y = s.let("y", H, about="cotangent of x")
        y[i] = 2 * x[i]
        s.returns(y)

    d = derive(made(doubled))
    names = Pairs(d.forward, d.backward).names
    assert names.gradients == {"x": "dx", "y": "dy"} and names.seeds == {} and names.tangents["x"] == "x_dot"


# words of the emitted text ---------------------------------------------------------------------------
def worded(s: Any) -> None:
    kernel, outputs = s.size("kernel", "k"), s.size("outputs", "i")
    step, size = s.data("step", kernel), s.parameter("size", outputs, kernel)
    wanted, check_wrt = s.parameter("wanted", outputs), s.parameter("check_wrt", outputs)
    Pullback, largest = s.integer("Pullback", 3, least=1), s.real("max", 0.5)
    self, gradient = s.let("self", outputs), s.let("gradient", outputs)
    gemm = s.index("gemm", outputs)
    self[:] = sigmoid(size @ step + wanted)
    gradient[gemm] = Pullback * largest * self[gemm] * check_wrt[gemm]
    s.returns(self, gradient)


def test_words_of_the_emitted_text_name_inputs_sizes_numbers_and_outputs() -> None:
    module = loaded(worded)
    assert [*inspect.signature(module.vjp).parameters][:4] == ["step", "size", "wanted", "check_wrt"]
    x, W, b, c, g, e = drawn((3, 2), (4, 2), (4,), (4,), (3, 4), (3, 4))
    outputs, pullback = module.vjp(x, W, b, c, Pullback=2, max=0.25)
    h = 1 / (1 + np.exp(-(x @ W.T + b)))
    slope = (g + e * 0.5 * c) * h * (1 - h)
    found = pullback(self=g, gradient=e)
    assert outputs._fields == ("self", "gradient") and found._fields == (
        "step",
        "size",
        "wanted",
        "check_wrt",
    )
    assert same(outputs.self, h) and same(outputs.gradient, 0.5 * h * c)
    assert same(found.step, slope @ W) and same(found.size, slope.T @ x) and same(found.wanted, slope.sum(0))
    assert same(found.check_wrt, (0.5 * e * h).sum(0))
    assert module.vjp(x, W, b, c, wrt=("wanted",))[1](self=g).size is None


def test_what_is_wrong_is_told_by_the_author_s_names() -> None:
    module = loaded(worded)
    x, W, b = drawn((3, 2), (4, 3), (4,))
    with pytest.raises(Exception, match=r"size.*\(outputs, kernel\)"):
        module.forward(x, W, b, b)
    with pytest.raises(Exception, match="Pullback"):
        module.forward(x, W[:, :2], b, b, Pullback=0)


def test_a_pack_may_be_called_as_what_its_members_are_returned_in() -> None:
    def packed(s: Any) -> None:
        H = s.size("H", "i")
        a, b = s.pack("Members", "a b", H)
        x, y = s.data("x", H), s.let("y", H)
        i = s.index("i", H)
        y[i] = a[i] * x[i] + b[i]
        s.returns(y)

    module = loaded(packed)
    a, b = drawn((2,), (2,))
    members = module.unpack(module.pack(Members_a=a, Members_b=b).Members)
    assert same(members.Members_a, a) and same(members.Members_b, b)


def test_a_text_that_needs_no_other_names_has_none() -> None:
    assert lower(derive(OPS["dense_relu"])).called == {}
    assert lower(derive(made(worded))).called["step"] == "step_"


def test_a_product_over_an_index_called_as_the_gates_are_is_one() -> None:
    """The letter of the summed index, which no author declared, and the axis that a pack gets are two."""
    letters = {"T": ("t",), "I": ("k",), "H": ("g",)}
    spec = OPS["lstm"].spec()
    members = {n: tuple(m.removeprefix(f"{n}_") for m in of) for n, of in spec.packs.items()}
    packed = {m for of in spec.packs.values() for m in of}
    same_names = {n: n for n in spec.places if n not in packed}
    assert finding("lstm", Names(same_names, letters, members)) == ""


def test_a_convolution_into_a_word_of_the_text_is_a_product_too() -> None:
    """Patches say of which array they are and into which they go, not what those are called."""
    spec = OPS["conv2d"].spec()
    names = {n: {"Y": "FAR", "X": "gemm", "K": "narrow"}.get(n, n) for n in spec.places}
    letters = {s.name: s.letters for s in spec.sizes}
    assert finding("conv2d", Names(names, letters, {})) == ""
    assert "gemm(" in write_module(lower(derive(renamed(OPS["conv2d"], Names(names, letters, {}))))).text
