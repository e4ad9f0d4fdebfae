"""What the lemma of docs/lemma.md asks of the two systems besides its pairs: one line for each breach."""

from __future__ import annotations

from collections.abc import Iterator

from codegen.verify.pairing.pairs import Pairs
from derive.algebra.cycles import check_cycles
from derive.algebra.index import Affine
from derive.algebra.system import Equation, System, symbols
from derive.errors import SpecError


def breaches(pairs: Pairs) -> Iterator[str]:
    """Every hypothesis that does not hold."""
    try:
        check_cycles(pairs.forward)
    except SpecError as fault:
        yield str(fault)
    yield from _ambiguous(pairs)
    yield from _not_over_domains(pairs)
    yield from _not_answered(pairs)
    yield from _not_given(pairs)
    yield from _lost(pairs)
    for equation in pairs.backward.equations:
        yield from _not_linear(pairs, equation)


def _ambiguous(pairs: Pairs) -> Iterator[str]:
    """A name stands for one thing: one tensor, size or index."""
    own = set(pairs.names.tangents.values()) & {t.name for t in pairs.backward.tensors}
    yield from (f"{name} is a tangent and another tensor of the adjoint" for name in sorted(own))
    constant = symbols(pairs.forward)
    for system in (pairs.forward, pairs.moved, pairs.backward):
        for equation in system.equations:
            for term in equation.terms:
                names = [i.name for i in (*equation.indices, *term.binders)]
                if len(set(names)) < len(names) or constant & set(names):
                    yield f"{equation.tensor}: one name for two indices, or for an index and a size"


def _not_over_domains(pairs: Pairs) -> Iterator[str]:
    """Every equation gives its tensor at every place, and no tensor has two."""
    whose = {gradient: name for name, gradient in pairs.names.gradients.items()}
    yield from _partial(pairs.forward)
    yield from _partial(pairs.backward)
    for equation in pairs.backward.equations:
        if equation.tensor not in whose:
            yield f"{equation.tensor} is the gradient of nothing"
        elif _extents(pairs.backward, equation.tensor) != _extents(pairs.forward, whose[equation.tensor]):
            yield f"{equation.tensor} has other extents than {whose[equation.tensor]}"


def _partial(system: System) -> Iterator[str]:
    defined = [e.tensor for e in system.equations]
    for equation in system.equations:
        domain = [(i.lo, i.hi) for i in equation.indices]
        if domain != [(Affine(), dim) for dim in _extents(system, equation.tensor)]:
            yield f"the equation of {equation.tensor} is not over the domain of {equation.tensor}"
        if defined.count(equation.tensor) > 1 or equation.tensor in system.inputs:
            yield f"{equation.tensor} is given more than once"


def _extents(system: System, tensor: str) -> tuple[Affine, ...]:
    return system.tensor(tensor).dims


def _not_answered(pairs: Pairs) -> Iterator[str]:
    """The adjoint's outputs are the gradients of the floating inputs, each with an equation."""
    gradients = [pairs.names.gradients.get(n, f"that of {n}") for n in pairs.forward.floating_inputs()]
    defined = {e.tensor for e in pairs.backward.equations}
    if gradients != list(pairs.backward.outputs) or not defined.issuperset(gradients):
        yield f"the outputs are {', '.join(pairs.backward.outputs)}; expected {', '.join(gradients)}"


def _not_given(pairs: Pairs) -> Iterator[str]:
    """An output's cotangent comes from the caller once; that of another tensor from its equation."""
    names, defined = pairs.names, {e.tensor for e in pairs.backward.equations}
    for name, gradient in names.gradients.items():
        expected = name in pairs.forward.outputs
        if expected != ((name in names.seeds) if gradient in defined else gradient in pairs.backward.inputs):
            who = "the caller" if expected else "its equation alone"
            yield f"the cotangent of {name} does not come from {who}"
    for name, given in names.seeds.items():
        if given not in pairs.backward.inputs or name not in names.gradients:
            yield f"{given} is no cotangent that a caller gives"


def _lost(pairs: Pairs) -> Iterator[str]:
    """Nothing moves an output by a way that the adjoint does not go back."""
    moves, back = pairs.names.tangents, pairs.names.gradients
    yield from (f"{n} has a gradient, but does not move" for n in back if n not in moves)
    yield from (
        f"the output {n} moves, but has no cotangent"
        for n in pairs.forward.outputs
        if n in moves and n not in back
    )
    for equation in pairs.forward.equations:
        if equation.tensor in back:
            read = dict.fromkeys(r.tensor for t in equation.terms for r in t.reads())
            lost = [n for n in read if n in moves and n not in back]
            yield from (f"{equation.tensor} reads {n}, which moves, but has no gradient" for n in lost)


def _not_linear(pairs: Pairs, equation: Equation) -> Iterator[str]:
    """A contribution is a sum that reads one cotangent: of a computed tensor, or the caller's own."""
    names = pairs.names
    computed = {names.gradients[e.tensor] for e in pairs.forward.equations if e.tensor in names.gradients}
    own = {given for name, given in names.seeds.items() if names.gradients.get(name) == equation.tensor}
    cotangents = {*names.gradients.values(), *names.seeds.values()}
    for k, term in enumerate(equation.terms, 1):
        found = [r.tensor for r in term.reads() if r.tensor in cotangents]
        if term.monoid != "sum" or len(found) != 1 or found[0] not in computed | own:
            yield f"term {k} of {equation.tensor} is no sum linear in the cotangent of one equation"
