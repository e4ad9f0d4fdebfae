"""How tensors are called on a page: a letter with accents, a superscript and a subscript.

A symbol comes from the LaTeX that the tensor's author gave, or from its name: `W_f` is W with the
label f, `C_tilde` is C with an accent, `sigma` is the Greek letter. Two tensors never share a symbol:
where they would, the part of the name behind the first underscore is put on top.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from html.entities import html5

from derive.algebra.system import Tensor

ACCENTS = ("tilde", "hat", "bar", "dot", "vec")
PREVIOUS = "-"
GREEK = frozenset(
    re.findall(
        r"\w+",
        "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi chi psi "
        "omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega",
    )
)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A letter (LaTeX), its accents from the inside out, what stands above and what below."""

    base: str
    accents: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()

    def tagged(self, tag: str) -> Symbol:
        return replace(self, above=(*self.above, tag))


def letter(word: str) -> str:
    """A word as LaTeX: Greek by name, one letter in italics, several upright."""
    stem = word.rstrip("'")
    marks = word[len(stem) :]
    if stem in GREEK:
        return f"\\{stem}{marks}"
    return (stem if len(stem) < 2 else rf"\mathrm{{{stem}}}") + marks


def label(word: str) -> str:
    """A word as a label above or below a letter: `f`, `hh`, `\\mathrm{out}`."""
    return letter(word) if word in GREEK or not word.isalpha() or len(word) > 2 else word


def by_name(name: str) -> Symbol:
    """The symbol of a plain name: `h_prev`, `W_xh`, `z_C_tilde`, `h0`; `layer1_W` is the W of layer1."""
    first, *rest = name.split("_")
    if _is_part(first, rest):
        whole = by_name("_".join(rest))
        return replace(whole, above=(label(first), *whole.above))
    stem = first.rstrip("0123456789'") or first
    tail = first[len(stem) :]
    digits, primes = tail.rstrip("'"), tail[len(tail.rstrip("'")) :]
    symbol = Symbol(letter(stem) + primes, below=(digits,) if digits else ())
    for word in rest:
        symbol = _add(symbol, word)
    return symbol


def _is_part(first: str, rest: Sequence[str]) -> bool:
    """Whether a name's first word says where a tensor belongs: its letter, or another part, comes next."""
    stem = first.rstrip("0123456789'")
    word = len(stem) > 1 and len(first) > 2 and stem not in GREEK
    if not word or not rest:
        return False
    return len(rest[0].rstrip("0123456789'")) == 1 or _is_part(rest[0], rest[1:])


def _add(symbol: Symbol, word: str) -> Symbol:
    if word == "prev":
        return symbol.tagged(PREVIOUS)
    if word in ACCENTS and symbol.below:
        return replace(symbol, below=(*symbol.below[:-1], rf"\{word}{{{symbol.below[-1]}}}"))
    if word in ACCENTS:
        return replace(symbol, accents=(*symbol.accents, word))
    return replace(symbol, below=(*symbol.below, label(word)))


def by_latex(latex: str) -> Symbol:
    """The symbol of an author's LaTeX: accents are taken off, so that a bar covers the letter alone."""
    accent = re.match(rf"\\({'|'.join(ACCENTS)})\{{", latex)
    if accent:
        end = _closing(latex, accent.end() - 1)
        inner = written(latex[accent.end() : end])
        above, below = _scripts(latex[end + 1 :])
        accents = (*inner.accents, accent[1])
        return Symbol(inner.base, accents, inner.above + above, inner.below + below)
    base = re.split(r"[\^_]", latex, maxsplit=1)[0]
    return Symbol(base, (), *_scripts(latex[len(base) :]))


def written(latex: str) -> Symbol:
    """The symbol of LaTeX, or of a plain name that stands for it."""
    return by_name(latex) if latex.isidentifier() else by_latex(latex)


def _closing(text: str, start: int) -> int:
    depth = 0
    for n in range(start, len(text)):
        depth += (text[n] == "{") - (text[n] == "}")
        if depth == 0:
            return n
    raise ValueError(f"unbalanced braces in {text!r}")


def _scripts(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What stands behind ^ and behind _."""
    above: list[str] = []
    below: list[str] = []
    while text:
        mark = text[0]
        if mark not in "^_" or len(text) < 2:
            raise ValueError(f"{text!r} is neither a superscript nor a subscript")
        end = _closing(text, 1) if text[1] == "{" else 1
        (above if mark == "^" else below).append(text[2:end] if text[1] == "{" else text[1])
        text = text[end + 1 :]
    return tuple(above), tuple(below)


@dataclass(frozen=True, slots=True)
class Symbols:
    """The symbols of some tensors, all different; other names are read as they are."""

    tensors: Mapping[str, Tensor]
    table: Mapping[str, Symbol]

    def of(self, name: str) -> Symbol:
        if name in self.table:
            return self.table[name]
        state = name.removesuffix("_prev")
        return self.table[state].tagged(PREVIOUS) if state in self.table else by_name(name)

    def members(self, name: str) -> tuple[str, ...]:
        """The members of a packed tensor; () for any other."""
        return self.tensors[name].members if name in self.tensors else ()


def symbols_of(tensors: Sequence[Tensor]) -> Symbols:
    """A table of symbols, no two the same."""
    names = {t.name for t in tensors}
    wanted = {t.name: _wanted(t, names) for t in tensors}
    shared = {s for s in wanted.values() if list(wanted.values()).count(s) > 1}
    table = {name: _distinct(name, s) if s in shared else s for name, s in wanted.items()}
    for name, symbol in table.items():
        if list(table.values()).count(symbol) > 1 and "_" not in name and len(name) > 1:
            table[name] = symbol.tagged(label(name))
    return Symbols({t.name: t for t in tensors}, table)


def _wanted(tensor: Tensor, names: Set[str]) -> Symbol:
    """A tensor's symbol; a state before its step is written as the state is, and marked."""
    symbol = written(tensor.latex or tensor.name)
    state = tensor.name.removesuffix("_prev")
    marked = tensor.latex and state != tensor.name and state in names
    return symbol.tagged(PREVIOUS) if marked else symbol


def _distinct(name: str, symbol: Symbol) -> Symbol:
    """The symbol with what the name says more; a name without an underscore keeps it."""
    _, _, rest = name.partition("_")
    if not rest:
        return symbol
    return symbol.tagged(f"({latex_label(by_name(rest))})")


def latex_label(symbol: Symbol) -> str:
    """A symbol without indices, small enough to stand above another."""
    return script(decorated(symbol), symbol.above, symbol.below)


def decorated(symbol: Symbol) -> str:
    """The letter under its accents."""
    text = symbol.base
    for accent in symbol.accents:
        text = rf"\{accent}{{{text}}}"
    return text


def script(text: str, above: Sequence[str], below: Sequence[str]) -> str:
    """A letter with what stands above and below it."""
    text += f"^{{{','.join(above)}}}" if above else ""
    return text + (f"_{{{','.join(below)}}}" if below else "")


def placed(symbol: Symbol, member: str, indexed: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The labels above and below; with indices below, the symbol's own label moves up."""
    above = symbol.above
    if indexed and symbol.below:
        above = (*above, f"({','.join(symbol.below)})")
    if member:
        above = (*above, f"({member})")
    return above, () if indexed else symbol.below


def greek_character(name: str) -> str | None:
    """The character of a Greek letter's name."""
    return html5.get(f"{name};") if name in GREEK or name == "varphi" else None
