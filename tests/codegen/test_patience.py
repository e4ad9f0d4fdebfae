"""What takes long says what it is doing, and Ctrl-C ends it: no traceback, nothing left."""

import os
import re
import signal
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner

from codegen import patience
from codegen.cli import main
from codegen.patience import Slow
from tests.codegen.emitted import ROOT
from tests.codegen.test_jobs import is_gone, wait_for

LOOPS = """
import multiprocessing, os, time
from pathlib import Path
from derive.language import op


@op(title="loops", source="test")
def loops(s):
    if {where}:
        Path({marker!r}).write_text(str(os.getpid()))
        while True:
            time.sleep(0.01)
    N = s.size("N", "n")
    x, y = s.data("x", N), s.let("y", N)
    y[:] = x * x
    s.returns(y)
"""
IN_A_WORKER = 'multiprocessing.current_process().name != "MainProcess"'


class Clock:
    """A clock that is set by hand."""

    time = 0.0

    def __call__(self) -> float:
        return self.time


def test_a_stage_is_named_after_a_minute_and_then_ever_more_sparsely():
    clock = Clock()
    slow = Slow(clock=clock)
    slow.begins("lstm", "deriving")
    said: dict[int, str] = {}
    for second in range(0, 1000, 5):
        clock.time = float(second)
        said.update((second, line) for line in slow.lines())
    assert list(said) == [60, 120, 240, 480, 960]
    assert said[60] == "lstm: deriving has taken 1 minute so far; Ctrl-C stops it"
    assert said[240] == "lstm: deriving has taken 4 minutes so far; Ctrl-C stops it"


def test_each_stage_has_its_own_time_and_one_that_ended_is_silent():
    clock = Clock()
    slow = Slow(clock=clock)
    slow.begins("a", "deriving")
    slow.begins("b", "deriving")
    clock.time = 50.0
    slow.begins("a", "lowering")
    clock.time = 70.0
    assert [line.split(" has")[0] for line in slow.lines()] == ["b: deriving"]
    slow.ends("b")
    clock.time = 200.0
    assert [line.split(" has")[0] for line in slow.lines()] == ["a: lowering"]


@pytest.mark.parametrize("command", ("derive", "check", "sizes"))
def test_a_spec_whose_own_python_takes_long_is_named(command, tmp_path, monkeypatch):
    """The spec goes on as soon as the line about it was said: nothing here waits for a time."""
    said = threading.Event()
    lines: list[str] = []

    def echo(line: str, err: bool = False) -> None:
        if line.startswith("gradsmith: loops: "):  # loading the file may be named, too
            lines.append(line)
            said.set()

    monkeypatch.setattr(patience, "FIRST", 0.01)
    monkeypatch.setattr(patience.Slow.__init__, "__defaults__", (0.01, *Slow.__init__.__defaults__[1:]))
    monkeypatch.setattr(patience, "click", type("click", (), {"echo": staticmethod(echo)}))
    monkeypatch.setattr(sys.modules[__name__], "SAID", said, raising=False)
    path = tmp_path / "waits.py"
    path.write_text(
        LOOPS.format(
            where=f"not __import__({__name__!r}, fromlist=['SAID']).SAID.wait(60)", marker="/dev/null"
        )
    )
    arguments = {"check": ["--out", str(tmp_path)], "sizes": ["N=2", "B=3"]}.get(command, [])
    result = CliRunner().invoke(main, [command, str(path), *arguments])
    assert result.exit_code == (1 if command == "check" else 0), result.output
    assert re.fullmatch(r"gradsmith: loops: .* has taken .* so far; Ctrl-C stops it", lines[0])


@pytest.mark.parametrize(("command", "where"), (("derive", "True"), ("generate", IN_A_WORKER)))
def test_ctrl_c_ends_a_command_with_one_line_and_without_workers(command, where, tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "loops.py"
    path.write_text(LOOPS.format(where=where, marker=str(marker)))
    arguments = ["--out", str(tmp_path / "out")] if command == "generate" else []
    started = subprocess.Popen(
        [sys.executable, "-m", "codegen", command, str(path), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's `&` has it ignored
    )
    try:
        assert wait_for(lambda: marker.exists() and bool(marker.read_text()))
        started.send_signal(signal.SIGINT)
        printed, said = started.communicate(timeout=60)
    finally:
        started.kill()
    assert (started.returncode, printed, said) == (130, "", "gradsmith: stopped\n")
    assert wait_for(lambda: is_gone(int(marker.read_text())))
    assert os.path.exists(path)
