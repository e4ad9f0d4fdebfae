"""It is loop distribution that puts a user's input projection before the loop: without it, it falls in."""

import codegen.schedule
from codegen.catalogue import find
from codegen.schedule import Steps, schedule
from derive.algebra.graphs import components
from derive.derivation import derive
from tests.codegen.emitted import ROOT


def _inside(items, within=False):
    """The tensors that are computed inside a loop over steps."""
    for item in items:
        if isinstance(item, Steps):
            yield from _inside(item.body, True)
        elif within:
            yield item.piece.equation.tensor


def test_without_distribution_the_leaky_integrators_projection_is_in_the_loop(monkeypatch):
    (op,) = find((str(ROOT / "examples" / "leaky_integrator.py"),))
    forward = derive(op).stable_forward
    assert set(_inside(schedule(forward))) == {"h"}

    calls = []

    def undistributed(nodes, successors):
        calls.append(nodes)
        return [tuple(nodes)] if len(calls) == 1 else components(nodes, successors)

    monkeypatch.setattr(codegen.schedule, "components", undistributed)
    assert set(_inside(schedule(forward))) == {"z_h", "h"}
