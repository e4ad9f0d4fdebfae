"""The norms of dL/dh_t over t, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from codegen.flow.measure import Flow
from codegen.flow.recurrence import FlowError
from codegen.flow.report import label

LINES = ("-", "--", ":", "-.")


def plot(flows: Sequence[Flow], path: Path) -> None:
    """Write the picture, in the format that the file's ending names.

    Raises FlowError without matplotlib, and for a file that cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise FlowError(
            "--plot draws with matplotlib, which is not installed: pip install 'gradsmith[plots]'"
        ) from None
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    _draw(figure.add_subplot(), flows)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as fault:
        raise FlowError(f"the plot cannot be written to {path}: {fault}") from None


def _draw(axes: Any, flows: Sequence[Flow]) -> None:
    """A colour an op and scale, a line style a forget bias."""
    colours: dict[tuple[str, float], str] = {}
    styles: dict[float, str] = {}
    for flow in flows:
        kind, bias = (flow.op.op.name, flow.scenario.scale), flow.scenario.forget_bias
        colour = colours.setdefault(kind, f"C{len(colours) % 10}")
        style = styles.setdefault(bias, LINES[len(styles) % len(LINES)])
        norms = flow.norms(flow.op.states[-1].name)
        # zeros have no place on a logarithmic scale
        shown = np.where(norms > 0, norms, np.nan)
        axes.plot(np.arange(len(norms)), shown, style, color=colour, label=label(flow))
    axes.set_yscale("log")
    axes.axhline(1, color="grey", linewidth=0.8)
    axes.set_xlabel("t")
    axes.set_ylabel(r"$\|\partial L / \partial h_t\|$")
    axes.set_title("The gradient of a loss on the last hidden state, on its way back through time")
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
