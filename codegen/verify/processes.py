"""Rung 10's other half: the same op in processes of their own.

Cold and warm cache of machine code, other PYTHONHASHSEEDs: bit-equal results, and a module whose text is the
same under every seed. One and two threads of BLAS: within the a-priori bound of sums taken in another order,
at sizes where BLAS divides its work.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from codegen.copies import runtime_files
from codegen.module import Source
from codegen.verify import caller
from codegen.verify.cases import Cases
from codegen.verify.execution import Array
from codegen.verify.problems import Problem
from codegen.verify.rung5_autodiff import longest_sum
from codegen.verify.shapes import Draw, Shape
from derive.language import OpSpec

POINTS = 20_000_000  # of index space: a second of machine code
LARGEST, STEPS = 160, 5  # of a size, and of a sequence
WRITE = """
import sys
from codegen.catalogue import find
from codegen.pipeline import write
(text,) = (write(op).text for op in find((sys.argv[1],)) if op.name == sys.argv[2])
sys.stdout.buffer.write(text.encode())
"""


@dataclass(frozen=True, slots=True)
class Package:
    """An op as it is published, in a folder of its own, with a problem for it."""

    folder: Path
    name: str

    def call(self, **settings: str) -> tuple[str, dict[str, Array]]:
        """What is wrong with the calls of one process, and what they gave."""
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(self.folder / "cache"), **settings}
        environment["PYTHONPATH"] = str(self.folder)
        program = [
            sys.executable,
            "-P",
            str(Path(caller.__file__).resolve()),
            self.name,
            "given.npz",
            "made.npz",
        ]
        ended = subprocess.run(program, cwd=self.folder, env=environment, capture_output=True, text=True)
        if ended.returncode:
            return (ended.stderr.strip().splitlines() or ["a process ended without a word"])[-1], {}
        with np.load(self.folder / "made.npz") as made:
            found = {n: made[n] for n in made.files}
        return "" if ended.stdout.strip() == "1" else "threads that call at once get other bits", found

    def compiled(self) -> dict[str, int]:
        """The files of machine code, and when each was written."""
        return {p.name: p.stat().st_mtime_ns for p in (self.folder / "cache").rglob("*.nbc")}


def check(source: Source, where: str, cases: Cases) -> str:
    """An op's source, the name or file of its spec, its problems -> what differs between processes."""
    with TemporaryDirectory() as folder:
        problem = large_problem(cases)
        if problem is None:
            return "no finite problem was found"
        package = set_up(Path(folder), source, cases, problem)
        return next(
            filter(None, (*hash_seeds(source.plan.derivation.op, where), *runs(package, cases, problem))), ""
        )


def set_up(folder: Path, source: Source, cases: Cases, problem: Problem) -> Package:
    """Write the package and the problem."""
    package = folder / "package"
    (package / "runtime").mkdir(parents=True)
    for name, text in {**runtime_files(), "__init__.py": "", f"{source.name}.py": source.text}.items():
        (package / name).write_text(text, "utf-8")
    given = {f"i{k}": problem.inputs[n] for k, n in enumerate(cases.forward.inputs)}
    given |= {f"n_{n}": np.asarray(v) for n, v in {**problem.shape.integers, **problem.reals}.items()}
    given |= {f"c_{n}": a for n, a in problem.cotangents.items()}
    np.savez(folder / "given.npz", **given)  # type: ignore[arg-type]
    return Package(folder, source.name)


def runs(package: Package, cases: Cases, problem: Problem) -> Iterator[str]:
    """What differs between runs: a cold cache, a warm one with another hash seed, two threads of BLAS."""
    fault, cold = package.call(PYTHONHASHSEED="1", OPENBLAS_NUM_THREADS="1")
    yield fault
    kept = package.compiled()
    fault, warm = package.call(PYTHONHASHSEED="2", OPENBLAS_NUM_THREADS="1")
    yield fault or unlike(warm, cold, "with a warm cache and another hash seed")
    yield "" if kept and package.compiled() == kept else "the cache of machine code is not used"
    fault, two = package.call(PYTHONHASHSEED="3", OPENBLAS_NUM_THREADS="2")
    terms = longest_sum(cases.forward, cases.backward, problem.shape)
    yield fault or apart(two, cold, 16 * (terms + 16) * 2.0**-53)


def hash_seeds(op: OpSpec, where: str) -> Iterator[str]:
    """Whether two processes with other hash seeds write another module."""
    texts = []
    for seed in ("1", "2"):
        program = [sys.executable, "-c", WRITE, where, op.name]
        ended = subprocess.run(program, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True)
        texts.append(ended.stdout)
    yield "" if texts[0] == texts[1] != b"" else "the module's text depends on PYTHONHASHSEED"


def unlike(found: dict[str, Array], wanted: dict[str, Array], when: str) -> str:
    """Nothing where all bits are equal."""
    wrong = [n for n in wanted if found[n].tobytes() != wanted[n].tobytes()]
    return f"{_plain(wrong[0])} has other bits {when}" if wrong else ""


def apart(found: dict[str, Array], wanted: dict[str, Array], bound: float) -> str:
    """Nothing where all entries agree within the bound, relative to the largest of each array."""
    for name, one in wanted.items():
        largest = np.abs(one[np.isfinite(one)]).max(initial=0.0)
        near = np.abs(found[name] - one) <= bound * largest
        if not (near | ~np.isfinite(one)).all():
            return f"{_plain(name)} differs between 1 and 2 threads of BLAS by more than the a-priori bound"
    return ""


def _plain(name: str) -> str:
    return name.partition("_")[2]


def large_problem(cases: Cases) -> Problem | None:
    """A problem at the largest sizes that the budget allows; the smallest finite one where none is found."""
    draw = Draw(cases.forward, cases.backward, f"{cases.seed} large")
    extent = LARGEST
    while extent > 4:
        shape = _shape(draw, extent)
        if shape is not None and draw.cost(shape) <= POINTS:
            return cases.drawn(shape, "large", "normal")
        extent = extent * 3 // 4
    return cases.smallest_float if cases.floats else None


def _shape(draw: Draw, extent: int) -> Shape | None:
    """All sizes different, near the extent; sequences short."""
    sizes = {s.name: max(s.least, STEPS if s.sequence else extent - n) for n, s in enumerate(draw.free)}
    return draw.shape("large", sizes, draw.integers(defaults=True))
