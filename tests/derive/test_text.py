"""Plain text: what it says is what the tree says, and no parenthesis is missing."""

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

import pytest
from hypothesis import assume, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from codegen.catalogue import catalogue
from derive.algebra.expr import (
    Call,
    Choice,
    Expr,
    Negative,
    Number,
    Power,
    Product,
    Ratio,
    Read,
    Reduce,
    Sum,
    When,
)
from derive.algebra.index import Affine, Delta, Guard, In, Index, Letter, holds
from derive.authoring.spec import OpSpec
from derive.ops.conv2d import conv2d
from derive.ops.dense import dense
from derive.ops.lstm import lstm
from derive.ops.max_pool2d import max_pool2d
from derive.pages.text import TextWriter, affine_text, equation_text, expr_text, size_text, system_text
from derive.pages.writer import ATOM, PRODUCT
from tests.derive.derived import derived
from tests.indices import index

Values = Mapping[str, Fraction]
Meaning = Callable[[dict[str, int]], Fraction]

K = Index("k", Affine(), Affine.of(3))
ELEMENTS = {("a", 0): 2, ("a", 1): -3, ("a", 2): 5, ("b", 0): 7, ("b", 1): -1, ("b", 2): 4}
COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def element(tensor: str, at: int) -> Fraction:
    return Fraction(ELEMENTS.get((tensor, at), 0))


# the tree's meaning ---------------------------------------------------------------------------
def meaning(node: Expr, at: dict[Letter, int]) -> Fraction:
    """The value of a tree, in exact numbers."""
    match node:
        case Number(value, denominator):
            return Fraction(value.evaluate(at, _no_reads), denominator)
        case Read(tensor, (e,)):
            return element(tensor, e.evaluate(at, _no_reads))
        case Sum(args):
            return sum((meaning(a, at) for a in args), Fraction(0))
        case Product(args):
            return _product([meaning(a, at) for a in args])
        case Negative(arg):
            return -meaning(arg, at)
        case Ratio(top, bottom):
            return meaning(top, at) / meaning(bottom, at)
        case Power(base, n):
            return meaning(base, at) ** n
        case Call("absolute", (arg,)):
            return abs(meaning(arg, at))
        case Choice(left, relation, right, then, otherwise):
            chosen = COMPARE[relation](meaning(left, at), meaning(right, at))
            return meaning(then if chosen else otherwise, at)
        case When(guards, body):
            return meaning(body, at) if all(holds(g, at, _no_reads) for g in guards) else Fraction(0)
        case Reduce(monoid, _, guards, body):
            points = [{**at, K.name: k} for k in range(3)]
            values = [meaning(body, p) for p in points if all(holds(g, p, _no_reads) for g in guards)]
            return _reduced(monoid, values)
    raise AssertionError(node)


def _no_reads(tensor: str, at: tuple[int, ...]) -> int:
    raise AssertionError(tensor)


def _product(values: list[Fraction]) -> Fraction:
    result = Fraction(1)
    for value in values:
        result *= value
    return result


def _reduced(monoid: str, values: list[Fraction]) -> Fraction:
    if monoid == "sum":
        return sum(values, Fraction(0))
    if not values:
        raise ZeroDivisionError("-inf")
    return max(values)


# the text's meaning ---------------------------------------------------------------------------
TOKEN = re.compile(r"(?:sum|max)_\{|[A-Za-z]\w*|\d+|\*\*|<=|>=|==|[-+*/()\[\]{}<>:,]")


