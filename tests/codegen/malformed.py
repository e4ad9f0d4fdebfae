"""Malformed specs by the thousand: good specs in which one argument of one call is another value.

`python -m tests.codegen.malformed` tries all of them (minutes), the suite a sample. What a case may do is
succeed, or raise one located SpecError or DerivationError.
"""

from __future__ import annotations

import math
import random
import re
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import FrameType, SimpleNamespace
from typing import Any

from codegen.lower import lower
from codegen.module import write_module
from derive import language
from derive.derivation import derive
from derive.errors import DerivationError, SpecError
from derive.language import OpSpec, Spec, op
from derive.pages.page import render

LOCATED = re.compile(r"^[\w.]+\.py:\d+: ")
SECONDS = 20  # a case that takes longer hangs
GIGABYTES = 3  # and one that takes more memory


class Mine(Exception):
    """An exception of the author's own, with a line break and an escape sequence in it."""


class Unprintable(Exception):
    """One that cannot even be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


class NoText:
    def __repr__(self) -> str:
        raise RuntimeError("no text")


class Hostile:
    """Every attribute that is asked for raises."""

    def __getattr__(self, name: str) -> Any:
        raise Mine(f"no {name}")


class Endless:
    """A sequence without an end."""

    def __getitem__(self, at: int) -> int:
        return at


def raises(*given: Any, **named: Any) -> Any:
    raise Mine("first line\nsecond line \x1b[31mred")


def leaves(*given: Any, **named: Any) -> Any:
    sys.exit("enough")


def other_tensor() -> Any:
    """The handle of another spec's tensor."""
    return Spec(OpSpec("other", lambda s: None, "", "", __file__)).data("x")


BAD: dict[str, Any] = {
    "None": None, "ellipsis": ..., "1.5": 1.5, "-2e300": -2e300, "nan": math.nan, "inf": math.inf,
    "empty": "",
    "two words": "a b", "accent": "é", "surrogate": "\ud800", "bytes": b"x", "list": [], "list of one": ["i"],
    "tuple": (), "tuple of None": (None,), "dict": {}, "object": object(), "huge": 10**400, "huger": 10**5000,
    "2**63": 2**63, "lambda": lambda: 1, "class": int, "True": True, "False": False, "-1": -1, "0": 0,
    "escape": "\x1b[31m", "open fraction": "\\frac{", "nul": "a\0b", "lines": "a\nb", "quotes": '"""',
    "backslash": "a\\", "fraction": Fraction(1, 3), "complex": 1j, "slice": slice(None), "set": {1},
    "no text": NoText(), "hostile": Hostile(), "endless": Endless(), "raises": raises, "leaves": leaves,
    "long": "x" * 5000, "long name": "a" * 300, "html": "<script>alert(1)</script>",
    "latex": "% _ # $ \\ ^ ~ & { }", "keyword": "lambda", "reserved": "forward", "from the right": "\u202ex",
    "generator": (x for x in ()), "range": range(3), "exception": Mine("x"), "markup": "[red]x[/red]",
    "closed first": "}{", "superscript": "x^", "two subscripts": "x_1_2", "star": "*", "module": math,
    "other spec": other_tensor(), "template": "{{ title }} {% if %}", "percent": "%s %(x)s",
}  # fmt: skip


# good specs: `s` declares, `f` holds the language's functions ---------------------------------------------
def pooled(s: Any, f: Any) -> None:
    H, I = s.size("H", "ij", about="units"), s.size("I", letters="k", about="inputs", least=1)
    i, k = s.index("i", H), s.index("k", I, lo=0)
    x = s.data("x", I, latex="x", about="input")
    W = s.parameter("W", H, I, latex=r"\hat{W}", about="weights")
    y = s.let("y", H, latex="y", about="output")
    y[i] = f.total(k, W[i, k] * x[k], where=(f.between(k, 0, I),)) + f.largest(k, x[k], where=f.equal(k, 0))
    s.returns(y)


