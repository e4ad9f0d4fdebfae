"""Jobs in processes: which begins first, and in which order results come back."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from codegen.catalogue import find
from codegen.jobs import Job, cost, run_all


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
