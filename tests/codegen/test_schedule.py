"""Loop distribution: what a recurrence does not reach stands outside its loop."""

from dataclasses import replace

import pytest

import codegen.schedule
from codegen.dependence import Piece
from codegen.legality import visits
from codegen.nodes import Loop
from codegen.schedule import Steps, schedule
from derive.algebra.expr import Expr, Read, Sum
from derive.algebra.index import Affine, Index
from derive.algebra.system import Equation, Size, System, Tensor, Term
from derive.errors import DerivationError
from tests.codegen.emitted import OPS, derivation, kernel_text, plan, products, visit
from tests.derive.calculus_specs import CASES
from tests.indices import index

T, t = Affine.of("T"), index("t")
STEP = Index("t", Affine(), T)
SPECS = {case.op.name: case.op for case in CASES}


def reads(tensor, *at):
    return Read(tensor, tuple(index(e) if isinstance(e, str) else Affine.of(e) for e in at))


def recurrence(*equations: tuple[str, Expr]) -> System:
    """A system of tensors over T, each with one equation."""
    names = tuple(name for name, _ in equations)
    return System(
        "steps",
        (Size("T", ("t",)),),
        tuple(Tensor(n, (T,), "computed") for n in names),
        (),
        names,
        tuple(Equation(name, (STEP,), (Term((), (), value),)) for name, value in equations),
    )


def loop_over(items) -> Steps:
    (found,) = [i for i in items if isinstance(i, Steps)]
    return found


def reading(items, *tensors):
    """For each task that reads these tensors in one term: whether it stands inside a loop."""
    return [
        bool(loops)
        for task, loops in visits(items)
        if any(set(tensors) <= {r.tensor for r in term.all_reads()} for term in task.piece.terms)
    ]


# what the LSTM becomes ----------------------------------------------------------------------------
def test_the_lstm_has_one_product_before_its_loop_and_one_inside():
    found = products(plan(OPS["lstm"]).forward)
    assert found == [("z", "x", "W", ()), ("z", "h_prev", "U", ("t",))]
    assert kernel_text(OPS["lstm"], "forward").count("gemm(") == 2


def test_the_gradient_of_the_lstm_has_one_product_inside_its_loop_and_one_for_each_weight_after_it():
    inside, *after = products(plan(OPS["lstm"]).backward)
    assert inside == ("dh_prev", "dz", "U", ("t",))
    assert sorted(after) == [("dU", "dz", "h_prev", ()), ("dW", "dz", "x", ()), ("dx", "dz", "W", ())]
    assert kernel_text(OPS["lstm"], "backward").count("gemm(") == 4


def test_back_propagation_through_time_runs_backwards():
    loops = [s for s, _ in visit(plan(OPS["lstm"]).backward.body) if isinstance(s, Loop) and s.backwards]
    assert [str(s.index) for s in loops] == ["t"]
    assert not any(isinstance(s, Loop) and s.backwards for s, _ in visit(plan(OPS["lstm"]).forward.body))


def test_the_leaky_integrator_projects_before_its_loop_and_collects_its_gradients_after_it():
    op = OPS["leaky_integrator"]
    assert products(plan(op).forward) == [("z_h", "x", "W", ())]
    assert kernel_text(op, "forward").index("gemm(") < kernel_text(op, "forward").index("h[t - 1")
    assert sorted(products(plan(op).backward)) == [("dW", "dz_h", "x", ()), ("dx", "dz_h", "W", ())]
    assert kernel_text(op, "backward").index("dh[t + 1") < kernel_text(op, "backward").index("gemm(")


# ablation -----------------------------------------------------------------------------------------
def test_without_splitting_equations_the_projection_falls_into_the_loop(monkeypatch):
    system = derivation(OPS["lstm"]).stable_forward
    assert reading(schedule(system), "x", "W") == [False]
    whole = lambda system: tuple(Piece(e, e.terms) for e in system.equations)
    monkeypatch.setattr(codegen.schedule, "pieces", whole)
    assert reading(schedule(system), "x", "W") == [True]


def test_the_loop_holds_the_recurrence_and_nothing_else():
    items = schedule(derivation(OPS["lstm"]).stable_forward)
    inside = {task.piece.equation.tensor for task, loops in visits(items) if loops}
    assert inside == {"z", "h_prev", "c_prev", "f", "i", "C_tilde", "o", "c", "h"}
    assert [task.piece.equation.tensor for task, loops in visits(items) if not loops] == ["z", "z"]


# directions and nesting ---------------------------------------------------------------------------
def test_a_recurrence_from_the_future_runs_backwards_and_its_adjoint_forwards():
    d = derivation(SPECS["reversed_recurrence"])
    assert loop_over(schedule(d.stable_forward)).backwards
    assert not loop_over(schedule(d.stable_backward)).backwards


def test_a_recurrence_that_looks_two_steps_back_is_one_loop():
    found = loop_over(schedule(derivation(SPECS["two_steps_back"]).stable_forward))
    assert (str(found.index.name), found.backwards) == ("t", False)


def test_a_recurrence_along_two_indices_is_a_loop_in_a_loop():
    d = derivation(SPECS["lattice"])
    for system, backwards in ((d.stable_forward, False), (d.stable_backward, True)):
        outer = loop_over(schedule(system))
        inner = loop_over(outer.body)
        assert (outer.index.hi, inner.index.hi) == (T, Affine.of("L"))
        assert outer.backwards == inner.backwards == backwards


def test_a_step_carried_by_the_outer_loop_is_no_cycle_of_the_inner_one(monkeypatch):
    """Planted fault: dependences of the outer loop counted again inside it."""
    monkeypatch.setattr(codegen.schedule, "_at_same_step", lambda system, edge, *given: edge.tensor != "")
    with pytest.raises(DerivationError, match="no step in between"):
        schedule(derivation(SPECS["lattice"]).stable_forward)


def test_only_the_first_piece_of_a_tensor_sets_it():
    tasks = [task for task, _ in visits(schedule(derivation(OPS["lstm"]).stable_forward))]
    assert [task.first for task in tasks if task.piece.equation.tensor == "z"] == [True, False, False]


# what cannot be put in an order -------------------------------------------------------------------
ERRORS = {
    "a cycle with no step": (
        recurrence(("a", reads("b", "t")), ("b", reads("a", "t"))),
        "a, b depend on each other with no step in between: read one at t-1",
    ),
    "past and future at once": (
        recurrence(("h", Sum((reads("h", t - 1), reads("h", t + 1))))),
        "the recurrence of h looks into its past and its future at once: split it in two",
    ),
    "a varying distance": (
        recurrence(("h", reads("h", 2 * t - 5))),
        "the recurrence of h: nothing says that all steps it reads are earlier, or all later",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_has_no_order_is_refused_with_a_reason(name):
    system, message = ERRORS[name]
    with pytest.raises(DerivationError) as caught:
        schedule(system)
    assert str(caught.value) in (message, message.replace("a, b", "b, a"))


def test_a_cycle_through_a_tensor_without_the_step_is_refused():
    system = recurrence(("a", reads("s")))
    total = Equation("s", (), (Term((STEP,), (), reads("a", "t")),))
    tensors = (*system.tensors, Tensor("s", (), "computed"))
    with pytest.raises(DerivationError, match=r"with no common index to step along$"):
        schedule(replace(system, equations=(*system.equations, total), tensors=tensors))
