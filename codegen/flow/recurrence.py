"""What there is to know of a recurrent op: its states, recurrent weights, and the gates that keep a state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.algebra.expr import Call, Expr, Product, Read, Sum
from derive.algebra.system import System, Tensor
from derive.authoring.batch import batch
from derive.authoring.elaborate import elaborate
from derive.authoring.pack import pack
from derive.authoring.spec import Authored, Spec
from derive.language import OpSpec
from derive.steps import Recorder


class FlowError(ValueError):
    """An op whose gradients through time cannot be followed, in one line, with what would mend it."""


@dataclass(frozen=True, slots=True)
class State:
    """A tensor that is carried from step to step: the output, and the input that starts it."""

    name: str
    start: str


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A recurrent op.

    `states` are in the order of their equations: the loss reads the last one. `recurrent` names the
    weights that are square over a state's units. `keeping` places the biases of the gates that
    multiply a state's own old value (an LSTM's f, a GRU's z): a parameter, and its number in a pack.
    """

    op: OpSpec
    system: System
    sequence: str
    batch: str
    states: tuple[State, ...]
    recurrent: tuple[str, ...]
    keeping: tuple[tuple[str, int | None], ...]


def recurrence(op: OpSpec) -> Recurrence:
    """OpSpec -> Recurrence. Raises FlowError for an op that is none, SpecError for a spec at fault."""
    spec = op.spec()
    system = batch(pack(spec, elaborate(spec, Recorder([])), Recorder([])))
    sequence = _only(op, [s.name for s in system.sizes if s.sequence], "sequence", "s.sequence(...)")
    examples = _only(op, [s.name for s in system.sizes if s.batch], "batch", "s.data(...)")
    states = _states(op, spec)
    _check(op, system, states)
    units = {system.tensor(s.name).dims[-1] for s in states}
    square = (t for t in map(system.tensor, system.inputs) if _is_square(t) and t.dims[-1] in units)
    recurrent = tuple(t.name for t in square)
    return Recurrence(op, system, sequence, examples, states, recurrent, tuple(_keeping(spec)))


def _only(op: OpSpec, names: list[str], what: str, made: str) -> str:
    if len(names) != 1:
        found = ", ".join(names) or "none"
        raise FlowError(f"{op.name}: flow follows one {what}, but the op has {found}: make one with {made}")
    return names[0]


def _states(op: OpSpec, spec: Spec) -> tuple[State, ...]:
    order = [e.tensor for e in spec.equations if e.tensor in spec.starts]
    if not order:
        raise FlowError(
            f"{op.name}: no tensor has an initial state, by which dL/dh_t is found: "
            "declare s.let(..., start=h0)"
        )
    hidden = [name for name in order if name not in spec.outputs]
    if hidden:
        raise FlowError(f"{op.name}: the state {hidden[0]} is no output: add it to s.returns(...)")
    return tuple(State(name, spec.starts[name]) for name in order)


def _check(op: OpSpec, system: System, states: tuple[State, ...]) -> None:
    for tensor in map(system.tensor, system.inputs):
        if tensor.integer:
            raise FlowError(f"{op.name}: {tensor.name} holds integers, which flow cannot draw")
    for state in states:
        if len(system.tensor(state.start).dims) != 2 or system.tensor(state.start).role != "data":
            raise FlowError(
                f"{op.name}: the initial state {state.start} is no vector of each example: "
                "declare it with s.data(name, H)"
            )


def _is_square(tensor: Tensor) -> bool:
    return tensor.role == "parameter" and len(tensor.dims) > 1 and tensor.dims[-1] == tensor.dims[-2]


# gates --------------------------------------------------------------------------------------------
def _keeping(spec: Spec) -> Iterator[tuple[str, int | None]]:
    """The biases of the gates in `c[t] = f[t] * c[t-1] + ...`, for every state c."""
    places = {m: (name, k) for name, members in spec.packs.items() for k, m in enumerate(members)}
    for equation in spec.equations:
        if equation.tensor in spec.starts:
            for gate in _factors_of_old_value(equation):
                yield from (places.get(b, (b, None)) for b in _biases(spec, gate))


def _factors_of_old_value(equation: Authored) -> Iterator[Expr]:
    for addend in _addends(equation.value):
        if isinstance(addend, Product):
            old = [f for f in addend.args if isinstance(f, Read) and f.tensor == equation.tensor]
            yield from (f for f in addend.args if old and f not in old)


def _biases(spec: Spec, gate: Expr) -> Iterator[str]:
    """The vectors of parameters that are added inside a gate's function."""
    tensors = {t.name: t for t in spec.tensors}
    if isinstance(gate, Read) and tensors[gate.tensor].role == "computed":
        gate = next(e.value for e in spec.equations if e.tensor == gate.tensor)
    if isinstance(gate, Call):
        added = (a.tensor for a in _addends(gate.args[0]) if isinstance(a, Read))
        yield from (n for n in added if tensors[n].role == "parameter" and len(tensors[n].dims) == 1)


def _addends(value: Expr) -> tuple[Expr, ...]:
    return value.args if isinstance(value, Sum) else (value,)
