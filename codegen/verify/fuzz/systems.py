"""The strategy: random well-formed systems, the plainest choice always first, so that they shrink well.

Up to four equations, each over what stands before it: sums, maxima and choices nested in scalar functions;
places with strides, offsets, signs, padding, labels; guards; left sides that spread or flatten; one or two
sequences that read their own and each other's past or future, by a fixed number of steps or a varying one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st

from codegen.verify.fuzz.program import FUNCTIONS, Node, Part, Program, Quoted, names_in
from codegen.verify.fuzz.vocabulary import DERIVED, INDICES, INPUTS, LEFT, SERIAL, SIZES, STEADY, WINDOW

EQUATIONS, DEPTH = 3, 3
DEFINED_ABOVE_0 = ("log", "sqrt")
ANYWHERE = tuple(name for name in FUNCTIONS if name not in (*DEFINED_ABOVE_0, "log1p"))


@dataclass(slots=True)
class Draw:
    """One system being drawn."""

    draw: Any
    tensors: dict[str, tuple[str, ...]] = field(default_factory=dict)  # name -> the sizes of its axes
    equations: list[tuple[Node, Part]] = field(default_factory=list)

    def pick(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    # places ---------------------------------------------------------------------------------------
    def place(self, size: str, scope: tuple[str, ...]) -> Part:
        """A position on an axis of this size."""
        own = tuple(i for i in scope if INDICES.get(i) == size) or scope[:1]
        kinds = ["plain"] * 4 + ["near", "far", "affine", "reversed", "fixed"]
        kinds += ["label"] * 2 if size == "M" and "i" in scope else []
        kinds += ["strided"] * 4 if size == "N" and {"u", "p"} <= {*scope} else []
        kind = self.pick(*kinds)
        if kind == "fixed" or not scope:
            return self.pick(0, 1, Node("-", (size, 1)))
        index = self.pick(*own)
        match kind:
            case "plain" if INDICES.get(index) == size:
                return str(index)
            case "reversed":
                return Node("-", (Node("-", (size, 1)), index))
            case "label":
                label = Node("read", ("label", ("i",)))
                return self.pick(label, Node("+", (label, 1)), Node("-", (label, "j" if "j" in scope else 1)))
            case "strided":
                return Node("-", (Node("+", (Node("*", ("stride", "u")), "p")), "pad"))
            case "affine":
                other = Node("*", (self.pick(1, 2, -1, -2, 3), self.pick(*scope)))
                return _offset(
                    Node("+", (_times(self.pick(1, 2, -1, -2), index), other)), self.pick(0, 1, -1)
                )
            case "far":
                return _offset(_times(self.pick(2, 3, -1, -2), index), self.pick(0, 1, -2, 3))
        return _offset(str(index), self.pick(1, -1, 2))

    # expressions ----------------------------------------------------------------------------------
    def read(self, scope: tuple[str, ...], names: tuple[str, ...]) -> Part:
        name = self.pick(*names)
        sizes = self.tensors[name] if name in self.tensors else INPUTS[name][1]
        return Node("read", (name, tuple(self.place(size, scope) for size in sizes))) if sizes else str(name)

    def expression(self, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        """An expression over the indices in scope; its tensors are among these names."""
        if depth == 0:
            return self.read(scope, names)
        rows = (self._read, self._product, self._function, self._sum, self._total)
        more = (self._ratio, self._largest, self._choice, self._guarded, self._power, self._number)
        drawn: Part = self.pick(*rows, *more)(scope, names, depth - 1)
        return drawn

    def _read(self, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        return self.read(scope, names)

    def _product(self, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        return Node("*", (self.read(scope, names), self.expression(scope, names, depth)))

    def _function(self, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        return Node(self.pick(*ANYWHERE), (self.expression(scope, names, depth),))

    def _sum(self, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        two = (self.expression(scope, names, depth), self.expression(scope, names, depth))
        return Node(self.pick("+", "-"), two)

    def _ratio(self, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        """What is divided by, or has a root or logarithm, is above 0."""
        inner = self.expression(scope, names, depth)
        above = self.pick(Node("exp", (inner,)), Node("+", (1, Node("**", (inner, 2)))))
        match self.pick("ratio", "function", "log1p"):
            case "function":
                return Node(self.pick(*DEFINED_ABOVE_0), (above,))
            case "log1p":
                return Node("log1p", (Node("exp", (inner,)),))
        return Node("/", (self.read(scope, names), above))

    def _power(self, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        return Node("**", (Node("+", (self.expression(scope, names, depth), 0)), self.pick(2, 3)))

    def _number(self, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        inner = self.expression(scope, names, depth)
        match self.pick("times", "plus", "half", "real", "negative", "index"):
            case "plus":
                return Node("+", (inner, self.pick(1, 2)))
            case "half":
                return Node("/", (inner, self.pick(2, 3)))
            case "real":
                return Node("*", ("rate", inner))
            case "negative":
                return Node("negative", (inner,))
            case "index" if scope:
                return Node("*", (inner, Node("+", (self.pick(*scope), 1))))
        return Node("*", (self.pick(2, -1, 3), inner))

    def _choice(self, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        left, then = self.read(scope, names), self.expression(scope, names, depth)
        right = self.pick(0, self.read(scope, names))
        relation = self.pick("greater", "at_most", "less", "at_least")
        return Node(relation, (left, right, then, self.read(scope, names)))

    def _guarded(self, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        inner = self.expression(scope, names, depth)
        if not scope:
            return inner
        guard = self.guard(scope)
        return Node("*", (Node({"between": "inside", "equal": "delta"}[guard.word], guard.parts), inner))

    def guard(self, scope: tuple[str, ...]) -> Node:
        """A range or an equality of positions, of which one at least moves."""
        index = self.pick(*scope)
        size = INDICES.get(index, "N")
        if self.pick("between", "equal") == "between":
            lo, hi = (
                self.pick(0, 1),
                self.pick(Node("-", (size, 1)), 2, *((scope[0],) if len(scope) > 1 else ())),
            )
            return Node("between", (self.place(size, (index,)), lo, hi))
        return Node("equal", (index, self.place(size, scope[:-1] if index == scope[-1] else scope)))

    def _reduced(self, word: str, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        over = self.pick("p", "r", "q", "d")
        within = (*(i for i in scope if i != over), over)
        guards = (self.guard(within),) if self.pick(False, False, True) else ()
        return Node(word, (over, self.expression(within, names, depth), guards))

    def _total(self, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        return self._reduced("total", scope, names, depth)

    def _largest(self, scope: tuple[str, ...], names: tuple[str, ...], depth: int) -> Part:
        return self._reduced("largest", scope, names, depth)

    # equations ------------------------------------------------------------------------------------
    def steady(self, name: str) -> None:
        """An equation that reads what stands before it."""
        sizes, scope, at = self.pick(*LEFT[:3], *LEFT)
        known = tuple(self.tensors)
        right = self.expression(scope, (*STEADY, *known, *known), DEPTH)
        self.tensors[name] = sizes
        self.equations.append((Node("read", (name, at)), right))

    def serial(self, names: tuple[str, ...]) -> None:
        """Sequences that read their own and each other's past, or future."""
        known, back = tuple(self.tensors), self.pick("-", "+")
        self.tensors |= {name: ("T", "M") for name in names}
        for n, name in enumerate(names):
            right = self.expression(("t", "j"), (*SERIAL, *known), DEPTH - 1)
            for other in names[:n]:  # the others at the same step: elsewhere they might look both ways
                right = Node(self.pick("+", "*"), (right, Node("read", (other, ("t", "j")))))
            for _ in range(self.pick(1, 1, 2)):
                right = Node("+", (right, self._past(back, self.pick(*names))))
            right = Node("tanh", (right,)) if self.pick(False, True) else right
            self.equations.append((Node("read", (name, ("t", "j"))), right))

    def _past(self, back: str, name: str) -> Part:
        """An addend that reads a sequence one to three steps away, or further."""
        if self.pick(False, False, False, True):
            return self._further(back, name)
        at = Node(back, ("t", self.pick(1, 1, 2, 3)))
        own, other = Node("read", (name, (at, "j"))), Node("read", (name, (at, "r")))
        match self.pick("gain", "product", "gate", "function"):
            case "product":
                return Node("total", ("r", Node("*", (Node("read", ("W", ("j", "r"))), other)), ()))
            case "gate":
                return Node("*", (Node("sigmoid", (Node("read", ("xs", ("t", "j"))),)), own))
            case "function":
                return Node("*", ("g", Node(self.pick("tanh", "sin"), (own,))))
        return Node("*", ("g", own))

    def _further(self, back: str, name: str) -> Part:
        """An addend that reads a sequence a varying number of steps away, all of them on one side."""
        before = Node("between", ("e", 0, "t") if back == "-" else ("e", Node("+", ("t", 1)), "T"))
        there = Node("read", (name, ("e", "j")))
        match self.pick("lag", "taps", "all", "best"):
            case "lag":
                return Node("*", ("g", Node("read", (name, (Node(back, ("t", "stride")), "j")))))
            case "taps":
                tap = Node("read", (name, (Node(back, (Node(back, ("t", 1)), "p")), "j")))
                return Node("total", ("p", Node("*", (Node("read", ("w", ("p",))), tap)), ()))
            case "all":
                return Node("total", ("e", Node("*", ("g", Node("tanh", (there,)))), (before,)))
        best = Node("largest", ("e", Node("+", (there, Node("read", ("xs", ("e", "j"))))), (before,)))
        return Node("relu", (best,))  # of nothing, -inf

    def program(self) -> Program:
        """All equations, with the declarations that they need; the last tensor is returned, maybe others."""
        count = self.pick(*range(1, EQUATIONS + 1))
        for n in range(count):
            kind = self.pick("steady", "steady", "serial", "pair") if n == 0 else "steady"
            match kind:
                case "serial":
                    self.serial(("h",))
                case "pair":
                    self.serial(("h", "k"))
                case _:
                    self.steady("yzo"[n])
        *others, last = self.tensors
        outputs = (last, *(n for n in others if self.pick(True, False)))
        return Program(self._declarations(outputs), tuple(self.equations), outputs)

    def _declarations(self, outputs: tuple[str, ...]) -> tuple[tuple[str, Node], ...]:
        """What the equations mention, and what that mentions in turn."""
        used = {*outputs}.union(*(names_in(side) for equation in self.equations for side in equation))
        # the sizes that are in use, and an input for each, by whose shape it is known
        sizes = {INDICES[i] for i in used & INDICES.keys()} | {n for t in self.tensors.values() for n in t}
        sizes |= {n for i in used & INPUTS.keys() for n in INPUTS[i][1]} | (used & {"N", "M", "P", "T"})
        derived = [row for row in DERIVED if row[0] in sizes | used]
        sizes |= {n for _, node in derived for n in names_in(node)}
        for size, witness in (("N", "a"), ("P", "w"), ("T", "xs"), ("M", "x")):
            if size in sizes and not any(size in INPUTS[i][1] for i in used & INPUTS.keys()):
                used.add(witness)
                sizes |= {*INPUTS[witness][1]}
        made = [row for row in SIZES if row[0] in sizes | used] + derived
        made += [("rate", Node("real", ("s", Quoted("rate"), 3, 4)))] if "rate" in used else []
        made += [WINDOW] if "d" in used else []
        made += [(i, Node("index", ("s", Quoted(i), size, 0))) for i, size in INDICES.items() if i in used]
        made += [(n, Node(w, ("s", Quoted(n), dims))) for n, (w, dims) in INPUTS.items() if n in used]
        return (*made, *((n, Node("let", ("s", Quoted(n), dims))) for n, dims in self.tensors.items()))


def _offset(place: Part, by: int) -> Part:
    return place if by == 0 else Node("+" if by > 0 else "-", (place, abs(by)))


def _times(factor: int, index: Part) -> Part:
    return index if factor == 1 else Node("*", (factor, index))


@st.composite
def systems(draw: Any) -> Program:
    """Programs of random systems."""
    return Draw(draw).program()
