"""Find the coroutine that waits for a query: the asynchronous ORM works in a thread that has no frame of it.

asgiref runs ``aget()`` and its like with ``SyncToAsync.__call__``, which waits for a worker thread. In the
worker, the ``thread_handler`` frame holds the event loop and a list, ``task_context``; of all tasks of that
loop, the caller is the one whose chain of awaited coroutines ends in a ``SyncToAsync.__call__`` with the same
list. It is exact, also for ``gather`` and under WSGI, and costs about 0.1 ms: development only.

A task that has not been suspended yet (the thread was faster) is unknown: no frames.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Hashable, Iterator
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any

from django.core.handlers.base import BaseHandler

from .stack import Step, local

__all__ = ["caller", "enable", "is_worker", "read_caller"]

TASKS_MAX = 2000
CHAIN_MAX = 100

_HANDLERS = (BaseHandler._get_response_async.__code__, BaseHandler.get_response_async.__code__)
_enabled = False


def enable(on: bool) -> None:
    """Say whether coroutines are looked for; without, asynchronous queries have no place in the application."""
    global _enabled
    _enabled = on


def is_worker(step: Step) -> bool:
    """Tell whether this is the frame in which asgiref runs a function in a worker thread."""
    return step.name == "thread_handler" and step.file.endswith("sync.py") and "asgiref" in step.file


def caller(worker: FrameType) -> list[FrameType]:
    """Return the suspended frames that wait for a worker, innermost first, up to Django's request handler."""
    if not _enabled:
        return []
    loop, mark = local(worker, "loop"), local(worker, "task_context")
    if loop is None or type(mark) is not list:
        return []
    tasks = asyncio.all_tasks(loop)
    if len(tasks) > TASKS_MAX:
        return []
    for task in tasks:
        chain = list(_chain(task.get_coro()))
        if any(frame.f_code.co_name == "__call__" and local(frame, "task_context") is mark for frame in chain[-3:]):
            frames = []
            for frame in reversed(chain):
                if frame.f_code is _HANDLERS[0] or frame.f_code is _HANDLERS[1]:
                    break
                frames.append(frame)
            return frames
    return []


def _chain(waiting: Any) -> Iterator[FrameType]:
    """Iterate over the frames of a coroutine and of what it awaits, outermost first."""
    for _ in range(CHAIN_MAX):
        if isinstance(waiting, CoroutineType):
            frame, waiting = waiting.cr_frame, waiting.cr_await
        elif isinstance(waiting, AsyncGeneratorType):
            frame, waiting = waiting.ag_frame, waiting.ag_await
        elif isinstance(waiting, GeneratorType):
            frame, waiting = waiting.gi_frame, waiting.gi_yieldfrom
        else:
            # async_generator_asend and coroutine_wrapper show what they stand for to the garbage collector only.
            inner = _behind(waiting)
            if inner is None:
                return
            waiting = inner
            continue
        if frame is not None:
            yield frame


def _behind(waiting: Any) -> Any:
    if type(waiting).__name__ not in ("async_generator_asend", "async_generator_athrow", "coroutine_wrapper"):
        return None
    for one in gc.get_referents(waiting):
        if isinstance(one, CoroutineType | AsyncGeneratorType):
            return one
    return None


def read_caller(frame: FrameType, keep: list[Any]) -> Hashable:
    """Return what tells one caller from another: the code and the instruction of each of its frames."""
    key: list[int] = []
    for one in caller(frame):
        keep.append(one.f_code)
        key += (id(one.f_code), one.f_lasti)
    return tuple(key)
