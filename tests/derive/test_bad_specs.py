"""What an author is told about a mistake: the file and line, the op, the fault and a mend, on one line."""

from __future__ import annotations

import inspect
import math
from pathlib import Path
from typing import Any

import pytest

from derive.authoring.batch import batch
from derive.authoring.elaborate import elaborate
from derive.derivation import derive
from derive.errors import SpecError
from derive.language import OpSpec, op
from derive.steps import Recorder
from tests.derive import bad_specs


def op_of(name: str) -> OpSpec:
    function, _ = bad_specs.BAD[name]

    def build(s: Any) -> None:
        function(s, bad_specs.declared(s))

    _, first = inspect.getsourcelines(function)
    return OpSpec(name, build, "title", "source", inspect.getsourcefile(function) or "", (), first)


def place(name: str) -> str:
    """The line that says `# fault`; that of a declaration for `undefined`; else the function's first."""
    function, _ = bad_specs.BAD[name]
    lines, first = inspect.getsourcelines(function)
    if name == "undefined":
        lines, first = inspect.getsourcelines(bad_specs.declared)
    marked = [n for n, line in enumerate(lines) if line.rstrip().endswith("# fault") or "y=s.let" in line]
    return f"{Path(bad_specs.__file__).name}:{first + (marked[0] if marked else 0)}"


@pytest.mark.parametrize("name", bad_specs.BAD)
def test_a_mistake_is_located_and_explained_on_one_line(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        derive(op_of(name))
    assert str(caught.value) == f"{place(name)}: {name}: {bad_specs.BAD[name][1]}"
    assert "\n" not in str(caught.value)


def test_a_lone_guard_is_no_mistake() -> None:
    assert derive(bad_specs.lenient[0]).forward.equation("y")


@pytest.mark.parametrize("name", ["forward", "lambda", "_op"])
def test_an_op_needs_a_name_for_its_module(name: str) -> None:
    def function(s: Any) -> None:
        raise AssertionError(s)

    function.__name__ = name
    with pytest.raises(SpecError, match=f"{name!r} cannot name anything"):
        op(title="", source="")(function)


def test_a_spec_that_takes_nothing_is_the_authors_mistake() -> None:
    @op(title="", source="")
    def nothing() -> None:
        raise AssertionError

    with pytest.raises(SpecError, match="takes 0 positional arguments but 1 was given"):
        derive(nothing[0])


def test_the_file_is_named_where_the_spec_stands_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "my_op.py"
    path.write_text("def my_op(s):\n    s.size('a b')\n")
    names: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    (spec,) = op(title="", source="")(names["my_op"])
    with pytest.raises(SpecError, match=r"^my_op\.py:2: my_op: 'a b' cannot name"):
        derive(spec)


def test_infinity_is_no_fraction() -> None:
    @op(title="", source="")
    def infinite(s: Any) -> None:
        s.let("y")[:] = math.inf

    with pytest.raises(SpecError, match="inf is no number of a formula"):
        derive(infinite[0])


def test_a_batch_that_is_named_later_may_be_b() -> None:
    @op(title="", source="")
    def named(s: Any) -> None:
        B = s.batch("B", "n")
        y = s.let("y", B)
        y[:] = s.data("x", B)
        s.returns(y)

    system = elaborate(named[0].spec(), Recorder([]))
    assert batch(system) is system
