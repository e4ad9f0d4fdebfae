"""Rung 10: the same call, the same bits; what needs processes of its own is here and in no certificate."""

from types import SimpleNamespace

import numpy as np
import pytest
from numba import njit, prange

from codegen.verify import processes, rung10_determinism
from codegen.verify.determinism_faults import determinism_faults
from codegen.verify.extremes import base_problem
from codegen.verify.face import Face
from codegen.verify.interleave import interleaved
from codegen.verify.load import load_plain
from codegen.verify.rung10_determinism import again, in_turn, noticed, parallel
from codegen.verify.sabotage import with_statements
from tests.codegen.verify.candidates import candidate, cases, source


def faults(name):
    return {f.about: f for f in determinism_faults(candidate(name))}


def test_the_rung_passes_on_machine_code():
    result = rung10_determinism.check(candidate("dense_tanh"), cases("dense_tanh"))
    assert result.verdict == "passed", result
    assert result.mutants.killed == result.mutants.planted == 6


@pytest.mark.parametrize("name", ["dense_tanh", "leaky", "max_pool2d"])
def test_every_planted_fault_is_noticed_and_the_right_text_is_not(name):
    problem = base_problem(cases(name))
    assert noticed(source(name).text, candidate(name), cases(name), problem) == ""
    for about, fault in faults(name).items():
        assert noticed(fault.text, candidate(name), cases(name), problem), about


@pytest.mark.parametrize(
    ("kept", "how"),
    [
        ("the backward pass's workspace kept", "lines"),
        ("residuals kept where", "calls"),
        ("every array", "calls"),
    ],
)
def test_what_callers_share_is_seen_when_they_take_turns(kept, how):
    text = next(f.text for about, f in faults("dense_tanh").items() if about.startswith(kept))
    module, problem = load_plain("dense_tanh", text), base_problem(cases("dense_tanh"))
    assert again(Face(module, cases("dense_tanh")), problem) == ""
    fault = in_turn(candidate("dense_tanh"), module, cases("dense_tanh"), problem)
    assert fault.endswith(f"take turns by {how}")


# taking turns -------------------------------------------------------------------------------------------
def written(turns):
    """A module of which every call notes its own number at every line."""
    lines = [f"_seen.append(float(x[0, 0]))  # {k}" for k in range(turns)]
    text = with_statements(source("dense_tanh").text, "_forward", lines) + "_seen = []\n"
    return load_plain("dense_tanh", text)


def test_callers_take_turns_at_every_line_and_the_same_every_time():
    module = written(5)

    def order():
        module._seen.clear()
        arguments = [(np.full((1, 2), k), np.ones((1, 2)), np.ones(1)) for k in (1.0, 2.0)]
        results = interleaved([lambda a=a: module.forward(*a).h[0, 0] for a in arguments], "<dense_tanh>")
        assert results == [np.tanh(3.0), np.tanh(5.0)]
        return list(module._seen)

    first = order()
    assert first == order() and first[:4] in ([1, 2, 1, 2], [2, 1, 2, 1]) and len(first) == 10


def test_the_order_of_results_is_that_of_the_calls_and_one_caller_needs_no_other():
    assert interleaved([lambda: 1, lambda: 2, lambda: 3], "<none>") == [1, 2, 3]
    assert interleaved([lambda: 1], "<none>") == [1]


def test_what_a_caller_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        interleaved([lambda: 1 // 0, lambda: 2], "<none>")


# parallel kernels ---------------------------------------------------------------------------------------
def test_no_kernel_is_parallel_and_one_that_is_or_calls_one_is_told():
    def twice(x):
        for i in prange(x.size):
            x[i] = 2 * x[i]

    spread, serial = njit(parallel=True)(twice), njit(twice)
    calling = njit(lambda x: spread(x))
    calling(np.ones(3))
    assert parallel(SimpleNamespace(_forward=serial, _backward=serial)) == ""
    assert "_backward is parallel" in parallel(SimpleNamespace(_forward=serial, _backward=spread))
    assert "_forward is parallel" in parallel(SimpleNamespace(_forward=calling, _backward=serial))


# processes of their own ---------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["dense_tanh", "softmax_cross_entropy"])
def test_threads_caches_hash_seeds_and_thread_counts(name):
    assert processes.check(source(name), name, cases(name)) == ""


def test_sizes_are_such_that_blas_divides_its_work():
    shape = processes.large_problem(cases("dense_tanh")).shape
    assert min(shape.symbols.values()) >= 100
