"""Every row excuses a mutant that changes nothing, and none that looks like it but is a fault."""

import pytest

from codegen.verify.mutation.equivalence import ROWS, reason
from codegen.verify.mutation.mutate import mutants
from codegen.verify.rung11_mutants import Judge
from tests.codegen.verify.candidates import candidate, cases
from tests.codegen.verify.mutation.excuses import Planted, check
from tests.codegen.verify.mutation.test_exchanges import EXCHANGES


def in_blocks(inner="min(N, M, start + BLOCK)", first="part = zero", last="z[()] += part"):
    """The sum over a row's first N elements, in blocks."""
    return f"""
    for start in range(0, min(N, M), BLOCK):
        {first}
        for i in range(start, {inner}):
            part += x[i, 0]
        {last}
    """


TABLE = (
    Planted(
        "blocks that it would leave out",
        "limit forgotten",
        "min(N, M)",
        in_blocks(),
        (
            in_blocks("start + BLOCK"),
            in_blocks("min(N, M, start + BLOCK) + 1"),
            in_blocks(first="part = one"),
            in_blocks(last="z[()] += one"),
            in_blocks(last="z[()] = part"),
            in_blocks(last="z[()] *= part"),
            in_blocks() + "    dw[0] = part",
            "    part = two" + in_blocks(first="dw[0] = part") + "    dw[0] = part",
        ),
    ),
    Planted(
        "never reached",
        "shift reversed",
        "t - 1",
        "for t in range(T):\n  if t >= 1:\n    dw[0] = s[t - 1, 0]",
        (
            "for t in range(P):\n  if t >= 1:\n    dw[0] = s[t - 1, 0]",
            "for t in range(T):\n  if t >= 0:\n    dw[0] = s[t - 1, 0]",
        ),
    ),
    Planted(
        "limit follows",
        "limit forgotten",
        "min(2, M - 2 * p)",
        "for p in range(P):\n  for k in range(min(2, M - 2 * p)):\n    dx[0, 2 * p + k] = x[0, 0]",
        ("for p in range(P + 1):\n  for k in range(min(2, M - 2 * p)):\n    dx[0, 2 * p + k] = x[0, 0]",),
    ),
    Planted(
        "limit follows",
        "limit forgotten",
        "max(0, n)",
        "for n in range(N):\n  for k in range(max(0, n), n):\n    dw[k] = zero",
        ("for n in range(-1, N):\n  for k in range(max(0, n), n):\n    dw[k] = zero",),
    ),
    Planted(
        "limit follows",
        "limit forgotten",
        "max(0, k // M)",
        "for k in range(K):\n  for n in range(max(0, k // M), N):\n    dw[n] = one",
        ("for k in range(-1, K):\n  for n in range(max(0, k // M), N):\n    dw[n] = one",),
    ),
    Planted(
        "limit follows",
        "limit forgotten",
        "min(N, (k + M) // M)",
        "for k in range(K):\n  for n in range(k // M, min(N, (k + M) // M)):\n    dw[n] = one",
        ("for k in range(K + 1):\n  for n in range(k // M, min(N, (k + M) // M)):\n    dw[n] = one",),
    ),
    Planted(
        "condition follows",
        "guard dropped",
        "if 0 < N:",
        "if dw.size:\n  if 0 < N:\n    dw[0] += one",
        ("if s.size:\n  if 0 < N:\n    dw[0] += one", "if dw.size or s.size:\n  if 0 < N:\n    dw[0] += one"),
    ),
    Planted(
        "condition follows",
        "guard dropped",
        "if t == T - 1:",
        "for t in range(T):\n  if t == T - 1:\n    dw[0] = s[t, 0]",
        ("for t in range(T + 1):\n  if t == T - 1:\n    dw[0] = s[t, 0]",),
    ),
    Planted(
        "equal at no size",
        "relation widened",
        "0 <= 2 * p + q[n, p] < M",
        """
        for n in range(N):
            for p in range(P):
                if 0 <= q[n, p] < 2 and 0 <= 2 * p + q[n, p] < M:
                    dx[n, 2 * p + q[n, p]] = one
        """,
        # the index may be 2; the array is written to, and what was known of it is not known any more
        (
            """
            for n in range(N):
                for p in range(P):
                    if 0 <= q[n, p] < 3 and 0 <= 2 * p + q[n, p] < M:
                        dx[n, 2 * p + q[n, p]] = one
            """,
            """
            for n in range(N):
                for p in range(P):
                    q[n, p] = 7
                    if 0 <= q[n, p] < 2 and 0 <= 2 * p + q[n, p] < M:
                        dx[n, 2 * p + q[n, p]] = one
            """,
        ),
    ),
    Planted(
        "both branches",
        "relation widened",
        "absolute(x[0, 0]) <= c",
        "dw[0] = x[0, 0] * x[0, 0] / two if absolute(x[0, 0]) <= c else c * (absolute(x[0, 0]) - c / two)",
        (
            "dw[0] = x[0, 0] * x[0, 0] if absolute(x[0, 0]) <= c else c * (absolute(x[0, 0]) - c / two)",
            "dw[0] = x[0, 0] if absolute(x[0, 0]) <= c else zero",
        ),
    ),
    Planted(
        "both branches",
        "relation widened",
        "x[0, 0] > zero",
        "dw[0] = x[0, 0] if x[0, 0] > zero else x[0, 0] / two",
        ("dw[0] = one if x[0, 0] > zero else x[0, 0] / two",),
    ),
    Planted(
        "both branches",
        "relation widened",
        "absolute(x[0, 0] - x[0, 1]) < two",
        """
        d = x[0, 0] - x[0, 1]
        dw[0] = power(d, 2) if absolute(x[0, 0] - x[0, 1]) < two else two * two
        """,
        (
            # it holds at one of the two ties only; at neither
            """
            d = x[0, 0] - x[0, 1]
            dw[0] = d if absolute(x[0, 0] - x[0, 1]) < two else two
            """,
            """
            d = x[0, 0] - x[0, 1]
            dw[0] = power(d, 2) if absolute(x[0, 0] - x[0, 1]) < two else two
            """,
        ),
    ),
    Planted(
        "both branches",
        "relation widened",
        "x[0, 0] > low",
        "low = number(x, -3, 2)\ndw[0] = x[0, 0] + x[0, 0] if x[0, 0] > low else number(x, -3)",
        (
            "low = number(x, -3, 2)\ndw[0] = x[0, 0] + x[0, 0] if x[0, 0] > low else number(x, 3)",
            "low = number(x, -3, M)\ndw[0] = x[0, 0] + x[0, 0] if x[0, 0] > low else number(x, -3)",
        ),
    ),
    Planted(
        "both branches",
        "relation widened",
        "z[()] <= zero",
        "z[()] = x[0, 0]\ndw[0] = zero if z[()] <= zero else x[0, 0]",
        ("z[()] = x[0, 1]\ndw[0] = zero if z[()] <= zero else x[0, 0]",),
    ),
    Planted(
        "same place",
        "shift reversed",
        "n + t",
        "for n in range(N):\n  for t in range(T):\n    dw[n + t] = zero",
        ("for n in range(N):\n  for t in range(P):\n    dw[n + t] = zero",),
    ),
    Planted(
        "one turn",
        "loop turned round",
        "range(T - 1, -1, -1)",
        "for t in range(T - 1, -1, -1):\n  dw[0] += s[t, 0]",
        (("for t in range(P - 1, -1, -1):\n  dw[0] += s[0, t]", "range(P - 1, -1, -1)"),),
    ),
    Planted(
        "added or left out",
        "limit off by one",
        "range(N)",
        "for n in range(N):\n  if n >= 1:\n    dw[n] = one",
        (
            "for n in range(N):\n  if n >= 0:\n    dw[n] = one",
            "for n in range(N):\n  z[()] += one\n  if n >= 1:\n    dw[n] = one",
        ),
    ),
    Planted(
        "added or left out",
        "limit off by one",
        "range(2, M)",
        "for m in range(2, M):\n  for n in range(m + 1, M):\n    buf[0, n] = x[0, m]",
        ("for m in range(2, M):\n  for n in range(m - 1, M):\n    buf[0, n] = x[0, m]",),
    ),
    Planted(
        "turn that is added",
        "limit off by one",
        "range(N)",
        """
        for n in range(N):
            for k in range(max(0, n * M), min(K, n * M + M)):
                y[k] = one
        """,
        (
            """
            for n in range(N):
                for k in range(max(0, n * M), n * M + M):
                    y[k] = one
            """,
            """
            for n in range(N):
                z[()] += one
                for k in range(max(0, n * M), min(K, n * M + M)):
                    y[k] = one
            """,
        ),
    ),
    Planted(
        "met once",
        "accumulation lost",
        "y[m + n * M] += x[n, m]",
        "clear(y)\nfor n in range(N):\n  for m in range(M):\n    y[m + n * M] += x[n, m]",
        (
            "clear(y)\nfor n in range(N):\n  for m in range(M + 1):\n    y[m + n * M] += x[n, m]",
            "for n in range(N):\n  for m in range(M):\n    y[m + n * M] += x[n, m]",
            "clear(y)\ny[0] = one\nfor n in range(N):\n  for m in range(M):\n    y[m + n * M] += x[n, m]",
            "if dw.size:\n  clear(y)\nfor n in range(N):\n  for m in range(M):\n    y[m + n * M] += x[n, m]",
            "for t in range(P):\n  clear(y)\nfor t in range(P):\n"
            "  for n in range(N):\n    for m in range(M):\n      y[m + n * M] += x[n, m]",
            "clear(y)\nfor p in range(P):\n  for n in range(N):\n    for m in range(M):\n"
            "      y[m + n * M] += x[n, m]",
        ),
    ),
    Planted(
        "met once",
        "accumulation lost",
        "buf[0, m] += x[n, m]",
        "clear(buf)\nfor n in range(T):\n  for m in range(M):\n    buf[0, m] += x[n, m]\nbuf[1, 0] += one",
        ("clear(buf)\nfor n in range(N):\n  for m in range(M):\n    buf[0, m] += x[n, m]",),
    ),
    Planted(
        "met once",
        "accumulation lost",
        "dx[n, 2 * p + q[n, p]] += one",
        """
        clear(dx)
        for n in range(N):
            for p in range(P):
                if 0 <= q[n, p] < 2:
                    dx[n, 2 * p + q[n, p]] += one
        """,
        (
            """
            clear(dx)
            for n in range(N):
                for p in range(P):
                    if 0 <= q[n, p] < 3:
                        dx[n, 2 * p + q[n, p]] += one
            """,
            (
                """
                clear(dx)
                for n in range(N):
                    for p in range(P):
                        if 0 <= q[n, p] < 2:
                            dx[n, p + q[n, p]] += one
                """,
                "dx[n, p + q[n, p]] += one",
            ),
        ),
    ),
    Planted(
        "met once",
        "accumulation lost",
        "a += x[n, k - n * M]",
        """
        for k in range(K):
            a = zero
            for n in range(N):
                if 0 <= k - n * M < M:
                    a += x[n, k - n * M]
            y[k] = a
        """,
        (
            """
            for k in range(K):
                a = zero
                for n in range(N):
                    if 0 <= k - n * M < M + 1:
                        a += x[n, k - n * M]
                y[k] = a
            """,
            """
            for k in range(K):
                a = one
                for n in range(N):
                    if 0 <= k - n * M < M:
                        a += x[n, k - n * M]
                y[k] = a
            """,
        ),
    ),
    Planted(
        "met once",
        "accumulation lost",
        "dw[0] += x[0, 0]",
        "clear(dw)\nfor n in range(2, N):\n  dw[n] += one\ndw[0] += x[0, 0]",
        (
            "clear(dw)\nfor n in range(N):\n  dw[n] += one\ndw[0] += x[0, 0]",
            "clear(dw)\nfor n in range(2, N):\n  dw[N - n - 1] += one\ndw[0] += x[0, 0]",
        ),
    ),
    Planted(
        "met once",
        "accumulation lost",
        "y[k] += x[n, 0]",
        "clear(y)\nfor k in range(K):\n  for n in range(k // M, (k + M) // M):\n    y[k] += x[n, 0]",
        (
            "clear(y)\nfor k in range(K):\n  for n in range(k // M, (k + M + 1) // M):\n    y[k] += x[n, 0]",
            "clear(y)\nfor k in range(K):\n  for n in range(k // N, (k + N) // N):\n    y[k] += x[n, 0]",
        ),
    ),
    Planted(
        "met once",
        "accumulation lost",
        "y[k // M] += x[0, 0]",
        "clear(y)\nfor k in range(T):\n  y[k // M] += x[0, 0]",
        ("clear(y)\nfor k in range(K):\n  y[k // M] += x[0, 0]",),
    ),
    Planted(
        "cleared is empty",
        "guard dropped",
        "if dx.size:",
        "if dx.size:\n  clear(dx)",
        (
            ("if dw.size:\n  clear(dx)", "if dw.size:"),
            ("if dx.size or dw.size:\n  clear(dx)", "if dx.size or dw.size:"),
            "if dx.size:\n  clear(dx)\n  dx[0, 0] = one",
            "if dx.size:\n  clear(dx[0])",
        ),
    ),
    Planted(
        "saves work",
        "guard dropped",
        "if dx.size or dw.size:",
        """
        if dx.size or dw.size:
            for n in range(N):
                buf[n, 0] = x[n, 0]
        if dw.size:
            for n in range(N):
                dw[n] = buf[n, 0]
        """,
        (
            # read where no gradient is asked for; a gradient is written; a gradient is read
            "if dx.size or dw.size:\n  buf[0, 0] = x[0, 0]\nz[()] = buf[0, 0]",
            "if dx.size or dw.size:\n  dw[0] = x[0, 0]",
            "if dx.size or dw.size:\n  buf[0, 0] = dw[0]",
            # in the next turn it is read before it is written
            "for t in range(P):\n  z[()] += buf[0, 0]\n  if dx.size or dw.size:\n    buf[0, 0] = x[0, 0]",
        ),
    ),
    Planted(
        "saves work",
        "guard dropped",
        "if dw.size:",
        "if dw.size:\n  buf[0, 0] = x[0, 0]\nif dw.size:\n  dw[0] = buf[0, 0]",
        ("if dw.size:\n  buf[0, 0] = x[0, 0]\nif dx.size or dw.size:\n  z[()] = buf[0, 0]",),
    ),
    Planted(
        "overwritten",
        "constant changed",
        "number(x, 4)",
        """
        four = number(x, 4)
        for m in range(M):
            a = four
            if m < 1:
                a = x[0, m]
            if 0 <= m - 1 < 2:
                a = x[1, m - 1]
            if m - 3 >= 0:
                a = x[2, m - 3]
            y[m] = a
        """,
        (
            """
            four = number(x, 4)
            for m in range(M):
                a = four
                if m < 1:
                    a = x[0, m]
                if m - 2 >= 0:
                    a = x[1, m - 1]
                y[m] = a
            """,
            """
            four = number(x, 4)
            for m in range(M):
                a = four
                if m < 1:
                    a = x[0, m]
                if m >= 1:
                    a = x[1, m] + a
                y[m] = a
            """,
            """
            four = number(x, 4)
            for m in range(M):
                a = four
                if m < 1:
                    a = x[0, m]
                if m >= 1:
                    a = x[1, m]
                y[m] = a * four
            """,
        ),
    ),
)


