"""The recorder: every rewrite that leads from a spec to its kernels, in order."""

from __future__ import annotations

from dataclasses import dataclass

from derive.algebra.expr import Expr, Read
from derive.algebra.index import Affine, Letter
from derive.algebra.system import Equation


@dataclass(frozen=True, slots=True)
class Link:
    """What a chain step went through: a read, the derivative by it, and where the indices went.

    `read` and `slope` are in the letters of the equation that reads; `solved` says what each of these
    letters is in the contribution.
    """

    read: Read
    slope: Expr
    solved: tuple[tuple[Letter, Affine], ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """old = new, for all values of the parameters in them that no equation has."""

    old: Expr
    new: Expr


@dataclass(frozen=True, slots=True)
class Step:
    """One rewrite: its rule, why it holds, the equations it made, and the one it started from.

    `parts` are the expressions that it was about: what was put in, what cancelled, what was written out;
    `identities` are those of the rule table that it used.
    """

    rule: str
    why: str
    made: tuple[Equation, ...]
    source: str = ""
    link: Link | None = None
    parts: tuple[Expr, ...] = ()
    identities: tuple[Identity, ...] = ()


RULES = {
    "written": "the equation as the document prints it",
    "name": "a sum inside a function gets a name",
    "start": "the initial state enters at step 0",
    "pack": "equations that differ only in the member of a pack are one equation with one index more",
    "batch": "every example has its own data; parameters are shared",
    "argmax": "the maximum is read at its first maximiser",
    "chain": "one read, by the chain rule, with the read's indices solved for",
    "collect": "the contributions of all reads, added up",
    "numbers": "what divides numbers above and below a line cancels",
    "merge": "summands of which one is always 0 are one choice; numbers above and below a line cancel",
    "factor": "what does not depend on the summed index stands before the sum, which gets a name",
    "substitute": "an equation is put in the place of the tensor that it defines",
    "cancel": "a factor that is never 0 cancels",
    "fold": "a quotient that has a name is written by its name",
    "sort": "multiplied out as far as that leaves less, equal summands added up, common factors in front",
    "rescale": "a factor that cancels is divided out of numerator and denominator",
    "scale": "a sum of exponentials is exp of its largest exponent times a sum that does not overflow",
    "rewrite": "an identity that keeps digits or prevents an overflow",
    "others": "a probability less 1 is minus the sum of the others, for together they are 1",
    "leading": "the largest term, which is 1, is taken out of a sum: its logarithm is log1p of the rest",
}


@dataclass(slots=True)
class Recorder:
    """Steps in the order in which they were taken."""

    steps: list[Step]

    def record(
        self,
        rule: str,
        made: tuple[Equation, ...],
        why: str = "",
        source: str = "",
        link: Link | None = None,
        parts: tuple[Expr, ...] = (),
        identities: tuple[Identity, ...] = (),
    ) -> None:
        assert rule in RULES, rule
        self.steps.append(Step(rule, why or RULES[rule], made, source, link, parts, identities))
