"""Where in a kernel's text a mutant's mistake stands."""

from __future__ import annotations

import ast

from codegen.lower import Plan
from codegen.verify.integers import Integers, Known
from codegen.verify.mutate import Mutant
from codegen.verify.syntax import Path, path


class Place:
    """The place of a mutant's mistake in its kernel."""

    def __init__(self, plan: Plan, mutant: Mutant) -> None:
        self.function, self.site = mutant.function, mutant.site
        forward = mutant.kernel == "_forward"
        self.kernel = plan.forward if forward else plan.backward
        system = plan.forward_system if forward else plan.backward_system
        self.integers = Integers(self.function, system, self.kernel)
        self.path = path(self.function, self.site.old)

    @property
    def parent(self) -> ast.AST:
        return self.site.parent

    def known(self, until: ast.AST | None = None) -> Known:
        """What is known at the place, or outside of one of the nodes around it."""
        return known_along(Known(self.integers), self.path, until)

    def known_at(self, way: Path) -> Known:
        """What is known at the end of another way down from the kernel."""
        return known_along(Known(self.integers), way)


def known_along(known: Known, way: Path, until: ast.AST | None = None) -> Known:
    for node, field, child in way:
        if node is until:
            break
        if isinstance(node, ast.For) and field == "body":
            known = known.inside(node)
        elif isinstance(node, (ast.If, ast.IfExp)) and field == "body":
            known = known.given(known.integers.facts(node.test))
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            others = (v for v in node.values if v is not child)
            known = known.given(f for other in others for f in known.integers.facts(other))
    return known
