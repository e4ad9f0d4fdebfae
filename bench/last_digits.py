"""How many digits are right: generated kernels beside torch and JAX on the same inputs, against mpmath.

python -m bench.last_digits            print the table
python -m bench.last_digits --write    write docs/last_digits.md

An error is in units in the last place of the exact value ("plain"), or of the largest term of the
textbook formula ("scaled"), which is what can be asked where the formula's terms cancel. The formulas are
in bench/digits/formulas.py, the inputs, the exact values and the bars in bench/digits/exact.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath
import numpy as np

from bench.digits.exact import BITS, ROWS, Row, labels, values

PAGE = Path(__file__).parents[1] / "docs" / "last_digits.md"
KINDS = (np.float64, np.float32)
SCALED_BAR = 4.0


@dataclass(frozen=True, slots=True)
class Errors:
    """The largest error of one contender, plain and scaled; inf for what is not finite; the worst input."""

    plain: float
    scaled: float
    worst: Any = None


def errors(found: Any, exact: list[tuple[Any, Any]], x: Any) -> Errors:
    """Values found at the inputs x, against the exact ones."""
    flat, kind = np.ravel(found), x.dtype.type
    assert len(flat) == len(exact), "one value each"
    tiny = mpmath.mpf(float(np.finfo(kind).tiny))
    plain = scaled = np.zeros(0)
    with mpmath.workprec(BITS):
        off = [_distance(v, e) for v, (e, _) in zip(flat, exact, strict=True)]
        sizes = [(max(abs(e), tiny), max(abs(e), abs(t), tiny)) for e, t in exact]
        plain = np.array([float(d / _unit(small, kind)) for d, (small, _) in zip(off, sizes, strict=True)])
        scaled = np.array([float(d / _unit(large, kind)) for d, (_, large) in zip(off, sizes, strict=True)])
    worst = x[int(plain.argmax()) * len(x) // len(exact)]
    return Errors(float(plain.max()), float(scaled.max()), worst)


def _distance(value: Any, exact: Any) -> Any:
    return abs(mpmath.mpf(float(value)) - exact) if np.isfinite(value) else mpmath.inf


def _unit(size: Any, kind: Any) -> Any:
    """One unit in the last place of a number."""
    return mpmath.mpf(float(np.spacing(kind(min(size, float(np.finfo(kind).max))))))


Contender = Callable[[Any, Any], Any]


def measured(row: Row, kind: Any, contenders: tuple[Contender, ...]) -> tuple[Errors, ...]:
    """The errors of each contender in one dtype."""
    x = row.inputs(row.tops[KINDS.index(kind)]).astype(kind)
    exact = values(row, x)
    return tuple(errors(run(x, labels(x)), exact, x) for run in contenders)


def table() -> Iterator[tuple[Row, str, tuple[Errors, ...]]]:
    """Each function in each dtype: ours, torch, JAX."""
    from bench.digits.by_jax import BY_JAX
    from bench.digits.by_torch import BY_TORCH
    from bench.digits.formulas import OURS

    for row in ROWS:
        contenders = (OURS[row.name](), BY_TORCH[row.name], BY_JAX[row.name])
        for kind in KINDS:
            yield row, np.dtype(kind).name, measured(row, kind, contenders)


# the page ---------------------------------------------------------------------------------------------
def page() -> str:
    """The table as Markdown."""
    return ""


def line(row: Row, kind: str, found: tuple[Errors, ...]) -> str:
    """One line of the table."""
    cells = " | ".join(f"{short(e.plain)} ({short(e.scaled)})" for e in found)
    return f"| {row.name} | {kind} | {cells} | {_place(found[0].worst)} |"


def short(error: float) -> str:
    """An error in a few characters."""
    return f"{error:.1f}" if error < 1000 else f"{error:.0e}".replace("e+0", "e").replace("e+", "e")


def _place(worst: Any) -> str:
    return ", ".join(f"{float(v):.4g}" for v in np.atleast_1d(worst))


if __name__ == "__main__":
    for row, kind, found in table():
        print(line(row, kind, found), flush=True)
