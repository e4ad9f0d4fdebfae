"""What every command shares: options, tables, JSON for machines, and one line where something is wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console

from codegen.pdf import TypesettingError
from derive.errors import DerivationError, SpecError

Command = TypeVar("Command", bound=Callable[..., Any])
FAULTS = (SpecError, DerivationError, TypesettingError)
FOLDER = click.Path(file_okay=False, path_type=Path)


def as_json(command: Command) -> Command:
    """The option that every command has."""
    return click.option("--json", "machine", is_flag=True, help="Print JSON for machines.")(command)


def ops_and_folder(command: Command) -> Command:
    """The arguments of the commands that work on a folder of generated ops."""
    out = click.option(
        "--out", type=FOLDER, default="generated", show_default=True, help="The package's folder."
    )
    return out(click.argument("ops", nargs=-1, metavar="[OP | FILE.py]...")(command))


def console() -> Console:
    """Where tables are printed; a fixed width where there is no terminal."""
    return Console(width=None if sys.stdout.isatty() else 160)


def print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2))


def fail(message: str) -> NoReturn:
    """One line on stderr, exit code 2."""
    click.echo(f"gradsmith: {message}", err=True)
    sys.exit(2)


def guarded(work: Callable[[], Any], faults: tuple[type[Exception], ...] = FAULTS) -> Any:
    """What `work` gives; an error that a user can mend is one line and exit code 2."""
    try:
        return work()
    except faults as fault:
        fail(str(fault))
