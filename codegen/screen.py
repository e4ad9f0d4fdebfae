"""What every command shares: options, tables, JSON for machines, and one line where something is wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console

from codegen.patience import patience
from codegen.pdf import TypesettingError
from derive.errors import DerivationError, SpecError
from derive.words import visible

Command = TypeVar("Command", bound=Callable[..., Any])
FAULTS = (SpecError, DerivationError, TypesettingError)
STOPPED = 130  # 128 and the number of SIGINT, as shells have it
FOLDER = click.Path(file_okay=False, path_type=Path)


def as_json(command: Command) -> Command:
    """The option that every command has."""
    return click.option("--json", "machine", is_flag=True, help="Print JSON for machines.")(command)


def ops_and_folder(command: Command) -> Command:
    """The arguments of the commands that work on a folder of generated ops."""
    out = click.option(
        "--out", type=FOLDER, help="The package's folder; of the catalogue's ops 'generated' by default."
    )
    return out(click.argument("ops", nargs=-1, metavar="[OP | FILE.py[:NAME]]...")(command))


def console() -> Console:
    """Where tables are printed, words as they are; a fixed width where there is no terminal."""
    return Console(width=None if sys.stdout.isatty() else 160, markup=False, emoji=False)


def print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2))


def fail(message: str, code: int = 2) -> NoReturn:
    """One line on stderr, exit code 2."""
    click.echo(f"gradsmith: {visible(message)}", err=True)
    sys.exit(code)


def guarded(
    work: Callable[[], Any],
    faults: tuple[type[Exception], ...] = FAULTS,
    doing: str = "this command",
    stage: str = "reading its spec",
) -> Any:
    """What `work` gives; an error that a user can mend is one line and exit code 2.

    What takes more than a minute says which stage of what it is.
    """
    with patience(doing, stage), mendable(faults):
        made = work()
    return made


@contextmanager
def mendable(faults: tuple[type[Exception], ...] = FAULTS) -> Iterator[None]:
    """An error that a user can mend is one line and exit code 2."""
    try:
        yield
    except faults as fault:
        fail(str(fault))


class Commands(click.Group):
    """Commands that Ctrl-C ends without a traceback, with the exit code that shells expect."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            fail("stopped", STOPPED)
