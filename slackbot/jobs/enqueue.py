"""Writes workflows down in DBOS's queues. When this returns, they survive the process."""

import contextlib
from collections.abc import Callable
from typing import Any

from dbos import DBOS, PropagateOtelContext, SetEnqueueOptions, SetWorkflowID

from slackbot.ops import tracing


def enqueue(
    queue: str, name: str, priority: int | None, workflow: Callable[..., None], *args: Any, once: str = ""
) -> str:
    """Write a workflow down under an id; one of that id and name stays as it is. Returns the id.

    Where another one waits or is at work in that queue for the same `once`, nothing is written down, and its id is
    returned.
    """
    traced = PropagateOtelContext() if tracing.is_on() else contextlib.nullcontext()
    options = SetEnqueueOptions(
        priority=priority, deduplication_id=once or None, duplication_policy="return-existing" if once else None
    )
    with SetWorkflowID(name), options, traced:
        return DBOS.enqueue_workflow(queue, workflow, *args).get_workflow_id()
