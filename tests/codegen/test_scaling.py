"""A tower of twice the height is twice the work of each stage: calls are counted, not seconds."""

import cProfile
import gc
import pstats
from functools import _lru_cache_wrapper

import pytest

from codegen.accesses import arrays_written
from codegen.legality import enforce_kernel
from codegen.lower import lower
from codegen.module import write_module
from derive.adjoint import adjoint, differentiable
from derive.derivation import derive
from tests.codegen.tower_specs import blocks, lstm_layers

TOWERS = {"lstm": (lstm_layers, 3), "transformer": (blocks, 2)}
MOST = 2.3  # twice, and a little


def _counted(stage, given):
    """A stage's result, and how many calls of functions and resumptions of generators it takes."""
    profile = cProfile.Profile()
    made = profile.runcall(stage, given)
    return made, sum(calls for _, calls, *_ in pstats.Stats(profile).stats.values())


def _work(op):
    derivation, deriving = _counted(derive, op)
    plan, lowering = _counted(lower, derivation)
    _, printing = _counted(write_module, plan)
    return {"deriving": deriving, "lowering": lowering, "printing": printing}


def _growth(build, height):
    """By what the work of each stage grows when the height does from `height` to twice that."""
    low, high = _alone(build, height), _alone(build, 2 * height)
    return {stage: high[stage] / low[stage] for stage in low}


def _alone(build, height):
    """The work of a height with nothing remembered of other tests but what is made once for all."""
    for function in gc.get_objects():
        if type(function) is _lru_cache_wrapper and function.__module__.startswith("derive."):
            function.cache_clear()
    _work(build(1))
    return _work(build(height))


@pytest.mark.parametrize("tower", TOWERS)
def test_twice_the_height_is_twice_the_work(tower):
    assert {stage: by for stage, by in _growth(*TOWERS[tower]).items() if by > MOST} == {}


def test_what_is_asked_of_all_for_each_one_is_noticed(monkeypatch):
    def slopes_for_each_tensor(system, recorder):
        assert all(differentiable(system) for _ in system.tensors)
        return adjoint(system, recorder)

    def arrays_for_each_tensor(system, kernel):
        assert all(arrays_written(kernel.body) for _ in system.tensors)
        return enforce_kernel(system, kernel)

    monkeypatch.setattr("derive.derivation.adjoint", slopes_for_each_tensor)
    monkeypatch.setattr("codegen.lower.enforce_kernel", arrays_for_each_tensor)
    growth = _growth(*TOWERS["lstm"])
    assert growth["deriving"] > MOST and growth["lowering"] > MOST > growth["printing"]
