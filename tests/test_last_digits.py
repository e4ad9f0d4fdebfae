"""The last digits: the page's table holds its bars, kernels are measured anew, and naive formulas fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np
import pytest

from bench.digits.by_jax import BY_JAX
from bench.digits.exact import ROWS, SCALED_BAR
from bench.digits.formulas import OURS
from bench.last_digits import PAGE, Errors, measured

BY_NAME = {row.name: row for row in ROWS}
EVERY = 4  # of the inputs, one; with 5 the first class would never be far ahead
KINDS = {"float64": np.float64, "float32": np.float32}
CELL = r"(\S+) \((\S+)\)"
LINE = re.compile(rf"\| (.+?) \| (float\d\d) \| {CELL} \| {CELL} \| {CELL} \| .+ \|")


def table(text: str) -> dict[tuple[str, str], tuple[Errors, ...]]:
    """The page's numbers: by function and dtype ours, torch's, JAX's."""
    found = {}
    for name, kind, *numbers in LINE.findall(text):
        pairs = zip(*[map(float, numbers)] * 2, strict=True)
        found[name, kind] = tuple(Errors(plain, scaled) for plain, scaled in pairs)
    return found


def fault(name: str, found: tuple[Errors, ...]) -> str:
    """Nothing, or what is wrong with a line: ours beyond a bar, or behind the others beyond one."""
    mine, *others = found
    if mine.scaled > SCALED_BAR:
        return f"{mine.scaled:.1f} ULP scaled"
    if mine.plain > BY_NAME[name].bar:
        return f"{mine.plain:.1f} ULP plain"
    behind = [o for o in others if mine.plain > max(1.25 * o.plain, SCALED_BAR) and o.scaled <= SCALED_BAR]
    return f"behind {behind[0]}" if behind else ""


# the page ---------------------------------------------------------------------------------------------
def test_the_page_holds_every_bar() -> None:
    lines = table(PAGE.read_text("utf-8"))
    assert set(lines) == {(row.name, kind) for row in ROWS for kind in KINDS}
    assert {key: fault(key[0], found) for key, found in lines.items()} == dict.fromkeys(lines, "")


@pytest.mark.parametrize(
    "function",
    [
        "softplus",
        "tanh'",
        "BCE on logits', labels 0 and 1",
        "logsumexp",
        "log-softmax",
        "cross-entropy gradient",
    ],
)
def test_ours_is_far_ahead_where_the_others_cancel(function: str) -> None:
    mine, torch, jax = table(PAGE.read_text("utf-8"))[function, "float64"]
    assert max(torch.plain, jax.plain) > 1e4 * mine.plain


def test_a_page_that_is_beyond_a_bar_is_refused() -> None:
    text = PAGE.read_text("utf-8")
    lines = table(re.sub(r"(\| tanh' \| float64 \|) \S+", r"\1 4.1", text))
    assert fault("tanh'", lines["tanh'", "float64"]) == "4.1 ULP plain"
    lines = table(re.sub(r"(\| logsumexp \| float32 \| \S+) \(\S+\)", r"\1 (4.1)", text))
    assert fault("logsumexp", lines["logsumexp", "float32"]) == "4.1 ULP scaled"
    assert fault("softmax", (Errors(9.0, 1.0), Errors(2.0, 1.0))).startswith("behind")


def test_only_one_gradient_has_no_plain_bar() -> None:
    assert [row.name for row in ROWS if row.bar == inf] == ["BCE on logits', labels between"]


# measured anew ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    [
        "sigmoid'",
        "BCE on logits', labels 0 and 1",
        "tanh'",
        "softplus",
        "logsumexp",
        "log-softmax",
        "cross-entropy gradient",
    ],
)
def test_kernels_hold_their_bars_and_are_not_behind_jax(name: str) -> None:
    row = BY_NAME[name]
    contenders = (OURS[row.function](), BY_JAX[row.function])
    for kind in KINDS.values():
        assert fault(name, measured(row, kind, contenders, every=EVERY)) == ""


def softmax(x: Any) -> Any:
    shares = np.exp(x - x.max(1)[:, None])
    return shares / shares.sum(1)[:, None]


NAIVE: dict[str, Callable[[Any, Any], Any]] = {
    "softplus": lambda x, labels: np.log(1 + np.exp(x)),
    "tanh'": lambda x, labels: 1 - np.tanh(x) ** 2,
    "sigmoid'": lambda x, labels: (1 / (1 + np.exp(-x))) * (1 - 1 / (1 + np.exp(-x))),
    "logsumexp": lambda x, labels: np.log(np.exp(x - x.max(1)[:, None]).sum(1)) + x.max(1),
    "BCE on logits', labels 0 and 1": lambda x, labels: 1 / (1 + np.exp(-x)) - labels,
    "GELU": lambda x, labels: x * (x > 0),
    "cross-entropy gradient": lambda x, labels: softmax(x) - np.eye(5)[0],
}


@pytest.mark.parametrize("name", NAIVE)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_naive_formula_is_seen(name: str, kind: Any) -> None:
    with np.errstate(all="ignore"):
        found = measured(BY_NAME[name], kind, (NAIVE[name],), every=EVERY)
    assert fault(name, found) != ""
