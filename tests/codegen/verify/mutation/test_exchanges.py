"""Indices that can be exchanged: symmetric arrays, sums over a square, arrays read with their transpose."""

import pytest

from tests.codegen.verify.mutation.excuses import Planted, check

WORDS, OPERATOR = "two indices can be exchanged", "indices transposed"


def exchange(was, text, *faults):
    return Planted(WORDS, OPERATOR, was, text, faults)


# an array that is symmetric ---------------------------------------------------------------------------
def product(before="", sets="gemm(matrix(G, 1), matrix(x, 1), matrix(x, 1), False, True, False)", after=""):
    """X X^T, and a sum over what is above its diagonal."""
    read = "for i in range(N):\n  for j in range(i + 1, N):\n    dw[0] += G[i, j]"
    return "\n".join(filter(None, (before, sets, after, read)))


def products(loop, lead="p", read="range(P)"):
    """The same of several matrices."""
    return f"""
    for p in {loop}:
        gemm(matrix(S[{lead}], 1), matrix(f[p], 1), matrix(f[p], 1), False, True, False)
    for p in {read}:
        for i in range(N):
            for j in range(i + 1, N):
                dw[0] += S[p, i, j]
    """


GEMM = "gemm(matrix(G, 1), matrix(x, 1), matrix(x, 1), False, True, False)"
READ = "dw[0] += G[0, 1]"
SYMMETRIC = (
    exchange(
        "G[i, j]",
        product(),
        product(sets="gemm(matrix(G, 1), matrix(x, 1), matrix(buf, 1), False, True, False)"),
        product(sets="gemm(matrix(G, 1), matrix(x, 1), matrix(x, 1), False, False, False)"),
        product(sets="gemm(matrix(G, 1), matrix(x, 1), matrix(x, 1), False, True, True)"),  # onto what?
        product(sets="gemm(matrix(G, 2), matrix(x, 1), matrix(x, 1), False, True, False)"),
        product(after="G[0, 1] = one"),
        product(after="G[0, 1] += one"),
        product(after="gemm(matrix(G, 1), matrix(A, 1), matrix(x, 1), False, True, True)"),
        product(before="if dx.size:\n  z[()] = one", sets=f"if dx.size:\n  {GEMM}"),
        product(sets=f"for p in range(P - 1):\n  {GEMM}"),  # perhaps never
    ),
    exchange("G[0, 1]", f"{GEMM}\n{READ}", f"{READ}\n{GEMM}"),
    exchange(
        "G[0, 1]",
        f"if dx.size:\n  {GEMM}\nif dx.size:\n  {READ}",
        f"if dw.size:\n  {GEMM}\nif dx.size:\n  {READ}",
        f"if dx.size:\n  z[()] = one\nelse:\n  {GEMM}\nif dx.size:\n  {READ}",
        f"if dx.size:\n  {READ}\nelse:\n  {GEMM}",
    ),
    exchange(
        "S[p, i, j]",
        products("range(P)"),
        products("range(1, P)"),
        products("range(P - 1)"),
        products("range(P)", "0"),
        products("range(P)", "p - 1"),
    ),
    exchange(
        "S[p, 0, 1]",
        """
        for p in range(P):
            gemm(matrix(S[p], 1), matrix(f[p], 1), matrix(f[p], 1), True, False, False)
            dw[0] += S[p, 0, 1]
        """,
        """
        for p in range(P):
            gemm(matrix(S[0], 1), matrix(f[p], 1), matrix(f[p], 1), True, False, False)
            dw[0] += S[p, 0, 1]
        """,
    ),
    # the diagonal may be anything, and a copy is symmetric too
    exchange(
        "H[0, 1]",
        f"""
        {GEMM}
        for i in range(N):
            for j in range(N):
                H[i, j] = two * G[i, j]
        for j in range(N):
            H[j, j] -= x[j, 0]
        dw[0] += H[0, 1]
        """,
        f"""
        {GEMM}
        for i in range(N):
            for j in range(N):
                H[i, j] = two * G[i, j]
        for j in range(1, N):
            H[j, j - 1] -= x[j, 0]
        dw[0] += H[0, 1]
        """,
        """
        for i in range(N):
            for j in range(N):
                H[i, j] = two * A[i, j]
        dw[0] += H[0, 1]
        """,
        # a part of it is read before it is written
        f"""
        {GEMM}
        for i in range(N):
            for j in range(N):
                H[i, j] = two * G[i, j]
                dw[0] += H[0, 1]
        """,
        # the matrix is not written as a whole
        f"""
        {GEMM}
        for i in range(1, N):
            for j in range(1, N):
                H[i, j] = two * G[i, j]
        dw[0] += H[0, 1]
        """,
    ),
    # a sum onto it is symmetric too, but not halfway
    exchange(
        "G[0, 1]",
        f"{GEMM}\nfor i in range(N):\n  for j in range(N):\n    G[i, j] += x[i, 0] * x[j, 0]\n{READ}",
        f"{GEMM}\nfor i in range(N):\n  for j in range(N):\n    G[i, j] += x[i, 0] * x[j, 0]\n    {READ}",
        f"{GEMM}\nfor i in range(N):\n  {READ}\n  for j in range(N):\n    G[i, j] += x[i, 0] * x[j, 0]",
    ),
    # each is symmetric if the other is
    exchange(
        "G[0, 1]",
        f"{GEMM}\ndw[0] += G[0, 1]",
        """
        for i in range(N):
            for j in range(N):
                H[i, j] = G[i, j]
        for i in range(N):
            for j in range(N):
                G[i, j] = H[i, j]
        dw[0] += G[0, 1]
        """,
    ),
)


