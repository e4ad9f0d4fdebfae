"""float32 sums of 1e3 to 1e8 terms: generated kernels beside NumPy, torch and JAX, against float64.

python -m bench.accuracy                    print the table
python -m bench.accuracy --write            write docs/accuracy.md
python -m bench.accuracy --torch-python P   run torch by another interpreter

An error is that of the worst element, relative to the sum of the terms' sizes. Each peer runs in a process of
its own. The sums are in bench/sums/problems.py, the peers' ways to them in bench/sums/by_peers.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np

from bench.sums import by_peers
from bench.sums.problems import BY_NAME, SUMS, Sum

PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"
PEERS = ("ours", "numpy", "torch", "jax")
SIZES = (10**3, 10**4, 10**5, 10**6, 10**7, 10**8)
Errors = dict[str, float]


def contenders(peer: str) -> Mapping[str, by_peers.Contender]:
    """By name of a sum, how a peer makes it."""
    if peer == "ours":
        return {each.name: each.ours for each in SUMS}
    return {"numpy": by_peers.by_numpy, "torch": by_peers.by_torch, "jax": by_peers.by_jax}[peer]()


def error(each: Sum, run: by_peers.Contender, terms: int) -> float:
    """The largest error of a sum of so many terms."""
    given = each.draw(terms)
    wanted, size = each.exact(given)
    found = np.asarray(run(*given), np.float64)
    return float(np.max(np.abs(found - wanted) / size))


def measured(peer: str, most: int) -> Errors:
    """The errors of one peer, by the sum's name and its terms."""
    runs = contenders(peer)
    return {
        f"{each.name} {terms}": error(each, runs[each.name], terms)
        for each in SUMS
        for terms in SIZES
        if terms <= min(each.largest, most)
    }


def in_a_process(peer: str, most: int, python: str) -> Errors | None:
    """The same in a process of its own; None where the peer is not installed there."""
    command = [python, "-m", "bench.accuracy", "--peer", peer, "--most", str(most)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PAGE.parents[1], check=False)
    if "ModuleNotFoundError" in done.stderr:
        click.echo(f"extra {peer} missing: its column stays empty", err=True)
        return None
    if done.returncode:
        raise click.ClickException(done.stderr)
    made: Errors = json.loads(done.stdout)
    return made


# the page ---------------------------------------------------------------------------------------------
ABOUT = """# Accuracy of sums

Written by `python -m bench.accuracy --write`. The losses of the catalogue that end in a number, and gradients
that sum over a batch, in float32: the error, relative to the sum of the terms' sizes, against the same
formula in float64 on the same float32 inputs. One rounding of float32 is at most 6.0e-08.

A sum is made of short blocks in float32, which vectorise, that are added up in float64 and rounded once; a
sum in an array's elements, of one example after the other, in float64; a matrix product with a long inner
axis in blocks of it. The terms themselves are computed in float32 everywhere.

The bar: at most 1e-5, and at most twice NumPy's error or four roundings of float32 (2.4e-07), whichever is
more: where the peer's error is below a rounding, it is so by luck. One kind of sum is outside the first half
of the bar: which element of an embedding's gradient is added to, labels say, and such a sum stays in float32,
as the peers' does.

Losses of rows have ten numbers in a row, which count as ten terms. 1e8 terms: mse, mae, huber and binary
cross-entropy on logits.

| sum | terms | ours | NumPy | torch | JAX |
| --- | --- | --- | --- | --- | --- |
"""


def page(found: Mapping[str, Errors | None]) -> str:
    """The table as Markdown."""
    return ABOUT + "".join(_line(key, found) + "\n" for key in found["ours"] or ())


def _line(key: str, found: Mapping[str, Errors | None]) -> str:
    name, terms = key.rsplit(" ", 1)
    errors = (found[peer] for peer in PEERS)
    cells = " | ".join("" if each is None else f"{each[key]:.1e}" for each in errors)
    return f"| {BY_NAME[name].name} | {int(terms):.0e} | {cells} |".replace("e+0", "e")


@click.command(help=__doc__)
@click.option("--write", is_flag=True, help="write docs/accuracy.md")
@click.option("--most", default=SIZES[-1], help="the most terms of a sum")
@click.option("--torch-python", default=sys.executable, help="an interpreter that has torch")
@click.option("--peer", type=click.Choice(PEERS), hidden=True)
def main(write: bool, most: int, torch_python: str, peer: str | None) -> None:
    if peer is not None:
        click.echo(json.dumps(measured(peer, most)))
        return
    python = {"torch": torch_python}
    text = page({each: in_a_process(each, most, python.get(each, sys.executable)) for each in PEERS})
    click.echo(text)
    if write:
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