def search(candidate_, turns="M", first="-1", test="m_best < 0 or beats(candidate, best)", start=0):
    """A search for a maximum."""
    return f"""
    for n in range(N):
        best = lowest(x)
        m_best = {first}
        for m in range({start}, {turns}):
            candidate = {candidate_}
            if {test}:
                best = candidate
                m_best = m
        buf[n, 0] = best
    """


SIGNS = (
    Planted(
        "with either sign",
        "sign flipped",
        "one + zero * x[n, 0]",
        "for n in range(N):\n  dw[n] = one + zero * x[n, 0]",
        (
            ("for n in range(N):\n  dw[n] = one + two * x[n, 0]", "one + two * x[n, 0]"),
            "for n in range(N):\n  zero += one\n  dw[n] = one + zero * x[n, 0]",
            ("for n in range(N):\n  dw[n] = zero * x[n, 0] + one", "zero * x[n, 0] + one"),
        ),
    ),
)
MAXIMA = (
    Planted(
        "above the lowest",
        "condition forgotten",
        "m_best < 0 or beats(candidate, best)",
        search("relu(x[n, m])"),
        (search("x[n, m]"), search("relu(x[n, m])", start=-1), search("relu(x[n, m])", first="-2")),
    ),
    Planted(
        "takes the lead",
        "sign flipped",
        "-1",
        search("absolute(x[n, m])"),
        (search("x[n, m]"), search("absolute(x[n, m])", turns="P - 1")),  # without a candidate it stays
    ),
    Planted(
        "one candidate",
        "relation widened",
        "m_best < 0",
        search("x[n, m]", turns="T"),
        (search("x[n, m]", turns="P"),),
    ),
)