class Reader:
    """Reads the text by its grammar, and nothing else: no knowledge of the writer.

    choice  = total ["if" total relation total "else" choice]
    total   = ["-"] product {("+" | "-") product}
    product = reduction product | factor {("*" factor | "/" factor | "*" reduction product)}
    factor  = "[" guard "]" | atom ["**" integer]
    """

    def __init__(self, text: str) -> None:
        self.tokens = TOKEN.findall(text)
        assert "".join(self.tokens) == text.replace(" ", ""), text

    def whole(self) -> Meaning:
        found = self.choice()
        assert not self.tokens, self.tokens
        return found

    def next(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, wanted: str = "") -> str:
        token = self.tokens.pop(0)
        assert wanted in ("", token), (wanted, token)
        return token

    def choice(self) -> Meaning:
        then = self.total()
        if self.next() != "if":
            return then
        self.take("if")
        left, relation, right = self.total(), self.take(), self.total()
        self.take("else")
        otherwise = self.choice()
        return lambda at: then(at) if COMPARE[relation](left(at), right(at)) else otherwise(at)

    def total(self) -> Meaning:
        parts = [(-1 if self.next() == "-" and self.take() else 1, self.product())]
        while self.next() in ("+", "-"):
            parts.append((-1 if self.take() == "-" else 1, self.product()))
        return lambda at: sum((sign * part(at) for sign, part in parts), Fraction(0))

    def product(self) -> Meaning:
        if self.next() in ("sum_{", "max_{"):
            return self.reduction()
        parts = [("*", *self.factor())]
        while self.next() in ("*", "/"):
            mark = self.take()
            reduction = self.next() in ("sum_{", "max_{")
            parts.append((mark, False, self.reduction()) if reduction else (mark, *self.factor()))
        return lambda at: _multiplied(parts, at)

    def reduction(self) -> Meaning:
        monoid = self.take()[:3]
        self.take("k")
        guards = []
        while self.next() != "}":
            self.take()
            guards.append(self.condition())
        self.take("}")
        body = self.product()
        return lambda at: _reduced(
            monoid,
            [body(p) for p in ({**at, "k": k} for k in range(3)) if all(g(p) for g in guards)],
        )

    def factor(self) -> tuple[bool, Meaning]:
        if self.next() == "[":
            self.take("[")
            guard = self.condition()
            self.take("]")
            return True, lambda at: Fraction(guard(at))
        atom = self.atom()
        if self.next() != "**":
            return False, atom
        self.take("**")
        exponent = self.integer()
        return False, lambda at: atom(at) ** exponent

    def integer(self) -> int:
        if self.next() != "(":
            return int(self.take())
        self.take("(")
        self.take("-")
        value = -int(self.take())
        self.take(")")
        return value

    def condition(self) -> Callable[[dict[str, int]], bool]:
        parts, marks = [self.total()], []
        while self.next() in ("<=", "<", "=="):
            marks.append(self.take())
            parts.append(self.total())
        if marks == ["=="]:
            return lambda at: parts[0](at) == parts[1](at)
        assert marks == ["<=", "<"], marks
        return lambda at: parts[0](at) <= parts[1](at) < parts[2](at)

    def atom(self) -> Meaning:
        token = self.take()
        if token == "(":
            inner = self.choice()
            self.take(")")
            return inner
        if token.isdigit():
            return lambda at: Fraction(int(token))
        if self.next() == "[":
            self.take("[")
            where = self.total()
            self.take("]")
            return lambda at: element(token, int(where(at)))
        if self.next() == "(":
            self.take("(")
            arg = self.choice()
            self.take(")")
            assert token == "absolute"
            return lambda at: abs(arg(at))
        return lambda at: Fraction(at[token])


def _multiplied(parts: list[tuple[str, bool, Meaning]], at: dict[str, int]) -> Fraction:
    """A product from left to right; a false guard makes it 0 without a look at the rest."""
    if any(guard and not part(at) for _, guard, part in parts):
        return Fraction(0)
    result = Fraction(1)
    for mark, _, part in parts:
        result = result * part(at) if mark == "*" else result / part(at)
    return result


# random trees ---------------------------------------------------------------------------------
def _affines() -> st.SearchStrategy[Affine]:
    small = st.integers(-3, 3)
    return st.builds(lambda a, b, c: a * index("k") + b * index("n") + c, small, small, small)


