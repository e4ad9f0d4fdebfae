"""`gradsmith flow`: vanishing, exploding and carried gradients, from the published kernels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from codegen import catalogue
from codegen.flow.measure import Flow, measure
from codegen.flow.plot import plot
from codegen.flow.published import load
from codegen.flow.recurrence import FlowError, Recurrence, recurrence
from codegen.flow.report import tables
from codegen.flow.scenario import WEIGHTS, Scenario
from codegen.flow.spectrum import as_data
from codegen.screen import FAULTS, as_json, console, guarded, ops_and_folder, print_json

DEFAULT = ("rnn", "lstm", "gru")
AT_LEAST_ONE = click.IntRange(min=1)


@click.command()
@ops_and_folder
@click.option(
    "--steps", type=click.IntRange(min=2), default=100, show_default=True, help="Steps of the sequence."
)
@click.option("--units", type=AT_LEAST_ONE, default=32, show_default=True, help="Entries of each state.")
@click.option(
    "--scale",
    "scales",
    type=click.FloatRange(min=0),
    multiple=True,
    default=(0.5, 2.5),
    show_default=True,
    help="Factor of the recurrent weights, of those that are square; may be given several times.",
)
@click.option(
    "--forget-bias",
    "biases",
    type=float,
    multiple=True,
    default=(0.0, 5.0),
    show_default=True,
    help="Bias of the gates that keep a state (f of an LSTM, z of a GRU); may be given several times.",
)
@click.option(
    "--weights",
    type=click.Choice(list(WEIGHTS)),
    default="orthogonal",
    show_default=True,
    help="Recurrent weights before they are scaled: all singular values 1, or normal with variance 1/units.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--plot", "picture", type=click.Path(dir_okay=False, path_type=Path), help="Write a picture, FILE.png."
)
@as_json
def flow(
    ops: tuple[str, ...],
    out: Path,
    steps: int,
    units: int,
    scales: tuple[float, ...],
    biases: tuple[float, ...],
    weights: str,
    seed: int,
    picture: Path | None,
    machine: bool,
) -> None:
    """How the gradient flows back through time: norms of dL/dh_t, and the spectral condition.

    Works for every recurrent op with a sequence, and states that are outputs and have initial values;
    rnn, lstm and gru without an argument. Runs the kernels that are published in --out.

    Example:  gradsmith flow rnn lstm gru --plot flow.png
    """
    settings = [Scenario(steps, units, a, b, seed, weights) for a, b in product(scales, biases)]
    found: list[Flow] = guarded(lambda: list(_flows(ops or DEFAULT, out, settings)), (*FAULTS, FlowError))
    if picture is not None:
        guarded(lambda: plot(found, picture), (FlowError,))
    if machine:
        print_json([as_data(f) for f in found])
        return
    for table in tables(found):
        console().print(table)
    if picture is not None:
        click.echo(str(picture), err=True)


def _flows(names: tuple[str, ...], folder: Path, settings: list[Scenario]) -> Iterator[Flow]:
    """A flow for each op and setting, with a bar."""
    ops = [recurrence(op) for op in catalogue.find(names)]
    jobs = [(op, load(op, folder), setting) for op in ops for setting in _of(op, settings)]
    screen = Console(stderr=True)
    for op, module, setting in track(jobs, "running kernels", console=screen, disable=not screen.is_terminal):
        yield measure(op, module, setting)


def _of(op: Recurrence, settings: list[Scenario]) -> list[Scenario]:
    """The settings that differ for an op: without a gate that keeps a state, the bias says nothing."""
    first = settings[0].forget_bias
    return [s for s in settings if op.keeping or s.forget_bias == first]