@pytest.mark.parametrize("case", (*TABLE, *SIGNS, *MAXIMA), ids=lambda c: f"{c.words}, {c.was}")
def test_a_row_excuses_what_changes_nothing_and_not_what_looks_like_it(case):
    check(case)


def test_every_row_is_shown_one_of_each():
    words = {r.reason for r in ROWS}
    assert len(words) == len(ROWS)
    assert all(any(case.words in w for case in (*TABLE, *SIGNS, *MAXIMA, *EXCHANGES)) for w in words)


# the catalogue's own texts: an excused mutant meets every rung, and none may notice it
@pytest.mark.parametrize("name", ("dense_tanh", "lstm", "gelu_gated", "leaky", "average_pool"))
def test_no_rung_notices_a_mutant_that_a_row_excuses(name):
    made = [m for k in candidate(name).kernels.values() for m in mutants(k, None)]
    excused = [m for m in made if reason(candidate(name).plan, m)]
    judge = Judge(candidate(name), cases(name))
    stages = (judge.exactly, judge.astray, judge.in_floats, judge.at_the_edges)
    assert [m for m in excused if any(notices(m) for notices in stages)] == []
    assert len(excused) < len(made) / 20


def test_a_row_that_excuses_a_fault_is_contradicted():
    """What the test above relies on: the rungs notice an ordinary mutant."""
    mutant = next(m for m in mutants(candidate("leaky").kernels["_backward"], None))
    judge = Judge(candidate("leaky"), cases("leaky"))
    assert reason(candidate("leaky").plan, mutant) == "" and judge.exactly(mutant)
