"""Rung 10: the same call, the same bits; what needs processes of its own is here and in no certificate."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numba import njit, prange

import codegen.runtime
from codegen.catalogue import find
from codegen.pipeline import write
from codegen.verify import rung10_determinism
from codegen.verify.determinism_faults import determinism_faults
from codegen.verify.extremes import base_problem
from codegen.verify.face import Face
from codegen.verify.interleave import interleaved
from codegen.verify.load import load_plain
from codegen.verify.rung10_determinism import again, in_turn, noticed, parallel
from codegen.verify.sabotage import with_statements
from tests.codegen.verify.candidates import candidate, cases, source

ROOT = Path(__file__).parents[3]


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
OPS = ("dense", "softmax_cross_entropy")
PROGRAM = """
import hashlib, json, sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from package import dense, softmax_cross_entropy

rng = np.random.default_rng(5)
x, W, b, dh = (rng.normal(size=s) for s in ((160, 300), (210, 300), (210,), (160, 210)))
labels = rng.integers(0, 300, 160)

def call(_):
    out, pullback = dense.vjp(x, W, b)
    loss, loss_pullback = softmax_cross_entropy.vjp(x, labels)
    return [*out, *pullback(h=dh), *loss, *loss_pullback(L=1.0)]

def bits(arrays):
    return hashlib.sha256(b"".join(np.asarray(a).tobytes() for a in arrays)).hexdigest()

with ThreadPoolExecutor(8) as pool:  # the first calls compile, all at once
    digests = {bits(made) for made in pool.map(call, range(16))}
np.savez(sys.argv[1], *call(0))
print(json.dumps(sorted(digests)))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Ops as they are published, in a folder of their own."""
    folder = tmp_path_factory.mktemp("apart")
    shutil.copytree(Path(codegen.runtime.__file__).parent, folder / "package" / "runtime")
    (folder / "package" / "__init__.py").touch()
    for op in find(OPS):
        (folder / "package" / f"{op.name}.py").write_text(write(op).text, "utf-8")
    return folder


def run(folder, **settings):
    """The digests of all results, and the arrays of one call."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache"), **settings}
    program = [sys.executable, "-c", PROGRAM, "made.npz"]
    ended = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    with np.load(folder / "made.npz") as arrays:
        return json.loads(ended.stdout), [arrays[n] for n in arrays.files]


def compiled(folder):
    return {p.name: p.stat().st_mtime_ns for p in (folder / "cache").rglob("*.nbc")}


def test_eight_threads_caches_hash_seeds_and_thread_counts(package):
    cold, made = run(package, PYTHONHASHSEED="1", OPENBLAS_NUM_THREADS="1")
    kept = compiled(package)
    assert len(cold) == 1 and kept  # all 16 calls by 8 threads gave the same bits
    warm, _ = run(package, PYTHONHASHSEED="2", OPENBLAS_NUM_THREADS="1")
    assert warm == cold and compiled(package) == kept
    two, other = run(package, PYTHONHASHSEED="3", OPENBLAS_NUM_THREADS="2")
    assert len(two) == 1
    within_bound(made, other)


def within_bound(made, other):
    """Sums of n products taken in two orders differ by at most 2 n u times the sum of their sizes."""
    rng = np.random.default_rng(5)
    x, W, b, dh = (abs(rng.normal(size=s)) for s in ((160, 300), (210, 300), (210,), (160, 210)))
    sums = [(x @ W.T + b, 301), (dh @ W, 210), (dh.T @ x, 160), (dh.sum(0), 160)]
    for one, two, (size, n) in zip(made[:4], other[:4], sums, strict=True):
        assert (abs(one - two) <= 2 * n * 2.0**-53 * size).all()
        assert not (abs(one - two * (1 + 5e-4)) <= 2 * n * 2.0**-53 * size).all()  # 0.05% would be seen
    for one, two in zip(made[4:], other[4:], strict=True):
        assert np.array_equal(one, two)  # no products in it


def test_a_module_is_the_same_text_under_every_hash_seed():
    program = (
        "from codegen.catalogue import find\nfrom codegen.pipeline import write\n"
        "print(''.join(write(op).text for op in find(('conv2d', 'lstm', 'max_pool2d'))))"
    )
    texts = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert texts[0] == texts[1] != ""
