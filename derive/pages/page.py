"""A derivation as a page that can be read: `render(derivation, "latex", "matrix")`.

The page has the legend, the equations as their author wrote them, the preparations, the forward system,
the adjoint one tensor at a time, and the gradients of the inputs. Every equation of the forward system
and of the adjoint has a number that generated code can cite (`equation_numbers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from derive.derivation import Derivation
from derive.pages.adjoint_page import adjoint_sections
from derive.pages.forms import FORMS
from derive.pages.forward_page import forward_sections, legend
from derive.pages.sheet import Section, Sheet, equation_numbers, sentence

NOTATIONS = ("index", "matrix")
TEMPLATES = Path(__file__).parent / "templates"

__all__ = ["NOTATIONS", "equation_numbers", "render"]


@dataclass(frozen=True, slots=True)
class Page:
    """What a template is given: ready strings only."""

    title: str
    source: str
    legend: tuple[str, ...]
    sections: tuple[Section, ...]


def render(derivation: Derivation, form: str = "text", notation: str = "index") -> str:
    """The whole derivation as "text", "latex", "md" or "html", its equations in "index" or "matrix" notation.

    The adjoint is a system of index equations in either notation. Raises ValueError for another form
    or notation.
    """
    if form not in FORMS or notation not in NOTATIONS:
        raise ValueError(
            f"no page of form {form!r} in notation {notation!r}: the forms are {', '.join(FORMS)}, "
            f"the notations {', '.join(NOTATIONS)}"
        )
    sheet = Sheet(derivation, FORMS[form])
    page = Page(
        sheet.form.prose(sentence(derivation.op.title)),
        sheet.form.prose(derivation.op.source),
        legend(sheet),
        (*forward_sections(sheet, notation == "matrix"), *adjoint_sections(sheet)),
    )
    return _environment().get_template(sheet.form.template).render(page=page)


def _environment() -> Environment:
    """Templates whose holes must all be filled; LaTeX's braces are left alone."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
    )
