"""What lowering must see to: borders, labels, gradients that are not wanted. Each with a planted fault."""

import numpy as np
import pytest

import codegen.bounds
import codegen.fuse
import codegen.pointwise
import codegen.reduction
from codegen.lower import lower
from codegen.module import Source, write_module
from codegen.printer import Printer
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.load import load_fast, load_plain
from codegen.verify.rung3_execution import check
from derive.language import between, largest, op
from tests.codegen.emitted import close, derivation, plain, plan, random_problem, text
from tests.derive.calculus_specs import CASES

SPECS = {case.op.name: case.op for case in CASES}


def fault(spec) -> str:
    """How the text differs from the oracle, each gradient also asked for alone; nothing if it does not."""
    return verdict(spec, write_module(lower(derivation(spec))))


def verdict(spec, source: Source) -> str:
    result = check(Candidate(source), Cases(derivation(spec)))
    return "" if result.verdict == "passed" else str(result)


# planted faults -----------------------------------------------------------------------------------
def test_a_label_outside_its_axis_is_stored_nowhere(monkeypatch):
    """Planted: several terms stored at z[label], without the question whether the label is in range."""
    bare = lambda self, read: ()
    monkeypatch.setattr(codegen.pointwise.Bounds, "domain_guards", bare)
    assert "out of bounds" in fault(SPECS["label_smoothing"])


def test_an_index_read_outside_its_array_is_nowhere(monkeypatch):
    """Planted: ids[t - 1] read at t = 0."""
    monkeypatch.setattr(Printer, "integer_element", lambda self, read: self.element(read.tensor, read.at))
    assert "below 0" in fault(SPECS["embedding"])


def test_a_product_that_a_border_ends_counts_as_0_in_a_maximum(monkeypatch):
    """Planted: the products of a maximum evaluated as if they were inside."""
    bare = lambda bounds, term, names: codegen.pointwise.guard_reads(bounds, term.body, (), names)
    monkeypatch.setattr(codegen.reduction, "_inside_or_zero", bare)
    assert "below 0" in fault(SPECS["maximum_with_zero_border"])


def test_a_gradient_that_is_not_wanted_is_not_written(monkeypatch):
    """Planted: two gradients in one loop nest, where an empty array stands for one of them."""
    monkeypatch.setattr(codegen.fuse.Pruning, "allows", lambda self, written: True)
    monkeypatch.setattr("codegen.lower.enforce_kernel", lambda system, kernel: kernel)
    assert "out of bounds" in fault(SPECS["guarded_ratio"])


def test_limits_off_by_one_are_seen(monkeypatch):
    """Planted: the last point of every limited loop left out."""
    right = codegen.bounds.Bounds.limits

    def short(self, name, guard):
        found = right(self, name, guard)
        lo, hi = found if found else ((), ())
        return found and (
            lo,
            tuple(codegen.bounds.Ceil(c.numerator - c.denominator, c.denominator) for c in hi),
        )

    monkeypatch.setattr(codegen.bounds.Bounds, "limits", short)
    assert "differs" in fault(SPECS["true_convolution"])


# what is saved ------------------------------------------------------------------------------------
def test_only_what_the_gradient_reads_is_saved():
    made = plan(SPECS["polynomial_product"])
    assert set(made.forward.saved) == set(made.backward.residuals) - set(made.forward.outputs)


def test_a_name_that_the_emitted_text_uses_itself_is_another_one_in_the_kernels():
    @op(title="a tensor called as a local", source="test")
    def takes_size(s):
        N = s.size("N", "n")
        x, y = s.data("size", N), s.let("y", N)
        y[:] = x * x
        s.returns(y)

    made = lower(derivation(takes_size[0]))
    assert made.called == {"size": "size_"} and made.authors == {"size_": "size"}
    assert made.forward.inputs == made.forward_system.inputs == ("size_",)


def test_the_maximum_of_nothing_is_minus_infinity_and_takes_no_gradient():
    @op(title="maximum over a window that closes", source="test")
    def closing_window(s):
        N = s.size("N", "n")
        n, m = s.index("n", N), s.index("m", N)
        x, y = s.data("x", N), s.let("y", N)
        y[m] = largest(n, x[n], where=(between(n, m, N - m),))
        s.returns(y)

    made, pullback = plain(closing_window[0]).vjp(np.array([[1.0, 5.0, 3.0, 2.0]]))
    assert made.y.tolist() == [[5.0, 5.0, -np.inf, -np.inf]]
    assert pullback(np.ones((1, 4))).x.tolist() == [[0.0, 2.0, 0.0, 0.0]]
    assert fault(closing_window[0]) == ""


TRICKY = ("embedding", "label_smoothing", "guarded_maximum", "two_steps_back", "lattice", "centred_window")


@pytest.mark.parametrize("name", TRICKY)
def test_machine_code_does_what_the_text_says(name):
    """Conditions inside indices, locals set in branches, loops in loops: all that Numba must type."""
    case = next(c for c in CASES if c.op.name == name)
    inputs, cotangents = random_problem(case.op, {**case.sizes, "B": 2}, **case.integers)
    for label, ends in case.labels.items():
        inputs[label] = np.random.default_rng(0).integers(*ends, inputs[label].shape)
    made = []
    for load in (load_plain, load_fast):
        outputs, pullback = load(name, text(case.op)).vjp(*inputs.values(), **case.integers)
        made.append((*outputs, *pullback(**cotangents)))
    assert all(close(a, b) for a, b in zip(*made, strict=True))
