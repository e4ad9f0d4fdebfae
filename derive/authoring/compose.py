"""Systems of systems: one op's equations inside another's, with names of their own.

    first = use(s, lstm, "first", x=x)                      # its parameters become first_W, first_U, first_b
    second = use(s, lstm, "second", x=first.h)              # stacked
    conv = use(s, conv2d, "conv", over=n, X=images, pad=2)  # for every n of a named batch

An input is given as a tensor, a slice, a transpose, an expression or a number (values.py), `W=E.T, b=0`.
What is not given is declared: parameters and data under the part's name, sizes that no given tensor
binds, formulas of derived sizes. Numbers that are not given keep their defaults, as constants. An output
that is given is defined: `use(s, softmax, "head", over=t, x=scores, p=y)` is the equation of y.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from derive.algebra.index import Affine
from derive.authoring.close import Shape
from derive.authoring.handles import Handle
from derive.authoring.members import check_known, with_members
from derive.authoring.spec import Family, OpSpec, Spec
from derive.authoring.translation import Translation
from derive.authoring.values import Given, Reader, Standing, repetition
from derive.errors import SpecError
from derive.names import location


def use(
    whole: Spec, part: OpSpec | Family, name: str, over: Affine | None = None, **given: Any
) -> SimpleNamespace:
    """Write a part's equations into a spec; its outputs as handles, by their names in the part.

    `given` binds the part's inputs, outputs and numbers; what is not given is declared as `name_input`.
    `over` repeats the part for every value of an index (a named batch).

    Raises SpecError for a name that the part does not have, for sizes that do not agree and for what cannot
    stand for an input.
    """
    part = part[0] if isinstance(part, tuple) else part
    inner = part.spec()
    try:
        return _used(whole, inner, name, over, given)
    except SpecError as fault:  # whatever does not fit, the line at fault is that of the use
        raise SpecError(fault.message, location()) from None


def _used(whole: Spec, inner: Spec, name: str, over: Affine | None, given: dict[str, Any]) -> SimpleNamespace:
    check_known(inner, name, given)
    given = with_members(inner, name, given)
    reader = Reader(whole, inner.op.name, name, repetition(whole, name, over))
    made = Translation(whole, inner, name, reader.over)
    for integer in inner.integers:
        value = given.get(integer.name, integer.default)
        made.atoms[integer.name] = reader.integer(integer.name, integer.least, value)
    outputs = {k: reader.output(k, given[k]) for k in inner.outputs if k in given}
    values, labels = _inputs(reader, made, given)
    made.bind_sizes(_shapes(made, values, labels, outputs))
    made.check_outputs(outputs)
    for real in inner.reals:
        value = reader.real(real.name, given.get(real.name, Fraction(str(real.default))))
        made.reals[real.name] = made.number(real.name, value, real.about)
    made.declare_indices()
    made.standing.update({k: v for k, v in labels.items() if isinstance(v, Standing)})
    made.labels.update({k: v for k, v in labels.items() if isinstance(v, Affine)})
    made.take(values)
    for output, handle in outputs.items():
        made.stand_in(output, handle)
    made.declare_tensors()
    made.declare_starts(outputs)
    for equation in inner.equations:
        made.write(equation)
    return SimpleNamespace(**{n: made.tensors[n] for n in inner.outputs})


def _inputs(
    reader: Reader, made: Translation, given: Mapping[str, Any]
) -> tuple[dict[str, Given], dict[str, Standing | Affine]]:
    """What is given for the floating inputs, and for those that hold integers."""
    inputs = [t for t in made.part.tensors if t.name in given and t.role != "computed"]
    floating = {t.name: reader.tensor(t, given[t.name], made.axis(t.name)) for t in inputs if not t.integer}
    return floating, {t.name: reader.labels(t, given[t.name], made.axis(t.name)) for t in inputs if t.integer}


def _shapes(
    made: Translation,
    values: Mapping[str, Given],
    labels: Mapping[str, Standing | Affine],
    outputs: Mapping[str, Handle],
) -> dict[str, tuple[str, Shape]]:
    """What is given for each tensor is called, and its axes but the one of the repetition."""
    found = {k: (v.called, v.shape) for k, v in values.items() if v.shape is not None}
    dims = {t.name: t.dims for t in made.whole.tensors}
    whole = {k: v.tensor for k, v in labels.items() if isinstance(v, Standing)}
    for name, tensor in {**whole, **{k: v.tensor.name for k, v in outputs.items()}}.items():
        shape, axis = dims[tensor], made.axis(name)
        if made.repeated(name) and len(shape) > len(made.own(name).dims):
            shape = (*shape[:axis], *shape[axis + 1 :])
        found[name] = (tensor, shape)
    order = [t.name for t in made.part.tensors]
    return {name: found[name] for name in sorted(found, key=order.index)}
