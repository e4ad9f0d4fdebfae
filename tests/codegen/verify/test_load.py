"""Texts in plain Python find the same garbage in memory that is theirs, in every run."""

import numpy as np

from codegen.verify.load import load_plain

READS_WHAT_IT_NEVER_WROTE = """
import numpy as np
from .runtime import gradient

def vjp(n):
    return np.empty((n,), np.float64), gradient(True, (n,), np.float32), np.empty((n,), np.int64)

def unwanted(n):
    return gradient(False, (n, n), np.float64)
"""


def test_memory_that_was_never_written_is_garbage_and_the_same_in_every_run():
    first, second = (load_plain("reads", READS_WHAT_IT_NEVER_WROTE) for _ in range(2))
    for a, b in zip(first.vjp(3), second.vjp(3), strict=True):
        assert a.dtype == b.dtype and np.array_equal(a, b) and a.all()
    assert not np.array_equal(first.vjp(3)[0], second.vjp(3)[1])  # but other garbage each time
    assert first.unwanted(3).shape == (0, 0)
    assert load_plain("reads", READS_WHAT_IT_NEVER_WROTE).np.zeros is np.zeros
