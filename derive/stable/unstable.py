"""Says aloud which equations lose their value for large inputs although the exact value is moderate."""

from __future__ import annotations

from collections.abc import Iterator

from derive.algebra.expr import Call, Expr, Negative, Power, Product, Ratio, Read, Sum, walk
from derive.algebra.system import System, Term
from derive.stable.rewriting import factored

LOGARITHMS = ("log", "log1p")
GROWING = ("exp", "expm1")


def unstable(forward: System, backward: System) -> tuple[str, ...]:
    """One line for each logarithm or quotient of exponentials that no rule removed."""
    before = Overflows(forward)
    return tuple(dict.fromkeys((*before.lines(), *Overflows(backward, before).lines())))


class Overflows:
    """What each computed tensor can become for large inputs: infinite by an exp, or rounded to 0 or 1.

    `large` and `rounded` hold their names; `before` is what is known of the tensors that an adjoint reads.
    """

    def __init__(self, system: System, before: Overflows | None = None) -> None:
        self.system = system
        self.maxima = {e.tensor for e in system.equations if any(map(is_largest, e.terms))}
        self.maxima |= before.maxima if before else set()
        self.large: set[str] = set(before.large) if before else set()
        self.rounded: set[str] = set(before.rounded) if before else set()
        for equation in system.equations:
            if any(self._is_large(t.body) for t in equation.terms):
                self.large.add(equation.tensor)
            if len(equation.terms) == 1 and self._is_rounded_term(equation.terms[0]):
                self.rounded.add(equation.tensor)

    def _is_rounded_term(self, term: Term) -> bool:
        """A sum has its largest term."""
        return not term.binders and self._is_rounded(term.body)

    def _is_large(self, node: Expr) -> bool:
        """Whether the linear layer of the expression holds an exponential of anything unbounded."""
        return any(self._overflows(leaf) for leaf in _leaves(node))

    def _grows(self, arg: Expr) -> bool:
        """Whether it is large with a plus: the logarithm of a large negative number has no value to lose."""
        if isinstance(arg, Sum):
            return any(map(self._grows, arg.args))
        return not isinstance(arg, Negative) and self._is_large(arg)

    def _overflows(self, leaf: Expr) -> bool:
        if isinstance(leaf, Read):
            return leaf.tensor in self.large
        return isinstance(leaf, Call) and leaf.function in GROWING and not self._is_shifted(leaf)

    def _is_shifted(self, node: Expr) -> bool:
        return any(isinstance(n, Read) and n.tensor in self.maxima for n in walk(node))

    def _is_rounded(self, node: Expr) -> bool:
        """Whether the expression is a probability that can round to 0 or 1: a logistic or softmax."""
        match node:
            case Call("sigmoid", _):
                return True
            case Read(tensor, _):
                return tensor in self.rounded
            case Call("exp", _):
                return self._is_shifted(node)
            case Ratio(top, bottom):
                return self._is_rounded(top) and not self._is_large(bottom)
        return False

    def rounded_reads(self, arg: Expr) -> tuple[Read, ...]:
        """The reads in an argument that may have lost what its logarithm is about."""
        return tuple(r for r in _leaves(arg) if isinstance(r, Read) and r.tensor in self.rounded)

    def rounds(self, arg: Expr) -> bool:
        """Whether a summand or factor of the argument is 0 or 1 for large inputs."""
        return any(map(self._is_rounded, _leaves(arg)))

    def lines(self) -> tuple[str, ...]:
        """The warnings, in the order of the equations."""
        found = []
        for equation in self.system.equations:
            for node in (n for t in equation.terms for n in walk(t.body)):
                found += [f"{equation.tensor} {fault}" for fault in self._faults(node)]
        return tuple(dict.fromkeys(found))

    def _divides(self, node: Expr) -> bool:
        """Whether it has an exponential above the line and one below."""
        places = {part.plain for part in factored(node)[1] if self._is_large(part.node)}
        return len(places) == 2

    def _faults(self, node: Expr) -> Iterator[str]:
        match node:
            case Ratio() | Product() if self._divides(node):
                yield "divides an exponential by one: it is NaN for large inputs and no rule matched"
            case Call(function, (arg,)) if function in LOGARITHMS and self._grows(arg):
                yield f"takes {function} of an exponential: it overflows for large inputs and no rule matched"
            case Call(function, (arg,)) if function in LOGARITHMS:
                for name in dict.fromkeys(r.tensor for r in self.rounded_reads(arg)):
                    yield (
                        f"takes {function} of {name}, which rounds to 0 or 1 for large inputs, and no rule "
                        f"matched: write the formula of {name} inside the logarithm"
                    )


def is_largest(term: Term) -> bool:
    """Whether it is a maximum: over indices, or of expressions."""
    return term.monoid == "max" or (isinstance(term.body, Call) and term.body.function == "maximum")


def _leaves(node: Expr) -> Iterator[Expr]:
    """What an expression is a sum, product or quotient of."""
    match node:
        case Sum(args) | Product(args):
            for arg in args:
                yield from _leaves(arg)
        case Negative(arg):
            yield from _leaves(arg)
        case Ratio(top, _) | Power(top, _):
            yield from _leaves(top)
        case _:
            yield node
