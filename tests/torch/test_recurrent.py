"""Recurrent layers against torch in float64: several layers, both directions, values and all gradients."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from tests.by_hand import draw, error
from tests.torch.recurrent_kinds import KINDS, Arrays, Columns, H, I, Kind

pytestmark = pytest.mark.torch

T, B = 5, 3
TOLERANCE = 1e-11
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)


@dataclass
class Reference:
    """torch's network on random inputs: outputs, and gradients by its own names."""

    net: torch.nn.RNNBase
    x: torch.Tensor
    starts: tuple[torch.Tensor, ...]
    outputs: torch.Tensor
    last: tuple[torch.Tensor, ...]

    def weights(self, layer: int, way: str = "") -> Arrays:
        suffix = f"_l{layer}{way}"
        found = {n: p for n, p in self.net.named_parameters() if n.endswith(suffix)}
        return {n.removesuffix(suffix): p.detach().numpy() for n, p in found.items()}

    def gradients(self, bars: list[np.ndarray]) -> Arrays:
        """From cotangents of the outputs, and of the last states where they are given."""
        loss = sum(
            (torch.tensor(c) * a).sum() for c, a in zip(bars, (self.outputs, *self.last), strict=False)
        )
        loss.backward()
        made = {n: p.grad.numpy() for n, p in self.net.named_parameters()}
        starts = {f"start{n}": s.grad.numpy() for n, s in enumerate(self.starts)}
        return {**made, **starts, "x": self.x.grad.numpy()}


def reference(kind: Kind, layers: int, **options: Any) -> Reference:
    torch.manual_seed(7)
    net = kind.make(I, H, layers, **options).double()
    ways = 2 if net.bidirectional else 1
    x = torch.tensor(draw((T, B, I), 1), requires_grad=True)
    shape = (layers * ways, B, H)
    starts = tuple(torch.tensor(draw(shape, 2 + n), requires_grad=True) for n in range(len(kind.states)))
    outputs, last = net(x, starts if len(starts) > 1 else starts[0])
    return Reference(net, x, starts, outputs, last if isinstance(last, tuple) else (last,))


def starts_of(kind: Kind, ref: Reference, number: int, prefix: str) -> Arrays:
    arrays = (s.detach().numpy()[number] for s in ref.starts)
    return {f"{prefix}{n}": kind.state(a) for n, a in zip(kind.states, arrays, strict=True)}


def under(prefix: str, arrays: Arrays) -> Arrays:
    return {f"{prefix}{n}": a for n, a in arrays.items()}


def part(prefix: str, arrays: Arrays) -> Arrays:
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def largest_error(found: Arrays, wanted: Arrays) -> float:
    assert {*found} == {*wanted}
    return max(error(found[n], wanted[n]) for n in wanted)


def placed(gradients: Arrays, layer: int, way: str = "") -> Arrays:
    return {f"{n}_l{layer}{way}": a for n, a in gradients.items()}


# three layers, one module of ours -----------------------------------------------------------------
def three_layers(kind: Kind, change: Callable[[Arrays], Arrays] = lambda inputs: inputs) -> float:
    ref = reference(kind, 3)
    columns = [Columns(tuple(range(I)), I)] + 2 * [Columns(tuple(range(H)), kind.units)]
    inputs: Arrays = {"x": ref.x.detach().numpy()}
    for n in range(3):
        prefix = f"layer{n + 1}_"
        inputs |= under(prefix, kind.to_ours(ref.weights(n), columns[n])) | starts_of(kind, ref, n, prefix)
    outputs, pullback = importlib.import_module(f"generated.deep_{kind.name}_three").vjp(**change(inputs))
    bars = [draw((T, B, H), 40), *(draw((3, B, H), 41 + n) for n in range(len(kind.states)))]
    given = {n: np.zeros_like(a) for n, a in outputs._asdict().items()}
    given["layer3_h"][..., :H] += bars[0]
    found: Arrays = {"outputs": outputs.layer3_h[..., :H]}
    for n in range(3):
        for state, bar in zip(kind.states, bars[1:], strict=True):
            name = f"layer{n + 1}_{state[0]}"
            given[name][-1, :, :H] += bar[n]
            found[f"last {name}"] = getattr(outputs, name)[-1, :, :H]
    gradients = pullback(**given)._asdict()
    wanted = {"outputs": ref.outputs.detach().numpy(), **ref.gradients(bars)}
    for n in range(3):
        own = part(f"layer{n + 1}_", gradients)
        found |= placed(kind.to_torch(own, columns[n]), n)
        wanted |= {
            f"last layer{n + 1}_{s[0]}": a.detach()[n].numpy()
            for s, a in zip(kind.states, ref.last, strict=True)
        }
    for k, state in enumerate(kind.states):
        found[f"start{k}"] = np.stack([gradients[f"layer{n}_{state}"][:, :H] for n in (1, 2, 3)])
    return largest_error({**found, "x": gradients["x"]}, wanted)


