"""Systems of zero-extended index equations, and what makes one well formed."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from derive.algebra.expr import Expr, Read, free_names, integer_reads, reads
from derive.algebra.index import Affine, Delta, Guard, Index, IntegerRead, Letter, Name, Quotient, names_of
from derive.algebra.monoids import MONOIDS
from derive.errors import SpecError


@dataclass(frozen=True, slots=True)
class Size:
    """A dimension: its name, the letters of its indices, and, if derived, the formula for it."""

    name: str
    letters: tuple[str, ...]
    about: str = ""
    formula: Quotient | None = None
    least: int = 0
    sequence: bool = False
    batch: bool = False


@dataclass(frozen=True, slots=True)
class IntegerParameter:
    """A run-time integer such as a stride: its name, default and least value."""

    name: str
    default: int
    least: int
    about: str = ""


@dataclass(frozen=True, slots=True)
class RealParameter:
    """A run-time real number such as Huber's delta: its name and default."""

    name: str
    default: float
    about: str = ""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor: name, dimensions, whether it holds integers, how it prints, and what it is.

    `role` is data (one per example), parameter (shared) or computed; `members` names the slices
    of a packed tensor along its axis `packed`. Of an integer input, `outside` says what a label beyond
    its range is, "error" or "zero"; `ignore_label` is a value that counts as nothing.
    What is made for another tensor, such as its gradient, cotangent or tangent, says so in `is_a` and
    names that one in `of`; patches also name in `into` what is made with them.
    """

    name: str
    dims: tuple[Affine, ...]
    role: str
    integer: bool = False
    latex: str = ""
    about: str = ""
    members: tuple[str, ...] = ()
    packed: int = 0
    outside: str = "error"
    ignore_label: int | None = None
    is_a: str = ""
    of: str = ""
    into: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """reduce over binders, where the guards hold, of the body; `witness` names argmax's index."""

    binders: tuple[Index, ...]
    guards: tuple[Guard, ...]
    body: Expr
    monoid: str = "sum"
    witness: Letter | None = None

    def reads(self) -> tuple[Read, ...]:
        return reads(self.body)

    def integer_reads(self) -> tuple[IntegerRead, ...]:
        """Integer reads of the body and of the guards."""
        guard_reads = [r for g in self.guards for e in g.parts() for r in e.reads()]
        nested = [inner for read in guard_reads for e in read.at for inner in e.reads()]
        return tuple(guard_reads + nested) + integer_reads(self.body)

    def tensors(self) -> set[str]:
        """The names of the tensors that it reads."""
        return {r.tensor for r in self.reads()} | {r.tensor for r in self.integer_reads()}

    def all_reads(self) -> tuple[Read | IntegerRead, ...]:
        """Reads of floating and of integer tensors."""
        return (*self.reads(), *self.integer_reads())

    def names(self) -> set[Name]:
        """Every name that occurs in it, bound ones included."""
        parts = tuple(e for g in self.guards for e in g.parts())
        bounds = tuple(e for b in self.binders for e in (b.lo, b.hi))
        return free_names(self.body) | names_of(parts + bounds) | {b.name for b in self.binders}


@dataclass(frozen=True, slots=True)
class Equation:
    """tensor[indices] = the sum of the terms; `where` is its place in the spec's file."""

    tensor: str
    indices: tuple[Index, ...]
    terms: tuple[Term, ...]
    where: str = ""

    @property
    def lhs(self) -> Read:
        return Read(self.tensor, tuple(i.symbol for i in self.indices))

    def tensors(self) -> set[str]:
        """The names of the tensors that it reads."""
        return set[str]().union(*(term.tensors() for term in self.terms))


