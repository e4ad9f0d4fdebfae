"""Jobs in processes: which begins first, and in which order results come back."""

import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from codegen.catalogue import find
from codegen.jobs import Job, cost, run_all


def sleep(job: Job, progress: Callable[[str], None]) -> None:
    """A job that never ends by itself; its process is in a file of its name."""
    Path(job.where).write_text(str(os.getpid()), "utf-8")
    time.sleep(600)


def stopped(folder: Path) -> None:
    """What a command does with a request to end."""
    try:
        run_all(sleep, [Job("a", str(folder / "a")), Job("b", str(folder / "b"))], ())
    except KeyboardInterrupt:
        (folder / "told").touch()


def wait_for(what: Callable[[], bool]) -> bool:
    """Whether it happens within a minute."""
    end = time.monotonic() + 60
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    return what()


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_request_to_end_ends_the_processes_too(tmp_path, monkeypatch):
    main = multiprocessing.get_context("spawn").Process(target=stopped, args=(tmp_path,))
    main.start()
    files = [tmp_path / "a", tmp_path / "b"]
    assert wait_for(lambda: any(f.exists() and f.read_text() for f in files))
    workers = [int(f.read_text()) for f in files if f.exists() and f.read_text()]
    assert not any(map(is_gone, workers))
    os.kill(main.pid, signal.SIGTERM)
    main.join(60)
    assert main.exitcode == 0 and (tmp_path / "told").exists()
    assert all(wait_for(lambda n=n: is_gone(n)) for n in workers)


@dataclass(frozen=True)
class Note:
    """A job that writes down its name."""

    page: str

    def __call__(self, job: Job, progress: Callable[[str], None]) -> str:
        with Path(self.page).open("a") as page:
            page.write(f"{job.op} ")
        return job.op.upper()


def test_the_longest_job_begins_first_and_results_keep_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    page = tmp_path / "page"
    jobs = [Job("short", "", 1), Job("long", "", 9), Job("middle", "", 5)]
    outcomes = run_all(Note(str(page)), jobs, ())
    assert page.read_text().split() == ["long", "middle", "short"]
    assert [o.result for o in outcomes] == ["SHORT", "LONG", "MIDDLE"]


def test_longer_equations_cost_more():
    costs = [cost(op) for op in find(("activation", "dense", "gru", "lenet5"))]
    assert costs == sorted(costs) and len(set(costs)) == 4


def test_the_processes_end_when_the_one_that_started_them_is_killed(tmp_path):
    main = multiprocessing.get_context("spawn").Process(target=stopped, args=(tmp_path,))
    main.start()
    files = [tmp_path / "a", tmp_path / "b"]
    assert wait_for(lambda: any(f.exists() and f.read_text() for f in files))
    children = children_of(main.pid)
    os.kill(main.pid, signal.SIGKILL)
    main.join(60)
    assert len(children) >= 2 and all(wait_for(lambda n=n: is_gone(n)) for n in children)


def children_of(process: int) -> list[int]:
    """The processes that one has started: workers, and the one that keeps their queue."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = (tuple(map(int, line.split())) for line in listed.stdout.splitlines())
    return [pid for pid, parent in pairs if parent == process]