@every_kind
def test_three_layers_are_torchs(kind: Kind) -> None:
    assert three_layers(kind) < TOLERANCE


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda k: k.name)
def test_two_gates_that_changed_places_are_seen(kind: Kind) -> None:
    def swapped(inputs: Arrays) -> Arrays:
        b = inputs["layer2_b"]
        return {**inputs, "layer2_b": b[[1, 0, *range(2, len(b))]]}

    assert three_layers(kind, swapped) > 1e-3


# both directions, two layers, one module of ours a layer -------------------------------------------
def both_columns(kind: Kind) -> list[Columns]:
    back = tuple(kind.units + n for n in range(H))
    return [Columns(tuple(range(I)), I), Columns((*range(H), *back), 2 * kind.units)]


WAYS = {"forward_": "", "backward_": "_reverse"}


def ours_both_ways(name: str) -> Callable[[np.ndarray, Arrays], tuple[Any, Callable[[Any], Arrays]]]:
    """A layer in both directions: its outputs, and what turns their cotangent into gradients."""
    if name != "rnn_relu":
        module = importlib.import_module(f"generated.bidirectional_{name}_concatenated")

        def published(x: np.ndarray, weights: Arrays) -> Any:
            outputs, pullback = module.vjp(x=x, **weights)
            return outputs.y, lambda dy: pullback(y=dy)._asdict()

        return published
    return relu_both_ways


def relu_both_ways(x: np.ndarray, weights: Arrays) -> Any:
    """`rnn_relu` once along the sequence and once against it; its output layer takes no part."""
    module = importlib.import_module("generated.rnn_relu")
    idle = {"W_hy": np.zeros((2, H)), "c": np.zeros(2)}
    ways, made = {"forward_": slice(None), "backward_": slice(None, None, -1)}, {}
    for prefix, way in ways.items():
        own = part(prefix, weights)
        made[prefix] = module.vjp(x=x[way], b=own.pop("b_h"), **own, **idle)
    y = np.concatenate([made[p][0].h[way] for p, way in ways.items()], axis=-1)

    def pullback(dy: np.ndarray) -> Arrays:
        found: Arrays = {"x": np.zeros_like(x)}
        for n, (prefix, way) in enumerate(ways.items()):
            own = made[prefix][1](h=dy[..., n * H : (n + 1) * H][way])._asdict()
            found["x"] += own["x"][way]
            found |= under(prefix, {"b_h" if m == "b" else m: a for m, a in own.items()})
        return found

    return y, pullback


BOTH = (*((k.name, k, {}) for k in KINDS), ("rnn_relu", KINDS[0], {"nonlinearity": "relu"}))


def two_layers_both_ways(name: str, kind: Kind, options: Arrays, turned: bool = True) -> float:
    ref, layer, columns = (
        reference(kind, 2, bidirectional=True, **options),
        ours_both_ways(name),
        both_columns(kind),
    )
    x, pullbacks = ref.x.detach().numpy(), []
    for n in range(2):
        weights: Arrays = {}
        for k, (prefix, way) in enumerate(WAYS.items()):
            own = kind.to_ours(ref.weights(n, way), columns[n])
            weights |= under(prefix, own) | starts_of(kind, ref, 2 * n + k, prefix)
        x, pullback = layer(x, weights)
        pullbacks.append(pullback)
    dy = draw((T, B, 2 * H), 40)
    bar, found, starts = columns[1].wide(dy), {"outputs": x[..., columns[1].at]}, [[] for _ in kind.states]
    for n in (1, 0):
        gradients = pullbacks[n](bar)
        bar = gradients["x"]
        for prefix, way in reversed(WAYS.items()):
            own = part(prefix, gradients)
            found |= placed(kind.to_torch(own, columns[n]), n, way if turned else "_reverse"[len(way) :])
            for k, state in enumerate(kind.states):
                starts[k].insert(0, own[state][:, :H])
    found |= {"x": bar} | {f"start{k}": np.stack(a) for k, a in enumerate(starts)}
    return largest_error(found, {"outputs": ref.outputs.detach().numpy(), **ref.gradients([dy])})


@pytest.mark.parametrize(("name", "kind", "options"), BOTH, ids=[b[0] for b in BOTH])
def test_two_layers_in_both_directions_are_torchs(name: str, kind: Kind, options: Arrays) -> None:
    assert two_layers_both_ways(name, kind, options) < TOLERANCE


def test_directions_that_changed_places_are_seen() -> None:
    assert two_layers_both_ways(*BOTH[0], turned=False) > 1e-3