# loops over a square ----------------------------------------------------------------------------------
def distances(adds="power(x[i, m] - x[j, m], 2)", start="a = zero", before="", turns="range(N)"):
    """A matrix whose elements are sums."""
    return f"""
    {before or "pass"}
    for i in range(N):
        for j in {turns}:
            {start}
            for m in range(M):
                a += {adds}
            G[i, j] = a
    dw[0] += G[0, 1]
    """


def summed(adds, turns="range(N)", to="dw[0] += ", also=""):
    """A sum over all pairs."""
    return f"""
    {GEMM}
    for i in range(N):
        for j in {turns}:
            {also or "pass"}
            {to}{adds}
    """


SQUARES = (
    exchange(
        "G[i, j]",
        distances(),
        distances("power(x[i, m] - x[j, m], 3)"),
        distances("x[i, m] - x[j, m]"),
        distances("x[i, m] * buf[j, m]"),
        distances("x[i, m] / (x[j, m] + one)"),
        distances(turns="range(i + 1, N)"),
        distances(turns="range(1, N)"),
        distances(start="pass", before="a = zero"),
        distances(start="if x[0, 0] > zero: a = zero", before="a = zero"),
    ),
    exchange("G[i, j]", distances("absolute(x[i, m] * two - two * x[j, m])")),
    exchange("G[i, j]", distances("-(x[i, m] - x[j, m]) * (x[j, m] - x[i, m])")),
    exchange(
        "A[i, j]",
        "for i in range(N):\n  for j in range(N):\n    dw[0] += power(A[i, j], 2)",
        "for i in range(N):\n  for j in range(N):\n    dw[i] += power(A[i, j], 2)",
        "for i in range(N):\n  for j in range(N):\n    dw[0] = power(A[i, j], 2)",
        "for i in range(N):\n  for j in range(N):\n    z[()] += one\n    dw[0] += A[i, j] * z[()]",
        "for i in range(N):\n  z[()] = x[i, 0]\n  for j in range(N):\n    dw[0] += A[i, j] * z[()]",
        "for i in range(N):\n  for j in range(N):\n    if j >= i:\n      dw[0] += A[i, j]",
        "for i in range(N):\n  for j in range(N):\n    dw[0] += A[i, j] * x[i, 0]",
        "for i in range(N):\n  for j in range(N):\n    dw[0] += A[i, j] * dw[1]",
        "for i in range(N):\n  for j in range(N - 1):\n    dw[0] += A[i, j]",
        "for i in range(N):\n  for m in range(i):\n    for j in range(N):\n      dw[0] += A[i, j]",
        "for i in range(N):\n  for j in range(N):\n    gemm(matrix(dx, 1), matrix(A, 1), matrix(x, 1), "
        "False, False, True)\n    dw[0] += A[i, j]",
    ),
    exchange(
        "A[i, j]",
        f"{GEMM}\nfor i in range(N):\n  for j in range(N):\n    dw[0] += power(G[i, j] - A[i, j], 2)",
        "for i in range(N):\n  for j in range(N):\n    dw[0] += power(H[i, j] - A[i, j], 2)",
    ),
)


