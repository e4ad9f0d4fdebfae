"""The fuzzer: random systems agree; what is planted is found, shrunk, and printed as a file that shows it."""

from dataclasses import replace

import pytest

import codegen.lower
from codegen.catalogue import from_file
from codegen.expressions import Expressions
from codegen.schedule import Steps
from codegen.verify.face import Face
from codegen.verify.fuzz.compare import Refused, difference, exact_difference
from codegen.verify.fuzz.program import WORDS, Program
from codegen.verify.fuzz.run import search
from derive.adjoint import adjoint
from derive.derivation import derive
from derive.errors import SpecError
from derive.language import op, tanh, total


def test_random_systems_agree_with_every_oracle():
    found = search(1, 10)
    assert not found.fault and found.compared == 10, str(found)


def test_more_of_them_agree_over_exact_numbers():
    found = search(2, 40, exact_difference)
    assert not found.fault and found.compared == 40, str(found)


def test_a_search_is_the_same_every_time_and_draws_every_kind_of_system():
    texts = []

    def kept(self, program):
        texts.append(str(program))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("codegen.verify.fuzz.run._Log.one", kept)
        search(3, 400)
        first = list(texts)
        texts.clear()
        search(3, 400)
    assert texts == first
    everything = "".join(texts)
    parts = {word.written.partition("{")[0] for word in WORDS.values() if word.written[0].isalpha()}
    missing = sorted(p for p in parts if p not in everything)
    assert not missing
    assert "label[i]" in everything and "stride * u" in everything and "h[(t - 2)" in everything
    further = ("[(t - stride), j]", "h[((t - 1) - p), j]", "(between(e, 0, t),)", "(between(e, (t + 1), T),)")
    assert all(kind in everything for kind in further)


def plain(system):
    """What two derivations must share: equations without the lines of the files that they stand in."""
    return tuple((e.tensor, e.indices, e.terms) for e in system.equations)


def test_a_program_and_its_text_are_the_same_system(tmp_path):
    programs = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("codegen.verify.fuzz.run._Log.one", lambda self, program: programs.append(program))
        search(4, 40)
    same = 0
    for n, program in enumerate(programs):
        path = tmp_path / f"system_{n}.py"
        path.write_text(str(program), "utf-8")
        try:
            built = derive(program.op())
        except SpecError:
            continue
        (read,) = from_file(path)
        assert plain(derive(read).backward) == plain(built.backward), str(program)
        same += 1
    assert same > 30


# planted faults -----------------------------------------------------------------------------------------
def without_a_term(forward, recorder):
    """The adjoint without the last term of an equation that has several."""
    system = adjoint(forward, recorder)
    short = [replace(e, terms=e.terms[:-1]) if len(e.terms) > 1 else e for e in system.equations]
    return system.with_equations(tuple(short), system.tensors)


def found_and_shrunk(lines):
    """A search that fails, whose system is small, and fails again when it is read from its text."""
    found = search(5, 200, exact_difference)
    assert found.fault
    assert isinstance(found.program, Program)
    assert len(str(found.program).splitlines()) <= lines, str(found)
    assert str(found).startswith("# seed 5: ")
    return found


def test_an_adjoint_without_a_term_is_found_and_shrunk(monkeypatch, tmp_path):
    monkeypatch.setattr("derive.derivation.adjoint", without_a_term)
    found = found_and_shrunk(22)
    assert found.fault.startswith("the adjoint, against forward mode: ")
    path = tmp_path / "found.py"
    path.write_text(str(found), "utf-8")
    (again,) = from_file(path)
    assert exact_difference(again) == found.fault
    monkeypatch.undo()
    assert exact_difference(again) == ""


def test_a_recurrence_that_runs_the_wrong_way_is_found_and_shrunk(monkeypatch):
    def turned(items):
        return tuple(replace(i, backwards=not i.backwards) if isinstance(i, Steps) else i for i in items)

    schedule = codegen.lower.schedule
    monkeypatch.setattr(codegen.lower, "schedule", lambda system: turned(schedule(system)))
    assert "IllegalPlan" in found_and_shrunk(22).fault  # legality sees it first
    monkeypatch.setattr(codegen.lower, "enforce_schedule", lambda system, items: items)
    assert found_and_shrunk(22).fault.startswith("the kernels' text, against the slow oracle: ")


def test_a_printer_without_parentheses_is_found_and_shrunk(monkeypatch):
    monkeypatch.setattr(Expressions, "value", lambda self, node, level=0: self._value(node)[0])
    assert found_and_shrunk(24).fault.startswith("the kernels' text, against the slow oracle: ")


def test_what_the_language_refuses_is_no_finding(monkeypatch):
    def refuse(op):
        raise Refused("not well formed")

    found = search(6, 3, refuse)
    assert (found.fault, found.compared) == ("", 0)


@op(title="a product", source="a test")
def product(s):
    N, M = s.size("N", "n"), s.size("M", "m")
    i, j = s.index("i", N), s.index("j", M)
    x, y = s.data("x", N, M), s.let("y", N)
    y[i] = tanh(total(j, x[i, j] * x[i, j]))
    s.returns(y)


def test_a_gradient_that_only_floats_show_to_be_wrong_is_found(monkeypatch):
    """A stable form that is wrong by 0.05%: exact numbers compare the text with that very form."""
    (made,), run = product, Face.run
    assert difference(made) == ""

    def wrong(self, problem):
        found = run(self, problem)
        return replace(found, gradients={n: a * 1.0005 for n, a in found.gradients.items()})

    monkeypatch.setattr(Face, "run", wrong)
    assert difference(made).startswith("the kernels' text, against JAX: the gradient of x differs")
