"""Numbers as their author writes them, exactly: 0.1 is a tenth, not the float64 that is nearest to it."""

from __future__ import annotations

import math
import numbers
from decimal import Decimal
from fractions import Fraction

from derive.errors import SpecError
from derive.names import location

BEYOND = 1024  # bits: of so large a number, or one over so large a number, nothing is left in float64


def exact(value: object) -> Fraction | None:
    """An author's number: an integer, a fraction, or a decimal as Python prints it; None for anything else.

    Raises SpecError for a decimal that is not finite, or that has more than a thousand digits.
    """
    if isinstance(value, numbers.Rational):
        whole = Fraction(int(value.numerator), int(value.denominator))
        return None if isinstance(value, bool) else whole
    if not isinstance(value, (Decimal, numbers.Real)):
        return None
    text = str(value)
    if isinstance(value, Decimal) and value and abs(value.adjusted()) >= BEYOND:
        raise _beyond(text)
    if not math.isfinite(value):
        raise SpecError(f"{text} is no number of a formula: write a finite one", location())
    return Fraction(text) if _says_all(value, text) else None


def _says_all(value: Decimal | numbers.Real, text: str) -> bool:
    """Whether the decimal that is printed is the number: it is not, of what prints only its first digits."""
    try:
        return bool(type(value)(text) == value)  # type: ignore[call-arg]
    except (TypeError, ValueError):
        return False


def check_size(number: Fraction) -> Fraction:
    """The number. Raises SpecError for one so large or small that float64 has nothing like it."""
    over, under = number.numerator.bit_length(), number.denominator.bit_length()
    if abs(over - under) >= BEYOND:
        raise _beyond(f"a number of {max(over, under)} bits")
    return number


def _beyond(called: str) -> SpecError:
    return SpecError(f"{called} is too large or too small for float64: scale the formula", location())


def is_decimal(value: object) -> bool:
    """Whether a number is written as a decimal, which is how it is printed then."""
    return not isinstance(value, numbers.Rational)


def digits(numerator: int, denominator: int) -> tuple[str, int] | None:
    """A fraction, not negative, as a decimal and a power of ten: 1/20 is ("0.05", 0), 1/10**6 is ("1", -6).

    None where no finite decimal is it.
    """
    places = _places(denominator)
    if places is None:
        return None
    written = str(numerator * 10**places // denominator)
    exponent = len(written) - 1 - places
    if -4 <= exponent < 16:
        whole = written.rjust(places + 1, "0")
        return f"{whole[: len(whole) - places]}.{whole[len(whole) - places :] or '0'}", 0
    tail = written[1:].rstrip("0")
    return (f"{written[0]}.{tail}" if tail else written[0]), exponent


def _places(denominator: int) -> int | None:
    """How many decimals a fraction in lowest terms with this denominator has."""
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None


def decimal_text(numerator: int, denominator: int) -> str:
    """A fraction in one line: 0.044715, -1.5e-08, and 1/3 where no finite decimal is it."""
    found = digits(abs(numerator), denominator)
    if found is None:
        return f"{numerator}/{denominator}"
    written, exponent = found
    return ("-" if numerator < 0 else "") + written + (f"e{exponent}" if exponent else "")
