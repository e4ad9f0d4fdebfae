"""Every rule of the legality tables notices a schedule or kernel that breaks it, and holds for ours."""

from dataclasses import replace

import pytest

from codegen.legality import (
    KERNEL_RULES,
    SCHEDULE_RULES,
    IllegalPlan,
    arrays_are_arguments,
    computed_before_read,
    enforce_kernel,
    enforce_schedule,
    every_term_once,
    given_arrays_are_not_written,
    locals_are_set_first,
    loops_do_not_shadow,
    no_nest_is_left,
    results_are_written,
    sections_serve_outputs,
    unwanted_outputs_are_not_written,
)
from codegen.nodes import Clear, Kernel, Let, Loop, Nest, Section, least
from codegen.schedule import Steps, schedule
from derive.algebra.expr import ONE
from derive.algebra.index import Affine
from tests.codegen.emitted import OPS, derivation, plan

LSTM = OPS["lstm"]
ZERO = least(Affine())


# sabotage -----------------------------------------------------------------------------------------
def turned_around(items):
    """Every loop runs the wrong way."""
    return tuple(replace(i, backwards=not i.backwards) if isinstance(i, Steps) else i for i in items)


SCHEDULE_SABOTAGE = {
    computed_before_read: [lambda items: items[::-1], turned_around],
    every_term_once: [lambda items: items[1:], lambda items: (*items, items[0])],
}


def with_body(kernel: Kernel, *more) -> Kernel:
    return replace(kernel, body=(*kernel.body, *more))


def shadowing(kernel: Kernel) -> Kernel:
    inner = Loop("t", (ZERO,), (ZERO,), (Clear("dW"),))
    return with_body(kernel, Loop("t", (ZERO,), (ZERO,), (inner,)))


def skipping(kernel: Kernel) -> Kernel:
    """The section whose results the others read is run for one of them only."""
    first, *rest = kernel.body
    return replace(kernel, body=(replace(first, serves=("dW",)), *rest))


KERNEL_SABOTAGE = {
    given_arrays_are_not_written: [lambda k: with_body(k, Section(("dW",), (Clear("x"),)))],
    results_are_written: [lambda k: replace(k, body=k.body[:-1])],
    arrays_are_arguments: [lambda k: replace(k, workspace=()), lambda k: replace(k, inputs=k.inputs[1:])],
    loops_do_not_shadow: [shadowing],
    sections_serve_outputs: [
        skipping,
        lambda k: with_body(k, Section(("dz",), (Clear("dW"),))),
        lambda k: with_body(k, Section((), (Let("a", ONE),))),
    ],
    unwanted_outputs_are_not_written: [
        lambda k: with_body(k, Section(("dW", "dU"), (Clear("dW"), Clear("dU")))),
        lambda k: with_body(k, Section(("dW", "dU"), (Clear("dz"), Clear("dU")))),
    ],
    no_nest_is_left: [
        lambda k: with_body(k, Nest((), (Clear("dW"),))),
        lambda k: with_body(k, Loop("t", (ZERO,), (ZERO,), ())),
    ],
    locals_are_set_first: [lambda k: with_body(k, Let("total", ONE, add=True))],
}


def test_every_rule_has_a_sabotage():
    assert set(SCHEDULE_SABOTAGE) == set(SCHEDULE_RULES)
    assert set(KERNEL_SABOTAGE) == set(KERNEL_RULES)


@pytest.mark.parametrize("rule", SCHEDULE_RULES, ids=lambda r: r.__name__)
def test_a_schedule_that_breaks_a_rule_is_noticed(rule):
    system = derivation(LSTM).stable_backward
    items = schedule(system)
    assert rule(system, items) == []
    for sabotage in SCHEDULE_SABOTAGE[rule]:
        faults = rule(system, sabotage(items))
        assert faults
        with pytest.raises(IllegalPlan) as caught:
            enforce_schedule(system, sabotage(items))
        assert faults[0] in str(caught.value)


@pytest.mark.parametrize("rule", KERNEL_RULES, ids=lambda r: r.__name__)
def test_a_kernel_that_breaks_a_rule_is_noticed(rule):
    made = plan(LSTM)
    assert rule(made.backward_system, made.backward) == []
    for sabotage in KERNEL_SABOTAGE[rule]:
        faults = rule(made.backward_system, sabotage(made.backward))
        assert faults
        with pytest.raises(IllegalPlan) as caught:
            enforce_kernel(made.backward_system, sabotage(made.backward))
        assert faults[0] in str(caught.value)


@pytest.mark.parametrize("name", OPS)
def test_every_rule_holds_for_every_op(name):
    made = plan(OPS[name])
    for system, kernel in ((made.forward_system, made.forward), (made.backward_system, made.backward)):
        assert enforce_schedule(system, schedule(system)) == schedule(system)
        assert enforce_kernel(system, kernel) is kernel
