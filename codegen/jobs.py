"""Several ops at once: a process an op, with the stages of all of them in sight."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.managers import SyncManager
from queue import Empty
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from codegen.patience import Slow
from derive.errors import DerivationError, SpecError
from derive.language import OpSpec

BLAS_THREADS = "OPENBLAS_NUM_THREADS"


@dataclass(frozen=True, slots=True)
class Job:
    """What is done for one op; `where` is how a process finds it again: a name or a file."""

    op: str
    where: str
    cost: int = 0  # about how long it takes, beside the others


def cost(op: OpSpec) -> int:
    """About how long an op takes to verify: it grows with the length of its equations."""
    try:
        return sum(len(repr(equation.value)) for equation in op.spec().equations)
    except SpecError:
        return 0  # the process that works on it will say so


@dataclass(frozen=True, slots=True)
class Outcome:
    """A job's result, or the one line that says why there is none."""

    job: Job
    result: Any
    fault: str = ""
    status: str = ""  # of what has a fault: "failed", or "refused" where a rung shows a wrong result


Work = Callable[[Job, Callable[[str], None]], Any]


def run_all(work: Work, jobs: Sequence[Job], faults: tuple[type[Exception], ...]) -> list[Outcome]:
    """Run the jobs in as many processes as there are cores; results in the jobs' order.

    The longest begin first: one that began last would keep a single core busy at the end.
    Errors of the types in `faults` become outcomes; any other one is a bug and is raised.
    """
    context = multiprocessing.get_context("spawn")
    console = Console(stderr=True)
    workers = max(1, min(len(jobs), os.cpu_count() or 1))
    with _ends_with_us(), _one_thread_each(), _manager(context) as manager, _bars(console) as bars:
        stages = manager.Queue()
        tasks = {job.op: bars.add_task(job.op, total=None, stage="", visible=False) for job in jobs}
        whole = bars.add_task("all", total=len(jobs), stage=f"0 of {len(jobs)}")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin) as pool:
            longest_first = sorted(jobs, key=lambda job: -job.cost)
            with _born_deaf():
                futures = {pool.submit(_one, work, job, stages, faults): job for job in longest_first}
            _watch(futures, stages, bars, tasks, whole, console)
        done = {job.op: future.result() for future, job in futures.items()}
    return [done[job.op] for job in jobs]


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """As many processes as cores: more threads than one for BLAS in each would only wait for each other."""
    before = os.environ.get(BLAS_THREADS)
    os.environ.setdefault(BLAS_THREADS, "1")
    try:
        yield
    finally:
        if before is None:
            del os.environ[BLAS_THREADS]


@contextmanager
def _ends_with_us() -> Iterator[None]:
    """A request to end ends the processes too, as Ctrl-C does: they would go on, and nobody would know."""

    def end(number: int, frame: object) -> None:
        for child in multiprocessing.active_children():
            child.terminate()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _born_deaf() -> Iterator[None]:
    """Processes that begin in here do not hear Ctrl-C, to which they would answer with a traceback."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _manager(context: multiprocessing.context.SpawnContext) -> Iterator[Any]:
    manager = SyncManager(ctx=context)
    with _born_deaf():
        manager.start(end_with_parent)
    with manager:
        yield manager


def _begin() -> None:
    """Ctrl-C ends a worker at once: what there is to say, the process that started it says."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    end_with_parent()


def end_with_parent() -> None:
    """End this process as soon as the one that started it has ended, however that came: nobody else would."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "only a process that was started has a parent"

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _one(work: Work, job: Job, stages: Any, faults: tuple[type[Exception], ...]) -> Outcome:
    try:
        return Outcome(job, work(job, lambda stage: stages.put((job.op, stage))))
    except faults as fault:
        return Outcome(job, None, str(fault), getattr(fault, "status", "failed"))


def _bars(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description:24}"),
        BarColumn(20),
        TimeElapsedColumn(),
        TextColumn("{task.fields[stage]}"),
    )
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _watch(
    futures: dict[Future[Outcome], Job],
    stages: Any,
    bars: Progress,
    tasks: dict[str, Any],
    whole: Any,
    console: Console,
) -> None:
    """Show stages of what runs, and what failed; without a terminal, a line for each job that ends."""
    waiting, slow = set(futures), Slow()
    while waiting:
        ended, waiting = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
        _show_stages(stages, bars, tasks, slow)
        for line in slow.lines() if not console.is_terminal else ():
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        for future in ended:
            job, fault = futures[future], future.result().fault
            slow.ends(job.op)
            bars.update(tasks[job.op], visible=False)
            bars.update(whole, advance=1, stage=f"{len(futures) - len(waiting)} of {len(futures)}")
            if fault or not console.is_terminal:
                count = f"[{len(futures) - len(waiting)}/{len(futures)}]"
                console.print(
                    f"{count} {job.op}: {f'failed: {fault}' if fault else 'done'}",
                    markup=False,
                    highlight=False,
                    soft_wrap=True,
                )


def _show_stages(stages: Any, bars: Progress, tasks: dict[str, Any], slow: Slow) -> None:
    while True:
        try:
            op, stage = stages.get_nowait()
        except Empty:
            return
        bars.update(tasks[op], stage=stage, visible=True)
        slow.begins(op, stage)


USER_FAULTS = (SpecError, DerivationError)