@dataclass(frozen=True, slots=True)
class System:
    """Equations over tensors: the only thing that the calculus knows."""

    name: str
    sizes: tuple[Size, ...]
    tensors: tuple[Tensor, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    equations: tuple[Equation, ...]
    integers: tuple[IntegerParameter, ...] = ()
    reals: tuple[RealParameter, ...] = ()
    _tensors: Mapping[str, Tensor] = field(init=False, repr=False, compare=False)
    _sizes: Mapping[str, Size] = field(init=False, repr=False, compare=False)
    _integers: Mapping[str, IntegerParameter] = field(init=False, repr=False, compare=False)
    _equations: Mapping[str, Equation] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tensors", {t.name: t for t in self.tensors})
        object.__setattr__(self, "_sizes", {s.name: s for s in self.sizes})
        object.__setattr__(self, "_integers", {p.name: p for p in self.integers})
        object.__setattr__(self, "_equations", {e.tensor: e for e in self.equations})

    def tensor(self, name: str) -> Tensor:
        """The declaration of a tensor."""
        return self._tensors[name]

    def size(self, name: str) -> Size:
        return self._sizes[name]

    def equation(self, name: str) -> Equation:
        """The equation that defines a tensor."""
        return self._equations[name]

    def definition(self, name: str) -> Equation | None:
        """The equation that defines a tensor; None for a tensor that is given."""
        return self._equations.get(name)

    def size_of(self, dim: Affine) -> Size | None:
        """The size that a dimension is; None for a number or a formula."""
        return self._sizes.get(dim.plain() or "")

    def least(self, name: str) -> int | None:
        """The least value of a size or of an integer parameter; None for another name."""
        known = self._integers.get(name) or self._sizes.get(name)
        return known.least if known else None

    def polynomial(self, name: str) -> Affine | None:
        """A derived size by its formula, where that divides by nothing; else None."""
        size = self._sizes.get(name)
        formula = size.formula if size else None
        whole = formula is not None and formula.denominator == Affine.of(1)
        return formula.numerator + formula.offset if whole and formula is not None else None

    def named(self, is_a: str) -> dict[str, str]:
        """Its gradients, cotangents or tangents, by the tensors whose they are."""
        return {t.of: t.name for t in self.tensors if t.is_a == is_a}

    def floating_inputs(self) -> tuple[str, ...]:
        return tuple(n for n in self.inputs if not self.tensor(n).integer)

    def domain(self, tensor: str, names: Iterable[Name]) -> tuple[Index, ...]:
        """The tensor's axes as indices with these names."""
        dims = self.tensor(tensor).dims
        return tuple(Index(n, Affine(), d) for n, d in zip(names, dims, strict=True))

    def with_equations(self, equations: tuple[Equation, ...], tensors: tuple[Tensor, ...]) -> System:
        return replace(self, equations=equations, tensors=tensors)


Names: TypeAlias = set[Any]  # texts and letters: a set is invariant in its members


def is_taken(text: str, taken: Names) -> bool:
    """Whether an index or anything else is called so already: two things never share a text on a page."""
    return text in taken or Letter(text) in taken


def fresh(wanted: str, taken: Names) -> str:
    """`wanted`, or with the first number behind it that is not taken; it is taken from now on."""
    name, count = wanted, 1
    while is_taken(name, taken) or keyword.iskeyword(name):
        count += 1
        name = f"{wanted}{count}"
    taken.add(name)
    return name


def canonical_indices(system: System, tensor: str, taken: Names) -> tuple[Index, ...]:
    """Fresh indices for a tensor's axes, with the letters of its dimensions."""
    return tuple(
        Index(fresh_letter(system.sizes, dim, taken), Affine(), dim) for dim in system.tensor(tensor).dims
    )


def fresh_letter(sizes: tuple[Size, ...], dim: Affine, taken: Names) -> Letter:
    """An index called by the first free letter of a dimension; the letter is taken from now on."""
    letters = next((s.letters for s in sizes if s.name == dim.plain()), ("g" if dim.is_integer() else "m",))
    for letter in letters:
        if not is_taken(letter, taken):
            taken.add(letter)
            return Letter(letter)
    return Letter(fresh(letters[0], taken))


def symbols(system: System) -> set[str]:
    """Names of sizes and integer parameters: free in every equation."""
    return {s.name for s in system.sizes} | {p.name for p in system.integers}


def constants(system: System) -> set[str]:
    """Names of all that is one number in a run: sizes, integer and real parameters."""
    return symbols(system) | {p.name for p in system.reals}


def names_in(system: System) -> set[Name]:
    """Every name that a page of the system may show."""
    tensors = {t.name for t in system.tensors}
    found: set[Name] = {*constants(system), *tensors}
    found |= {Letter(letter) for s in system.sizes for letter in s.letters}
    for equation in system.equations:
        found |= {i.name for i in equation.indices}.union(*(t.names() for t in equation.terms))
    return found


def map_terms(equation: Equation, terms: Mapping[int, Term]) -> Equation:
    """The equation with some terms replaced."""
    kept = tuple(terms.get(k, term) for k, term in enumerate(equation.terms))
    return replace(equation, terms=kept)


def check_system(system: System) -> None:
    """Raise SpecError unless every equation is well formed and every cycle has a step."""
    defined = {t.name for t in system.tensors}
    for equation in system.equations:
        try:
            _check_equation(system, equation, defined)
        except SpecError as fault:
            raise SpecError(f"{system.name}: {fault.message}", equation.where) from None


def _check_equation(system: System, equation: Equation, defined: Names) -> None:
    free = symbols(system) | {i.name for i in equation.indices}
    for term in equation.terms:
        assert term.monoid in MONOIDS, f"unknown monoid {term.monoid}"
        for read in term.all_reads():
            _check_read(system, read, defined)
            _check_affine(system, f"{read.tensor}[{', '.join(map(str, read.at))}]", read.at)
        for guard in term.guards:
            _check_affine(system, str(guard), guard.parts())
        unbound = term.names() - free - {b.name for b in term.binders}
        if unbound:
            name = sorted(unbound)[0]
            raise SpecError(
                f"index '{name}' in the equation of {equation.tensor} is not free on the left: "
                f"sum over it, or add it to the left side"
            )
        if any(isinstance(g, Delta) and g.a == g.b for g in term.guards):
            raise SpecError(
                f"the equation of {equation.tensor} has a delta of an index with itself: "
                "compare it with another index, or drop it"
            )


def _check_affine(system: System, text: str, expressions: tuple[Affine, ...]) -> None:
    """An index may be multiplied by sizes and integer parameters, not by an index or a label."""
    constant = symbols(system)
    for monomial in (m for e in expressions for m, _ in e.terms):
        if sum(atom not in constant for atom in monomial) > 1:
            raise SpecError(
                f"{text} multiplies indices by each other: an index expression is affine, such as "
                "stride*i + p - pad"
            )


def _check_read(system: System, read: Read | IntegerRead, defined: Names) -> None:
    if read.tensor not in defined:
        raise SpecError(f"{read.tensor} is read but never declared: declare it, or mend its name")
    rank = len(system.tensor(read.tensor).dims)
    if len(read.at) != rank:
        raise SpecError(
            f"{read.tensor} has {rank} axes but is read with {len(read.at)} indices: give one index an axis"
        )
