"""Two callers of plain Python, interleaved line by line: what threads may do, and the same every time.

Each caller runs in a thread of its own, but only the one that holds the baton; it hands it on before every
line of the module's text. So a buffer that two calls share is seen in use by both, without any chance.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from types import FrameType
from typing import Any

Call = Callable[[], Any]


class _Baton:
    def __init__(self, callers: int) -> None:
        self.gates = [threading.Semaphore(0) for _ in range(callers)]
        self.running = list(range(callers))

    def hand_on(self, caller: int) -> None:
        """Let the next caller run, and wait for the baton."""
        following = self._after(caller)
        if following != caller:
            self.gates[following].release()
            self.gates[caller].acquire()

    def leave(self, caller: int) -> None:
        """Let the next caller run, for good."""
        following = self._after(caller)
        self.running.remove(caller)
        if self.running:
            self.gates[following].release()

    def _after(self, caller: int) -> int:
        place = self.running.index(caller)
        return self.running[(place + 1) % len(self.running)]


def interleaved(calls: Sequence[Call], file: str) -> list[Any]:
    """What the calls return when they take turns at every line of a file; raises what one of them raises."""
    baton = _Baton(len(calls))
    results: list[Any] = [None] * len(calls)
    raised: list[BaseException] = []

    def run(caller: int) -> None:
        baton.gates[caller].acquire()
        sys.settrace(_tracer(baton, caller, file))
        try:
            results[caller] = calls[caller]()
        except BaseException as error:  # a thread's exceptions are the caller's
            raised.append(error)
        finally:
            sys.settrace(None)
            baton.leave(caller)

    # in the context of this thread: what NumPy does about an overflow is part of it
    threads = [threading.Thread(target=copy_context().run, args=(run, k)) for k in range(len(calls))]
    for thread in threads:
        thread.start()
    baton.gates[0].release()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]
    return results


def _tracer(baton: _Baton, caller: int, file: str) -> Any:
    def line(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            baton.hand_on(caller)
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        return line if frame.f_code.co_filename == file else None

    return call
