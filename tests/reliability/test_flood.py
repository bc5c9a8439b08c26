"""Many events at once, and many jobs one after the other."""

import contextlib
import statistics
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.processes import until

pytestmark = pytest.mark.system
GIGABYTE = 2**30


def resident(bot) -> int:
    """Bytes of memory of the bot and what it started."""
    process = psutil.Process(bot.pid)
    total = 0
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
            total += one.memory_info().rss
    return total


@contextlib.contextmanager
def watched(bot) -> Iterator[list[int]]:
    """What was resident, once a second, to the end of a `with`."""
    sizes = [resident(bot)]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(1):
            sizes.append(resident(bot))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield sizes
    finally:
        done.set()
        watcher.join()


@pytest.mark.timeout(600)
def test_a_flood_of_events(bot, workspace, ask, figures, full):
    """A photo with a mention is three events: `app_mention`, `message` and `file_shared`."""
    seconds = 10 if full else 3
    count = 17 * seconds
    begin = time.monotonic()
    messages = []
    with watched(bot) as sizes:
        for number in range(count):
            time.sleep(max(0.0, begin + number * seconds / count - time.monotonic()))
            messages.append(ask(f"{number}.png"))
        sent_in, flooded = time.monotonic() - begin, time.time() + 1
        workspace.wait_for_reaction(messages[-1], "white_check_mark", 250)
        until(lambda: bot.metric("enhancer_queue_depth") == 0, 60, "the end of all jobs")

    def acknowledged() -> set[str]:
        return {one["event_id"] for one in workspace.deliveries() if one["acknowledged_at"]}

    sent = {one["event_id"] for one in workspace.deliveries() if one["sent_at"] < flooded}
    assert len(sent) >= 3 * count
    until(lambda: sent <= acknowledged(), 80, "acknowledgements, at once or when Slack sends it again")
    deliveries = [one for one in workspace.deliveries() if one["sent_at"] < flooded]
    waits = [(one["acknowledged_at"] or time.time()) - one["sent_at"] for one in deliveries]
    p99 = statistics.quantiles(waits, n=100)[98]
    assert bot.metric('enhancer_jobs_total{outcome="enhanced"}') == count

    everything = workspace.messages("#photos")
    for message in messages:
        assert sum(one.data.get("thread_ts") == message.ts and one.ts != message.ts for one in everything) == 1
    assert p99 < 1 or not full, "the promise; it holds on a machine that does nothing else"
    assert max(sizes) < GIGABYTE
    figures.write(
        "test_a_flood_of_events",
        f"{len(deliveries)} events in {sent_in:.0f} s: acknowledged after {statistics.median(waits) * 1000:.0f} ms "
        f"(median), {p99 * 1000:.0f} ms (p99); {count} jobs, {count} replies; {max(sizes) / 2**20:.0f} MB at most",
    )


@pytest.mark.timeout(1200)
def test_a_soak_of_small_jobs(bot, ask, figures, full):
    """Memory after the first fifth, when all caches are warm, against memory at the end."""
    count = 1000 if full else 60
    at_once = 10
    sizes = []
    begin = time.monotonic()
    for start in range(0, count, at_once):
        for number in range(start, start + at_once):
            ask(f"{number}.png")
        until(
            lambda ended=start + at_once: bot.metric('enhancer_jobs_total{outcome="enhanced"}') == ended,
            60, "a batch of jobs",
        )  # fmt: skip
        sizes.append(psutil.Process(bot.pid).memory_info().rss)
    warm = sizes[len(sizes) // 5]
    growth = (statistics.median(sizes[-3:]) - warm) / warm
    assert growth < 0.05, [round(size / 2**20) for size in sizes]
    figures.write(
        "test_a_soak_of_small_jobs",
        f"{count} jobs in {time.monotonic() - begin:.0f} s: {warm / 2**20:.0f} MB after a fifth of them, "
        f"{sizes[-1] / 2**20:.0f} MB at the end ({growth:+.1%})",
    )
