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

import click
import mpmath
import numpy as np

from bench.digits.exact import BITS, ROWS, Row, line, rows, values

PAGE = Path(__file__).parents[1] / "docs" / "last_digits.md"
KINDS = (np.float64, np.float32)


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


def measured(row: Row, kind: Any, contenders: tuple[Contender, ...], every: int = 1) -> tuple[Errors, ...]:
    """The errors of each contender in one dtype, at every so many-th input."""
    x = row.inputs(row.tops[KINDS.index(kind)])[::every].astype(kind)
    exact = values(row, x)
    return tuple(errors(run(x, row.labelled(x)), exact, x) for run in contenders)


def table() -> Iterator[tuple[Row, str, tuple[Errors, ...]]]:
    """Each function in each dtype: ours, torch, JAX."""
    from bench.digits.by_jax import BY_JAX
    from bench.digits.by_torch import BY_TORCH
    from bench.digits.formulas import OURS

    for row in ROWS:
        contenders = (OURS[row.function](), BY_TORCH[row.function], BY_JAX[row.function])
        for kind in KINDS:
            yield row, np.dtype(kind).name, measured(row, kind, contenders)


# the page ---------------------------------------------------------------------------------------------
ABOUT = """# Last digits

Written by `python -m bench.last_digits --write`. The generated kernels, made of the formulas as a textbook
has them (`bench/digits/formulas.py`: `log(1 + exp(x))`, `log(total(k, exp(x[k])))`, the activation and loss
ops as they are) and made stable by the engine, beside torch {torch} and JAX {jax}, on the same inputs.

Each cell is the largest error over all inputs, in units in the last place (ULP) of the exact value, which
mpmath computes; in brackets, in ULP of the largest term of the textbook formula, which is what can be asked
where its terms cancel. The last column is the input at which ours is worst.

Inputs: {line} numbers of both signs from 1e-12 to 700 (float32: 80; tanh 300 and 40; GELU 35 and 12; Huber
1e6); labels 0, 1/4, 1/2, 3/4, 1 in turn; {rows} rows of five logits: usual ones; 10 times as large; close
together at 350 (40); one 30 ahead of the others; the same with the largest at 0.

| function | dtype | ours | torch | JAX | worst for ours |
| --- | --- | --- | --- | --- | --- |
"""
NOTES = """
The bars, which a test holds this table to: 4 ULP scaled everywhere; plain 4 ULP for sigmoid, tanh,
softplus, their slopes, BCE on logits, Huber and logsumexp; 32 for softmax, log-softmax and the gradient of
cross-entropy; 2000 for GELU (its left tail: one rounding of x is x^2 roundings of the tail).

The gradient of cross-entropy is `p - 1` at an example's own class. Where the classifier is sure, `p` has
rounded to 1, and the difference, 1e-13, has no digits left: so it is in torch and JAX. Ours adds up the
other probabilities there, which are what `p` lacks to 1, and keeps them.

Where the plain number is no better than that of torch or JAX:

- The gradient of BCE on logits is `p - y`. At a label of 1 the digits are gone where `p` has rounded to 1;
  ours is `(1 - y) p(x) - y p(-x)` there, of which one term is 0 at a label of 0 or 1. At a label between,
  both terms cancel near `p = y`; the error is below one rounding of y, as the number in brackets says.
- The exponent `x - max` of a softmax is rounded, so the error of a small probability grows with its distance
  from the largest logit, by half a unit for every unit of distance.
"""


def page() -> str:
    """The table as Markdown."""
    import jax
    import torch

    counts = {"line": len(line(1.0)), "rows": len(rows(1.0))}
    about = ABOUT.format(torch=torch.__version__.split("+")[0], jax=jax.__version__, **counts)
    lines = [row_text(row, kind, found) for row, kind, found in table()]
    return about + "\n".join(lines) + "\n" + NOTES


def row_text(row: Row, kind: str, found: tuple[Errors, ...]) -> str:
    """One line of the table."""
    cells = " | ".join(f"{short(e.plain)} ({short(e.scaled)})" for e in found)
    place = ", ".join(f"{float(v):.4g}" for v in np.atleast_1d(found[0].worst))
    return f"| {row.name} | {kind} | {cells} | {place} |"


def short(error: float) -> str:
    """An error in a few characters."""
    return f"{error:.1f}" if error < 1000 else f"{error:.0e}".replace("e+0", "e").replace("e+", "e")


@click.command(help=__doc__)
@click.option("--write", is_flag=True, help="write docs/last_digits.md")
def main(write: bool) -> None:
    text = page()
    click.echo(text)
    if write:
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
