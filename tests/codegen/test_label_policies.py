"""What an emitted op does with labels: those in their range, beyond it, and those that count as nothing."""

import inspect
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from codegen.pipeline import write
from codegen.runtime import LabelError
from codegen.verify.load import load_plain
from derive.language import Spec, exp, log, op, total
from tests.codegen.emitted import OPS, plain

X = np.random.default_rng(0).normal(size=(3, 3))  # three examples of K = 3 classes


@cache
def cross_entropy(**more: Any) -> ModuleType:
    """The mean cross-entropy of labels that are declared so."""

    @op(title="cross-entropy", source="test")
    def loss(s: Spec) -> None:
        N, K = s.batch("N", "n"), s.size("K", "kl")
        n, l = s.index("n", N), s.index("l", K)
        x, y = s.data("x", N, K), s.data("y", N, integer=True, **more)
        L = s.let("L")
        L[()] = total(n, log(total(l, exp(x[n, l]))) - x[n, y[n]]) / N
        s.returns(L)

    return load_plain("loss", write(loss[0]).text)


def by_hand(x: Any, y: Any, counts: Any) -> tuple[float, Any]:
    """The loss and its gradient; of a label that does not count only the normaliser is left."""
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    picked = np.where(counts, np.take_along_axis(x, np.where(counts, y, 0)[:, None], 1)[:, 0], 0)
    one_hot = np.where(counts[:, None], np.arange(x.shape[1]) == np.asarray(y)[:, None], 0)
    return float(np.mean(np.log(np.exp(x).sum(1)) - picked)), (p - one_hot) / len(x)


def both(module: ModuleType, x: Any, y: Any) -> tuple[Any, Any]:
    outputs, pullback = module.vjp(x, y)
    assert module.forward(x, y).L == outputs.L
    return outputs.L, pullback(L=1.0).x


def test_a_class_number_that_is_none_is_an_error_in_forward_and_in_vjp():
    """K = 3 and a label of 3: the loss was 1.537, silently."""
    for module in (plain(OPS["softmax_cross_entropy"]), cross_entropy()):
        for call in (module.forward, module.vjp):
            with pytest.raises(LabelError, match=r"y\[1\] is 3, expected 0 <= y < K, which is 0 to 2 here"):
                call(X, np.array([0, 3, -1]))
        both(cross_entropy(), X, np.array([0, 2, 1]))


@pytest.mark.parametrize("dtype", (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint32, np.uint64))
def test_labels_of_every_integer_dtype_are_checked(dtype):
    right = by_hand(X, np.array([2, 0, 1]), np.ones(3, bool))
    found = both(cross_entropy(), X, np.array([2, 0, 1], dtype))
    assert np.isclose(found[0], right[0]) and np.allclose(found[1], right[1])
    ends = np.iinfo(dtype)
    for wrong in {3, ends.max, *({-1, ends.min} if ends.min else {})}:
        with pytest.raises(LabelError, match=rf"y\[2\] is {wrong}"):
            cross_entropy().forward(X, np.array([2, 0, wrong], dtype))


def test_no_examples_have_no_wrong_labels_and_no_classes_no_right_ones():
    module = plain(OPS["embedding"])
    assert module.forward(np.zeros(0, int), np.zeros((0, 2))).e.shape == (0, 2)
    with pytest.raises(LabelError, match=r"w\[0\] is 0, expected 0 <= w < V, which is none here"):
        module.forward(np.zeros(1, int), np.zeros((0, 2)))


FAR_AWAY = (-1, 3, 2**31, -(2**63), 2**63 - 1)


@pytest.mark.parametrize("label", FAR_AWAY)
def test_outside_may_be_zero_as_the_calculus_has_it(label):
    given = np.array([2, label, 1])
    before = given.tobytes()
    found, right = both(cross_entropy(outside="zero"), X, given), by_hand(X, given, given != label)
    assert np.isclose(found[0], right[0]) and np.allclose(found[1], right[1])
    assert given.tobytes() == before  # what is moved out of the way is a copy


@pytest.mark.parametrize("ignored", (-100, 1, *FAR_AWAY))
@pytest.mark.parametrize("outside", ("error", "zero"))
def test_a_label_to_ignore_counts_as_nothing_even_inside_the_range(ignored, outside):
    """Its logit gets no gradient but the normaliser's, and the mean divides by N, as the equation says."""
    module = cross_entropy(outside=outside, ignore_label=ignored)
    given = np.array([2, ignored, 0])
    found, right = both(module, X, given), by_hand(X, given, given != ignored)
    assert np.isclose(found[0], right[0]) and np.allclose(found[1], right[1])
    wrong = 4 if ignored != 4 else 5
    if outside == "error":
        with pytest.raises(LabelError, match=rf"y\[0\] is {wrong}, expected 0 <= y < K, or {ignored}"):
            module.forward(X, np.array([wrong, ignored, 0]))


def test_an_ignored_row_of_an_embedding_has_the_gradient_0():
    @op(title="embedding", source="test")
    def rows(s: Spec) -> None:
        V, D, N = s.size("V", "v"), s.size("D", "d"), s.batch("N", "n")
        n, d = s.index("n", N), s.index("d", D)
        w, E, e = s.data("w", N, integer=True, ignore_label=0), s.parameter("E", V, D), s.let("e", N, D)
        e[n, d] = E[w[n], d]
        s.returns(e)

    module = load_plain("rows", write(rows[0]).text)
    outputs, pullback = module.vjp(np.array([0, 2, 0]), np.ones((3, 2)))
    assert outputs.e.tolist() == [[0, 0], [1, 1], [0, 0]]
    assert pullback(e=np.ones((3, 2))).E.tolist() == [[0, 0], [0, 0], [1, 1]]


def test_steps_of_weight_0_stay_free():
    module = plain(OPS["sequence_cross_entropy"])
    x, weights = np.random.default_rng(1).normal(size=(4, 1, 3)), np.array([[1.0], [0.5], [0.0], [0.0]])
    found = [module.forward(x, np.array([[2], [0], *padding]), weights).L for padding in PADDINGS]
    assert all(np.array_equal(f, found[0]) for f in found)


PADDINGS = ([[0], [1]], [[-1], [-1]], [[-100], [3]], [[2**63 - 1], [-(2**63)]])


@pytest.mark.parametrize(
    ("name", "line"),
    (
        ("softmax_cross_entropy", "Labels:   0 <= y < K; any other is a LabelError"),
        ("sequence_cross_entropy", "Labels:   0 <= y < K; any other is nowhere: what is read there is 0"),
    ),
)
def test_the_docstring_says_what_labels_may_be(name, line):
    module = plain(OPS[name])
    for call in (module.forward, module.vjp):
        assert line in inspect.getdoc(call)
    assert ("LabelError, naming" in module.forward.__doc__) == ("LabelError" in line)


def test_raw_kernels_say_that_they_check_nothing():
    words = "Integers are not checked here: give such as `forward` passes on, or positions may wrap."
    for name, said in (
        ("softmax_cross_entropy", True),
        ("conv2d", True),
        ("dense", False),
        ("dropout", False),
    ):
        for kernel in vars(plain(OPS[name]).kernels).values():
            assert (words in kernel.__doc__) == said


def test_the_docstring_of_an_ignored_label_names_it():
    doc = inspect.getdoc(cross_entropy(ignore_label=-100).forward)
    assert "Labels:   0 <= y < K; -100 counts as nothing; any other is a LabelError" in doc
