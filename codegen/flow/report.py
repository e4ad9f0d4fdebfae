"""Flows as tables: what the gradients did, and what the spectra say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.table import Table

from codegen.flow.measure import Flow
from codegen.flow.spectrum import Spectrum, growth, own_path, spectrum, verdict

COLOURS = {"vanishes": "yellow", "explodes": "red", "is carried": "green"}


def tables(flows: Sequence[Flow]) -> tuple[Table, Table]:
    """The gradients by time, and the spectral condition."""
    return _gradients(flows), _condition(flows)


def name(flow: Flow) -> tuple[str, str, str]:
    """The op, the scale of its recurrent weights, and its forget bias, where it has one."""
    bias = f"{flow.scenario.forget_bias:g}" if flow.op.keeping else "-"
    return flow.op.op.name, f"{flow.scenario.scale:g}", bias


def label(flow: Flow) -> str:
    """The same in a line."""
    op, scale, bias = name(flow)
    return f"{op}, scale {scale}" + (f", forget bias {bias}" if flow.op.keeping else "")


def _gradients(flows: Sequence[Flow]) -> Table:
    steps = flows[0].scenario.steps
    table = Table(title=f"norms of dL/ds_t, L a projection of the hidden state after T = {steps} steps")
    times = (steps, steps - 1, steps // 2, 0)
    shown = [f"t = {t}" for t in dict.fromkeys(times)]
    headings = ("op", "scale", "forget bias", "state s", *shown, "a step", "own path a step", "gradient")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in ("op", "state s", "gradient") else "right")
    for flow in flows:
        for state in flow.slices:
            table.add_row(*name(flow), state, *_state(flow, state, tuple(dict.fromkeys(times))))
        table.add_section()
    return table


def _state(flow: Flow, state: str, times: tuple[int, ...]) -> Iterator[str]:
    norms = flow.norms(state)
    ratio, factor = growth(norms)
    yield from (f"{norms[t]:.2e}" for t in times)
    yield from (f"{factor:.3f}", f"{own_path(flow, state):.3f}")
    word = verdict(ratio)
    yield f"[{COLOURS[word]}]{word}[/]"


def _condition(flows: Sequence[Flow]) -> Table:
    table = Table(
        title="the spectral condition: U the recurrent weights, J_t the Jacobian of step t",
        caption="σmax(J) < 1 in every step is sufficient for vanishing, not necessary; "
        "an RNN's J is diag(f') U, so that σmax(J) <= max|f'| σmax(U)",
    )
    measures = (
        "σmax(U)",
        "ρ(U)",
        "σmin(J)",
        "σmax(J)",
        "mean ρ(J)",
        "σmax(J_T...J_1)^(1/T)",
    )
    for heading in ("op", "scale", "forget bias", *measures, "the gradient"):
        table.add_column(heading, justify="left" if heading in ("op", "the gradient") else "right")
    for flow in flows:
        found = spectrum(flow)
        jacobians = (np.min(found.smallest), np.max(found.largest), np.mean(found.radius), found.rate)
        table.add_row(*name(flow), *_weights(found), *(f"{v:.3f}" for v in jacobians), found.condition())
    return table


def _weights(found: Spectrum) -> tuple[str, str]:
    """The largest singular value and spectral radius of any recurrent weight."""
    if not found.weights:
        return "-", "-"
    largest, radius = (max(values) for values in zip(*found.weights.values(), strict=True))
    return f"{largest:.3f}", f"{radius:.3f}"
