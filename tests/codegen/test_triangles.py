"""Schedules of triangular systems: which index carries is found by trying, and deltas tell the place."""

import pytest

import codegen.schedule
from codegen.legality import IllegalPlan, enforce_schedule, visits
from codegen.schedule import Steps, schedule
from derive.derivation import derive
from derive.language import between, delta, inside, op, sqrt, total


@op(title="Cholesky", source="test")
def cholesky(s):
    """The diagonal's entry is the sum z_L2[i], read where i == j: it belongs to the column j."""
    N = s.size("N", "ijk")
    i, j, k = (s.index(n, N) for n in "ijk")
    A, L = s.data("A", N, N), s.let("L", N, N)
    below = (A[i, j] - total(k, L[i, k] * L[j, k], where=(between(k, 0, j),))) / L[j, j]
    diagonal = sqrt(A[i, i] - total(k, L[i, k] ** 2, where=(between(k, 0, i),)))
    L[i, j] = inside(j, 0, i) * below + delta(i, j) * diagonal
    s.returns(L)


@op(title="Cholesky, its diagonal by name", source="test")
def with_diagonal(s):
    N = s.size("N", "ijk")
    i, j, k = (s.index(n, N) for n in "ijk")
    A, L, d = s.data("A", N, N), s.let("L", N, N), s.let("d", N)
    below = (A[i, j] - total(k, L[i, k] * L[j, k], where=(between(k, 0, j),))) / d[j]
    L[i, j] = inside(j, 0, i) * below + delta(i, j) * d[i]
    d[j] = sqrt(A[j, j] - total(k, L[j, k] ** 2, where=(between(k, 0, j),)))
    s.returns(L)


FAMILIES = {"cholesky": cholesky, "with_diagonal": with_diagonal}


def systems(name):
    derivation = derive(FAMILIES[name][0])
    return derivation.stable_forward, derivation.stable_backward


def outer(items):
    (loop,) = [i for i in items if isinstance(i, Steps)]
    return loop


@pytest.mark.parametrize("name", FAMILIES)
def test_columns_are_computed_one_after_the_other_and_their_gradients_backwards(name):
    forward, backward = systems(name)
    loops = [outer(enforce_schedule(system, schedule(system))) for system in (forward, backward)]
    assert [loop.backwards for loop in loops] == [False, True]
    for system, loop in zip((forward, backward), loops, strict=True):
        written = {task.piece.equation.tensor: task.piece.equation for task, _ in visits((loop,))}
        (triangle,) = (e for n, e in written.items() if n in ("L", "dL"))
        assert triangle.indices[-1].name == loop.index.name, system.name  # b, i, j


@pytest.mark.parametrize("name", FAMILIES)
def test_without_a_second_try_there_is_no_loop_for_the_gradient(name, monkeypatch):
    """Rows carry the outermost loop as well, but nothing carries what is left inside it."""
    whole = codegen.schedule._candidates
    monkeypatch.setattr(codegen.schedule, "_candidates", lambda *given: whole(*given)[:1])
    with pytest.raises(ValueError, match="depend on each other"):
        for system in systems(name):
            schedule(system)


def test_a_place_that_is_told_by_a_delta_is_the_same_place(monkeypatch):
    """Planted fault: dL[k, i] where i == j counts as read at another step of j."""

    def as_written(system, edge, nodes, loops):
        written = [i.name for i in nodes[edge.writer].equation.indices]
        return all(edge.at[written.index(i.name)] == i.symbol for i in loops)

    _, backward = systems("cholesky")
    monkeypatch.setattr(codegen.schedule, "_at_same_step", as_written)
    with pytest.raises(IllegalPlan, match="before it is computed"):
        enforce_schedule(backward, schedule(backward))