def _guards() -> st.SearchStrategy[tuple[Guard, ...]]:
    inside = st.builds(In, _affines(), _affines(), _affines())
    guard = st.one_of(inside, st.builds(Delta, _affines(), _affines()))
    return st.one_of(st.tuples(guard), st.tuples(guard, guard))


def trees() -> st.SearchStrategy[Expr]:
    leaves = st.one_of(
        st.builds(Number, _affines(), st.integers(1, 3)),
        st.builds(lambda name, e: Read(name, (e,)), st.sampled_from("ab"), _affines()),
    )
    return st.recursive(leaves, _grown, max_leaves=9)


def _grown(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.one_of(st.tuples(inner, inner), st.tuples(inner, inner, inner))
    conditions = st.one_of(st.just(()), _guards())
    return st.one_of(
        st.builds(Sum, several),
        st.builds(Product, several),
        st.builds(Negative, inner),
        st.builds(Ratio, inner, inner),
        st.builds(Power, inner, st.integers(-2, 3)),
        st.builds(lambda arg: Call("absolute", (arg,)), inner),
        st.builds(Choice, inner, st.sampled_from(list(COMPARE)), inner, inner, inner),
        st.builds(When, _guards(), inner),
        st.builds(lambda m, g, b: Reduce(m, (K,), g, b), st.sampled_from(("sum", "max")), conditions, inner),
    )


AT = {"k": 1, "n": 2}
POINT = {Letter(name): value for name, value in AT.items()}


def same(node: Expr, writer: TextWriter) -> bool:
    """Whether the text means what the tree means; true where the tree has no value."""
    try:
        wanted = meaning(node, POINT)
    except ZeroDivisionError:
        return True
    try:
        return Reader(writer.expr(node)).whole()(dict(AT)) == wanted
    except (AssertionError, ZeroDivisionError, KeyError, IndexError):
        return False


@settings(max_examples=400, deadline=None)
@given(trees())
def test_the_text_of_a_tree_means_what_the_tree_means(node: Expr) -> None:
    try:
        wanted = meaning(node, POINT)
    except ZeroDivisionError:
        assume(False)
    assert Reader(expr_text(node)).whole()(dict(AT)) == wanted


# planted faults -------------------------------------------------------------------------------
class SumsAreTight(TextWriter):
    """Writes a*(b + c) without the parentheses."""

    def level(self, node: Expr) -> int:
        return PRODUCT if isinstance(node, Sum) else super().level(node)


class RatiosAreTight(TextWriter):
    """Writes a/(b*c) and (a/b)**2 without the parentheses."""

    def level(self, node: Expr) -> int:
        return ATOM if isinstance(node, (Ratio, Product)) else super().level(node)


class MinusIsTight(TextWriter):
    """Writes (-x)**2 without the parentheses."""

    def level(self, node: Expr) -> int:
        return ATOM if isinstance(node, Negative) else super().level(node)


class NoParentheses(TextWriter):
    def parens(self, inner: str) -> str:
        return inner


@pytest.mark.parametrize("faulty", [SumsAreTight, RatiosAreTight, MinusIsTight, NoParentheses])
def test_a_writer_with_a_precedence_fault_is_found_out(faulty: type[TextWriter]) -> None:
    try:
        find(
            trees(),
            lambda node: not same(node, faulty()),
            settings=settings(max_examples=5000, deadline=None),
        )
    except NoSuchExample:
        pytest.fail(f"no random tree tells {faulty.__name__} from the right writer")


# examples -------------------------------------------------------------------------------------
A, B, C, X = (Read(name, (index("k"),)) for name in ("a", "b", "c", "x"))


def _examples() -> Iterator[tuple[Expr, str]]:
    yield A - B, "a[k] - b[k]"
    yield A - (B - C), "a[k] - (b[k] - c[k])"
    yield A / (B * C), "a[k]/(b[k]*c[k])"
    yield (A / B) / C, "a[k]/b[k]/c[k]"
    yield A / (B / C), "a[k]/(b[k]/c[k])"
    yield (-X) ** 2, "(-x[k])**2"
    yield -(X**2), "-x[k]**2"
    yield (A + B) * C, "(a[k] + b[k])*c[k]"
    yield A * B - C, "a[k]*b[k] - c[k]"
    yield 1 - A, "1 - a[k]"
    yield A + -2, "a[k] - 2"
    yield X**-1, "x[k]**(-1)"
    yield (
        Choice(A, "<", B, A, Choice(A, ">", C, B, C)),
        "a[k] if a[k] < b[k] else b[k] if a[k] > c[k] else c[k]",
    )
    yield Reduce("sum", (K,), (), A * B) + C, "sum_{k} a[k]*b[k] + c[k]"
    yield Reduce("sum", (K,), (), A + B) * C, "(sum_{k} (a[k] + b[k]))*c[k]"
    yield When((Delta(index("k"), Affine()),), A), "[k == 0]*a[k]"
    yield When((In(index("k"), Affine(), index("n")),), A - B), "[0 <= k < n]*(a[k] - b[k])"


@pytest.mark.parametrize("node, text", list(_examples()))
def test_parentheses_stand_where_they_must_and_nowhere_else(node: Expr, text: str) -> None:
    assert expr_text(node) == text


def test_an_index_keeps_its_authors_order() -> None:
    stride, i, p, pad = (Affine.of(x) for x in ("stride", "i", "p", "pad"))
    assert affine_text(stride * i + p - pad) == "stride*i+p-pad"
    assert affine_text(-p + i) == "-p+i"
    assert affine_text(Affine()) == "0"


def test_an_index_that_is_no_sum_of_positive_terms_keeps_its_sign() -> None:
    assert affine_text(-index("i")) == "-i"


# ops ------------------------------------------------------------------------------------------
def _text(op: OpSpec, tensor: str) -> str:
    d = derived(op)
    return next(equation_text(e) for e in d.forward.equations + d.backward.equations if e.tensor == tensor)


def test_the_equations_of_known_ops() -> None:
    assert _text(dense[0], "h") == "h[n,i] = sum_{k} W[i,k]*x[n,k] + b[i]"
    assert _text(dense[0], "dW") == "dW[i,k] = sum_{n} dh[n,i]*x[n,k]"
    assert _text(lstm[0], "dU") == "dU[g,j,l] = sum_{t,n} dz[t,n,g,j]*h_prev[t,n,l]"
    assert _text(lstm[0], "dh") == "dh[t,n,j] = gh[t,n,j] + dh_prev[t+1,n,j]"
    conv = "dX[n,c,u,v] = sum_{o,i,j} dY[n,o,i,j]*K[o,c,u-stride*i+pad,v-stride*j+pad]"
    assert _text(conv2d[0], "dX") == conv
    pool = "q_Y[b,c,i,j] = (argmax_{p,q: 0 <= stride*i+p-pad < H, 0 <= stride*j+q-pad < W} "
    assert _text(max_pool2d[0], "q_Y").startswith(pool) and _text(max_pool2d[0], "q_Y").endswith(").q")


def test_a_derived_size_is_rounded_down() -> None:
    sizes = {s.name: size_text(s) for s in derived(conv2d[0]).forward.sizes}
    assert sizes["U"] == "U = floor((H + 2*pad - P)/stride) + 1"


@pytest.mark.parametrize("op", catalogue(), ids=lambda op: op.name)
def test_every_system_has_one_line_an_equation(op: OpSpec) -> None:
    d = derived(op)
    for system in (d.forward, d.backward, d.stable_forward, d.stable_backward):
        lines = system_text(system).splitlines()
        assert [re.split(r"[\[ ]", line)[0] for line in lines] == [e.tensor for e in system.equations]
        assert all(line.count(a) == line.count(b) for line in lines for a, b in ("()", "[]", "{}"))
