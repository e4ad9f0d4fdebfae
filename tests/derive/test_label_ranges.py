"""What labels may be, from the equations that use them; what their authors declare of them."""

import random
from typing import Any

import pytest

from derive.authoring.elaborate import elaborate
from derive.authoring.label_ranges import LabelUses
from derive.errors import SpecError
from derive.language import Spec, between, delta, equal, inside, largest, op, total, use
from derive.steps import Recorder


def made(write: Any) -> Spec:
    """A spec with an array x (N, K), a vector w (K), labels y (N) and z (K), and what `write` says of it."""

    @op(title="labels", source="test")
    def labels(s: Spec) -> None:
        N, K = s.batch("N", "n"), s.size("K", "kj")
        n, k, j = s.index("n", N), s.index("k", K), s.index("j", K)
        a, b = s.integer("a", 1, least=1), s.integer("b", 0)
        x, w, L = s.data("x", N, K), s.parameter("w", K), s.let("L", N)
        y, z = s.data("y", N, integer=True), s.data("z", K, integer=True)
        L[n] = total(k, x[n, k] * w[k]) + write(x=x, w=w, y=y, z=z, n=n, k=k, j=j, a=a, b=b, K=K, N=N)
        s.returns(L)

    return labels[0].spec()


@pytest.mark.parametrize(
    ("write", "wanted"),
    [
        (lambda x, y, n, **_: x[n, y[n]], {"y": "0 <= y < K"}),
        (lambda w, y, n, **_: w[4 * y[n]], {"y": "0 <= y < (K - 1)//4 + 1"}),
        (lambda w, y, n, **_: w[y[n] - 1], {"y": "1 <= y < K + 1"}),
        (lambda w, y, n, K, **_: w[K - 1 - y[n]], {"y": "0 <= y < K"}),
        (lambda w, y, n, a, b, **_: w[a * y[n] - b], {"y": "(b + a - 1)//a <= y < (K - 1 + b)//a + 1"}),
        (lambda w, y, n, k, b, **_: total(k, w[y[n] + k - b]), {"y": "-K + b + 1 <= y < K + b"}),
        (lambda w, y, n, k, **_: total(k, delta(y[n], k) * w[k]), {"y": "0 <= y < K"}),
        (lambda w, y, n, k, **_: largest(k, w[k], where=(equal(k, y[n] + 1),)), {"y": "-1 <= y < K - 1"}),
        (lambda w, y, z, n, **_: w[z[y[n]]], {"z": "0 <= z < K", "y": "0 <= y < K"}),
        (
            lambda x, w, y, n, k, N, **_: w[y[n]] + total(k, x[y[n], k]),
            {"y": "0 <= y < min(K, N)"},
        ),
        # limits of guards, numbers, what is compared with no index, and what a guard has asked: any label
        (lambda w, y, n, k, **_: total(k, w[k], where=(between(k, 0, y[n]),)), {}),
        (lambda w, y, n, k, **_: total(k, y[n] * w[k]), {}),
        (lambda w, y, n, k, **_: total(k, delta(y[n], 1) * w[k]), {}),
        (lambda w, y, z, n, k, **_: total(k, delta(y[n], z[k]) * w[k]), {}),
        (lambda w, y, n, K, **_: inside(y[n], 0, K) * w[y[n]], {}),
        (lambda w, y, n, k, **_: total(k, w[k] * w[y[n]], where=(between(y[n], 0, k),)), {}),
        (lambda w, y, n, b, **_: w[b * y[n]], {}),  # b may be 0
    ],
)
def test_the_range_of_a_label_follows_from_its_uses(write: Any, wanted: dict[str, str]) -> None:
    found = {n: r.text(n) for n, r in LabelUses(made(write)).ranges().items()}
    assert found == wanted


def test_a_range_holds_the_labels_that_are_somewhere_for_some_value_of_the_indices() -> None:
    """Random positions c*label + rest of an axis, against every value of every index."""
    rng = random.Random(5)
    for _ in range(300):
        c, d, e, f = rng.choice((-3, -2, -1, 1, 2, 5)), *(rng.randint(-2, 2) for _ in range(3))
        spec = made(lambda w, y, n, k, K, c=c, d=d, e=e, f=f, **_: total(k, w[c * y[n] + d * k + e * K + f]))
        size = rng.randint(1, 5)
        found = LabelUses(spec).ranges()["y"].at({"K": size, "N": 1, "a": 1, "b": 0})
        somewhere = [
            label
            for label in range(-80, 80)
            if any(0 <= c * label + d * k + e * size + f < size for k in range(size))
        ]
        # between two labels that are somewhere there may be one that is not: a range has no holes
        assert not somewhere or (found[0], found[-1]) == (somewhere[0], somewhere[-1])
        assert somewhere or len(found) == 0


@op(title="a part", source="test")
def part(s: Spec) -> None:
    N, K = s.batch("N", "n"), s.size("K", "k")
    n = s.index("n", N)
    x, L = s.data("x", N, K), s.let("L", N)
    y = s.data("y", N, integer=True, outside="zero", ignore_label=-100)
    L[n] = x[n, y[n]]
    s.returns(L)


def test_a_parts_declaration_travels_into_the_whole() -> None:
    @op(title="a whole", source="test")
    def whole(s: Spec) -> None:
        N, K = s.batch("N", "n"), s.size("K", "k")
        x = s.data("x", N, K)
        s.returns(use(s, part, "part", x=x).L)

    tensor = next(t for t in whole[0].spec().tensors if t.name == "part_y")
    assert (tensor.outside, tensor.ignore_label) == ("zero", -100)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"integer": True, "outside": "nan"}, 'outside=\'nan\' of y: give "error" or "zero"'),
        ({"integer": True, "ignore_label": 1.5}, "ignore_label=1.5 of y: give an integer of 64 bits"),
        ({"integer": True, "ignore_label": True}, "ignore_label=True of y"),
        ({"integer": True, "ignore_label": 2**63}, "ignore_label=9223372036854775808 of y"),
        ({"outside": "zero"}, "y holds no labels"),
        ({"ignore_label": -1}, "y holds no labels"),
    ],
)
def test_a_declaration_that_says_nothing_is_a_located_error(more: dict[str, Any], words: str) -> None:
    @op(title="wrong", source="test")
    def wrong(s: Spec) -> None:
        s.data("y", s.batch("N", "n"), **more)

    with pytest.raises(SpecError) as caught:
        wrong[0].spec()
    assert words in str(caught.value) and str(caught.value).startswith("test_label_ranges.py:")


@pytest.mark.parametrize(
    "write",
    [
        lambda w, y, k, n, **_: total(k, y[n] * w[k]),
        lambda w, y, k, n, **_: total(k, w[k], where=(between(k, 0, y[n]),)),
        lambda w, y, k, n, **_: total(k, delta(y[n], y[n - 1]) * w[k]),
    ],
    ids=["a number", "a limit", "beside another label"],
)
def test_a_label_to_ignore_where_it_has_no_meaning_is_a_located_error(write: Any) -> None:
    @op(title="ignored", source="test")
    def ignored(s: Spec) -> None:
        N, K = s.batch("N", "n"), s.size("K", "k")
        n, k = s.index("n", N), s.index("k", K)
        w, y, L = s.parameter("w", K), s.data("y", N, integer=True, ignore_label=-1), s.let("L", N)
        L[n] = write(w=w, y=y, k=k, n=n)
        s.returns(L)

    with pytest.raises(
        SpecError, match=r"^test_label_ranges.py:\d+: ignored: y is a number, a guard's limit"
    ):
        elaborate(ignored[0].spec(), Recorder([]))