# an array that is read with its transpose -------------------------------------------------------------
FLIPPED = "gemm(matrix(dx, 1), matrix(H, 1), matrix(x, 1), True, False, False)"
STRAIGHT = "gemm(matrix(dx, 1), matrix(H, 1), matrix(x, 1), False, False, True)"


def stored(*reads, array="H"):
    return "\n".join(
        (f"for i in range(N):\n  for j in range(i + 1, N):\n    {array}[i, j] = x[i, 0]", *reads)
    )


def added(sign, at, body="two * (x[i, m] - x[j, m])", turns="range(N)"):
    head = f"for i in range(N):\n  for j in {turns}:\n    for m in range(M):\n"
    return f"{head}      dx[i, m] {sign}= H[{at}] * ({body})"


PAIRS = (
    exchange(
        "H[i, j]",
        stored(FLIPPED, STRAIGHT),
        stored(FLIPPED),
        stored(FLIPPED, STRAIGHT.replace("(x,", "(buf,")),
        stored(FLIPPED, STRAIGHT.replace("dx", "buf")),
        stored(FLIPPED, STRAIGHT.replace("True", "False")),  # the second forgets the first
        stored(STRAIGHT, FLIPPED),
        stored(FLIPPED, "dx[0, 0] *= two", STRAIGHT),
        stored(FLIPPED, STRAIGHT, "dw[0] += H[0, 1]"),
        stored("H[0, 1] = one", FLIPPED, STRAIGHT),
        stored("gemm(matrix(H, 1), matrix(x, 1), matrix(buf, 1), False, True, False)", FLIPPED, STRAIGHT),
        stored(FLIPPED, "if dw.size:\n  " + STRAIGHT),
        stored(FLIPPED.replace("(x,", "(dx,"), STRAIGHT.replace("(x,", "(dx,")),
        (stored(FLIPPED.replace("H", "A"), STRAIGHT.replace("H", "A"), array="A"), "A[i, j]"),  # the caller's
    ),
    exchange(
        "H[i, j]", stored("clear(dx)", added("+", "i, j"), added("-", "j, i", "two * (x[j, m] - x[i, m])"))
    ),
    exchange(
        "H[i, j]",
        stored("clear(dx)", added("-", "i, j", "x[j, m]"), added("-", "j, i", "x[j, m]")),
        stored("clear(dx)", added("-", "i, j", "x[j, m]"), added("+", "j, i", "x[j, m]")),
        stored("clear(dx)", added("-", "i, j", "x[j, m]"), added("-", "j, i", "x[i, m]")),
        stored("clear(dx)", added("-", "i, j", "x[j, m]"), added("-", "j, i", "x[j, m]", "range(1, N)")),
        stored("clear(dx)", added("-", "i, j", "dx[j, m]"), added("-", "j, i", "dx[j, m]")),
        stored("clear(dx)", added("-", "i, j", "x[j, m]"), "z[()] = dx[0, 0]", added("-", "j, i", "x[j, m]")),
    ),
)


def several(to, first="False", other="True"):
    """Products with several matrices and their transposes, each after a sum over the square."""
    return f"""
    for p in range(P):
        for i in range(N):
            for j in range(N):
                S[p, i, j] = A[i, j]
    for p in range(P):
        gemm({to}, matrix(S[p], 1), matrix(f[p], 1), True, False, {first})
    for p in range(P):
        gemm({to}, matrix(S[p], 1), matrix(f[p], 1), False, False, {other})
    """


SEVERAL = (
    exchange(
        "S[p, i, j]",
        several("matrix(dx, 1)", "True"),
        several("matrix(dx, 1)"),  # the last one of the first loop wins
    ),
    # what is stored is the transpose of what was
    exchange(
        "A[i, j]",
        several("matrix(dx, 1)", "True"),
        several("matrix(dx, 1)", "True", "False"),
    ),
)
EXCHANGES = (*SYMMETRIC, *SQUARES, *PAIRS, *SEVERAL)


@pytest.mark.parametrize("case", EXCHANGES, ids=lambda c: c.text.strip().replace("\n", " ")[:60])
def test_indices_are_exchanged_where_that_changes_nothing_and_not_where_it_looks_so(case):
    check(case)