def windowed(s: Any, f: Any) -> None:
    N, P = s.size("N", "n", "length"), s.size("P", "p", "window", least=1)
    stride, scale = s.integer("stride", 2, least=1, about="step"), s.real("scale", 0.5, about="factor")
    M = s.size("M", "m", "places", formula=(N - P) // stride + 1)
    m, p = s.index("m", M), s.index("p", P)
    x, w, y = s.data("x", N, about="signal"), s.parameter("w", P), s.let("y", M)
    y[m] = scale * f.total((p,), w[p] * x[stride * m + p] * f.delta(p, 0) * f.inside(m, 0, M))
    s.returns(y)


def recurrent(s: Any, f: Any) -> None:
    T, H = s.sequence("T", "t", about="steps", least=1), s.size("H", "ij")
    t = s.index("t", T)
    x, h0 = s.data("x", T, H, integer=False), s.data("h0", H)
    U_a, U_b = s.pack("U", "a b", H, H, about="weights")
    h = s.let("h", T, H, start=h0)
    h[t] = f.tanh(U_a @ x[t] + U_b @ h[t - 1])
    s.returns(h)


def labelled(s: Any, f: Any) -> None:
    N, K = s.batch("N", "n", about="examples"), s.size("K", "kl")
    n, k = s.index("n", N), s.index("k", K)
    x, y = s.data("x", N, K), s.data("y", N, integer=True)
    L, p = s.let("L"), s.let("p", N, K)
    L[:] = 1 / N * f.total(n, f.log(f.total(k, f.exp(x[n, k]))) - x[n, y[n]])
    p[n, k] = f.where(x[n, k], ">", 0, x[n, k] ** 2, Fraction(1, 2) * f.sqrt(f.absolute(x[n, k])))
    s.returns(L, p)


def composed(s: Any, f: Any) -> None:
    from derive.ops.dense import dense

    N, I = s.batch("N", "n"), s.size("I", "k")
    n = s.index("n", N)
    x = s.data("x", N, I)
    hidden = f.use(s, dense, "hidden", over=n, x=x)
    out = f.use(s, dense.tanh, "out", over=n, x=hidden.h)
    s.returns(out.h)


GOOD = (pooled, windowed, recurrent, labelled, composed)
FUNCTIONS = {
    n: getattr(language, n) for n in language.__all__ if n[0].islower() and n not in ("op", "location")
}
DECLARING = (
    "size",
    "sequence",
    "batch",
    "index",
    "integer",
    "real",
    "data",
    "parameter",
    "pack",
    "let",
    "returns",
)


@dataclass(frozen=True)
class Change:
    """Another value in place of one argument: of which call, which argument, which of BAD."""

    call: int
    argument: int | str
    value: str


class Meddler:
    """Passes calls on, noting them, and puts the other value into one of them."""

    def __init__(self, change: Change | None) -> None:
        self.change, self.calls = change, list[tuple[int, tuple[str, ...]]]()

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            change, number = self.change, len(self.calls)
            self.calls.append((len(given), tuple(named)))
            if change is not None and change.call == number:
                given = tuple(BAD[change.value] if n == change.argument else a for n, a in enumerate(given))
                if isinstance(change.argument, str):
                    named = {**named, change.argument: BAD[change.value]}
                elif change.argument == len(given):
                    given = (*given, BAD[change.value])
            return function(*given, **named)

        return call


def meddled(build: Callable[[Any, Any], None], meddler: Meddler) -> Callable[[Spec], None]:
    def run(spec: Spec) -> None:
        declare = SimpleNamespace(**{n: meddler.around(getattr(spec, n)) for n in DECLARING})
        functions = {n: meddler.around(f) for n, f in FUNCTIONS.items()}
        # `use` is given the spec itself
        functions["use"] = meddler.around(
            lambda s, *a, **k: language.use(spec if s is declare else s, *a, **k)
        )
        build(declare, SimpleNamespace(**functions))

    return run


def cases() -> Iterator[tuple[Callable[[Any, Any], None], Change]]:
    """Every argument of every call, one argument too many, and a keyword that there is not."""
    for build in GOOD:
        noted = Meddler(None)
        OpSpec(build.__name__, meddled(build, noted), "", "", __file__).spec()
        for call, (given, named) in enumerate(noted.calls):
            for argument in (*range(given + 1), *named, "colour"):
                for value in BAD:
                    yield build, Change(call, argument, value)


def decorated() -> Iterator[tuple[str, Any]]:
    """Arguments of the decorator."""
    for argument in ("title", "source", "conventions", "choice", "choices of one"):
        for value in BAD:
            yield argument, value


def fault_of(build: Callable[[Any, Any], None], change: Change) -> str:
    """What is wrong with how one case ends: nothing, or the exception that it should not have been."""
    made = OpSpec(build.__name__, meddled(build, Meddler(change)), "title", "source", __file__, (), 1)
    return attempt(lambda: carry_through(made))


def decorator_fault(argument: str, value: str) -> str:
    def squares(s: Spec, choice: Any = None) -> None:
        N = s.size("N", "n")
        x, y = s.data("x", N), s.let("y", N)
        y[:] = x * x
        s.returns(y)

    given: dict[str, Any] = {"title": "squares", "source": "test", argument: BAD[value]}
    if argument == "choices of one":
        given = {"title": "squares", "source": "test", "choice": (language.tanh, BAD[value])}
    return attempt(lambda: [carry_through(one) for one in op(**given)(squares)])


def carry_through(one: OpSpec) -> None:
    """Derive, print every page, print the module: all must be text that can be written and compiled."""
    derivation = derive(one)
    for form in ("text", "latex", "md", "html"):
        page = render(derivation, form)
        page.encode()
        assert not re.search(r"[\0-\x08\x0b-\x1f\x7f\u202a-\u202e]", page), "control characters on a page"
        assert form != "html" or "<script" not in page, "a script on a page"
    text = write_module(lower(derivation)).text
    compile(text.encode(), f"{one.name}.py", "exec")


def attempt(work: Callable[[], Any]) -> str:
    """Nothing, or what was raised that is no located error on one line."""
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    try:
        work()
    except (SpecError, DerivationError) as fault:
        said = str(fault)
        clean = (
            said.isprintable()
            and len(said) < 1000
            and (LOCATED.match(said) or isinstance(fault, DerivationError))
        )
        return "" if clean else f"{type(fault).__name__} that is not located on one line: {said[:200]!r}"
    except BaseException as fault:
        if type(fault) is KeyboardInterrupt:
            raise
        return f"{type(fault).__name__}: {_text(fault)[:150]}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return ""


class Hangs(KeyboardInterrupt):
    """Goes through everything, as Ctrl-C does."""


def _too_long(number: int, frame: FrameType | None) -> None:
    raise Hangs(f"more than {SECONDS} seconds")


def _text(fault: BaseException) -> str:
    try:
        return str(fault)
    except Exception:
        return "it has no text"


def main() -> None:
    """Try a part of the cases (all of them by default) and print what goes wrong, by kind."""
    resource.setrlimit(resource.RLIMIT_AS, (GIGABYTES << 30, GIGABYTES << 30))
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    chosen = random.Random(0)
    kinds: Counter[str] = Counter()
    count = 0
    for build, change in cases():
        if chosen.random() < share:
            count += 1
            if fault := fault_of(build, change):
                kinds[re.sub(r"\d+", "N", fault)[:70]] += 1
                print(build.__name__, change, fault, flush=True)
    for argument, value in decorated():
        count += 1
        if fault := decorator_fault(argument, value):
            kinds[re.sub(r"\d+", "N", fault)[:70]] += 1
            print("op", argument, value, fault, flush=True)
    print(f"{count} malformed specs, {kinds.total()} that do not end as they should")
    for kind, number in kinds.most_common():
        print(f"{number:6} {kind!r}")


if __name__ == "__main__":
    main()
