"""What follows from labels, halves and quotients: mutants that it excuses, and others that it does not."""

import pytest

from tests.codegen.verify.mutation.excuses import Planted, check


def labelled(test):
    return f"for n in range(N):\n  for p in range(P):\n    if {test}:\n      dw[n] += one"


def chosen(label, element="q[0, q[n, p]]", inside="0 <= q[n, p] < P", otherwise="-1"):
    return f"({element} if {inside} else {otherwise}) == {label} and 0 <= q[n, p] < P"


def forgotten(test, *faults):
    """A part of a whole condition is forgotten."""
    pairs = tuple((labelled(fault), fault) for fault in faults)
    return Planted("follows from what is known", "condition forgotten", test, labelled(test), pairs)


def marked(test, to="buf[0, m]", before="pass"):
    return f"""
    clear(buf)
    for n in range(N):
        for m in range(M):
            {before}
            if {test}:
                {to} += one
    """


def halved(test, formula="M // 2"):
    return f"D = {formula}\nfor m in range(M):\n  if {test}:\n    dw[m] += one"


HALVES = "m < D and m + D < M"


def blocks(test, end="(m + M) // M"):
    """Rows of M elements; `m - M * u` lies in one of them."""
    return (
        f"for m in range(K):\n  for u in range(m // M, {end}):\n    for k in range({test}):\n      y[k] = one"
    )


CASES = (
    # the element is no label unless the index is one
    forgotten(
        chosen("n"),
        chosen("n", otherwise="0"),
        chosen("n - 1"),
        chosen("n", inside="-1 <= q[n, p] < P"),
        chosen("n", inside="0 <= q[n, p] < P + 1"),
        chosen("n").replace("== n", "<= n"),
    ),
    Planted(
        "equal at no size",
        "relation widened",
        "q[n, p] < P",
        labelled("(q[0, q[n, p]] if 0 <= q[n, p] < P else -1) == n and q[n, p] < P"),
        (labelled("(q[0, q[n, p]] if 0 <= q[n, p] <= P else -1) == n and q[n, p] < P"),),
    ),
    # what is asked later guards nothing that was read before
    Planted(
        "follows from what is known",
        "condition forgotten",
        "0 <= q[n, p] < 2",
        labelled("q[n, p] >= 0 and q[n, p] < 2 and 0 <= q[n, p] < 2"),
        (
            labelled("(q[n, q[n, p]] if 0 <= q[n, p] < 2 else -1) == n and q[n, p] >= 0 and q[n, p] < 2"),
            labelled("0 <= q[n, p] < 2 and 0 <= q[0, q[n, p]] < q[n, p]"),
        ),
    ),
    Planted(
        "met once",
        "accumulation lost",
        "buf[0, m] += one",
        marked("q[m, 0] == n"),
        (
            marked("q[n, 0] == n"),
            marked("q[m, 0] == m"),
            marked("q[m, n] == n"),
            marked("q[m, 0] <= n"),
            marked("q[m, 0] == n or n == 0"),
            marked("x[m, 0] == n"),
            marked("q[m, 0] == n", before="q[m, 0] = n"),
            (marked("q[m, 0] == n", "buf[0, 0]"), "buf[0, 0] += one"),
        ),
    ),
    Planted(
        "met once",
        "accumulation lost",
        "buf[0, q[n, 0]] += one",
        marked("(q[q[n, 0], 1] if 0 <= q[n, 0] < N else -1) == n", "buf[0, q[n, 0]]").replace(
            "range(M)", "range(T)"
        ),
        (
            marked("(q[q[n, 0], 1] if 0 <= q[n, 0] < N else -1) == n", "buf[0, q[n, 0]]"),
            marked("(q[q[n, 1], 1] if 0 <= q[n, 0] < N else -1) == n", "buf[0, q[n, 0]]").replace(
                "range(M)", "range(T)"
            ),
        ),
    ),
    # a size that is set by its formula
    Planted(
        "follows from what is known",
        "condition forgotten",
        HALVES,
        halved(HALVES),
        (halved(HALVES, "(M + 1) // 2"), (halved("m <= D and m + D < M"), "m <= D and m + D < M")),
    ),
    # facts times sizes
    Planted(
        "limit follows",
        "limit forgotten",
        "max(0, M * m - M * M * u)",
        blocks("max(0, M * m - M * M * u), K"),
        (blocks("max(0, M * m - M * M * u), K", "(m + M + 1) // M"),),
    ),
    Planted(
        "limit follows",
        "limit forgotten",
        "min(M * M, M * m - M * M * u + M)",
        blocks("min(M * M, M * m - M * M * u + M)"),
        (
            blocks("min(M * M, M * m - M * M * u + M)").replace("m // M, ", "m // M - 1, "),
            (
                blocks("min(M * M, M * m - M * M * u + M + 1)"),
                "min(M * M, M * m - M * M * u + M + 1)",
            ),
        ),
    ),
    # quotients by a number
    Planted(
        "limit follows",
        "limit forgotten",
        "min(M, (m + 2) // 2)",
        "for m in range(M):\n  for k in range(m // 2, min(M, (m + 2) // 2)):\n    y[k] = one",
        ("for m in range(2 * M + 1):\n  for k in range(m // 3, min(M, (m + 2) // 2)):\n    y[k] = one",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.words}, {c.was}")
def test_a_mutant_is_excused_where_it_changes_nothing_and_not_where_it_looks_so(case):
    check(case)
