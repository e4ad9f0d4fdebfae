"""Templates to text: what a template is given must be exactly what it uses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, meta


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("codegen"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def render(template: str, holes: Mapping[str, object]) -> str:
    """The template with its holes filled. Raises ValueError unless the names are equal on both sides."""
    environment = _environment()
    assert environment.loader is not None
    source = environment.loader.get_source(environment, template)[0]
    wanted = meta.find_undeclared_variables(environment.parse(source))
    if wanted != set(holes):
        raise ValueError(
            f"{template} uses {sorted(wanted - set(holes))} but is given {sorted(set(holes) - wanted)}"
        )
    return environment.get_template(template).render(**holes)
