"""How much `gradsmith verify` runs. What a level leaves out is said in its output, never implied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

import numpy as np

from codegen.module import Source
from codegen.verify.cases import EXACT_BUDGET, Cases
from codegen.verify.execution import Candidate
from codegen.verify.load import load_kept
from codegen.verify.problems import Problem
from codegen.verify.shapes import Draw, Shape


@dataclass(frozen=True, slots=True)
class Level:
    """A level's name, the rungs that it does not run, and all that it leaves out, in words."""

    name: str
    without: tuple[int, ...] = ()
    left_out: str = "nothing of what the certificate says"


class Fewer(Cases):
    """The problems of the fast level: the smallest in floats, and two sizes over exact numbers."""

    precisions = (np.float64,)
    examples = 15

    @cached_property
    def floats(self) -> tuple[Problem, ...]:
        every = Cases(self.derivation)
        return (every.smallest_float,) if every.floats else ()

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        draw = Draw(self.forward, self.backward, self.seed)  # the first that it draws is the certificate's
        made = (
            draw.awkward("awkward, defaults", EXACT_BUDGET, defaults=True),
            draw.small("small", 3, EXACT_BUDGET),
        )
        return tuple(sorted((s for s in made if s is not None), key=draw.cost))


CERTIFIED = Level("certified")
FAST = Level(
    "fast",
    (11,),
    "rung 11; rungs 2 and 3 see two sizes, rungs 5, 6, 8, 9 and 10 one problem in floats, rung 8 only in "
    f"double precision; rung 7 draws {Fewer.examples} shapes, not {Cases.examples}; machine code may be what "
    "an earlier check compiled from this text and runtime, and rung 10 then "
    "looks for parallel kernels in their options alone",
)
DEEP = Level("deep", (), f"{CERTIFIED.left_out}; more is run than it says")


class Kept(Candidate):
    """A candidate whose machine code is kept beside the published module from one check to the next."""

    def __init__(self, source: Source, folder: Path) -> None:
        super().__init__(source)
        self.folder = folder

    @cached_property
    def fast(self) -> ModuleType:
        return load_kept(self.source.name, self.text, self.folder)
