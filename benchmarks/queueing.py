"""The bot and its model server as a queue: a few photos at work at a time share the machine, the others wait.

A photo is work for the machine (a fixed part, and a part for each megapixel) and a wait that costs no computing
(transfers, looks into the queue). While n photos are at work, each goes forward at 1/n of the speed: processor sharing.
Everybody's first photo comes before anybody's second, as in `slackbot.jobs.queue_table`.
"""

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Machine:
    """Seconds of one machine for a photo.

    `servers` are alike. Each begins `jobs` and enhances `at_once` of them, first come, first served, as the bot does
    with LIMIT_JOBS_AT_ONCE and LIMIT_ENHANCING_AT_ONCE: nobody comes before a job that has begun.
    """

    fixed: float
    megapixel: float
    waiting: float
    at_once: int = 2
    jobs: int = 8
    servers: int = 1

    def work(self, megapixels: float) -> float:
        """Seconds for one photo that has a machine to itself, without the wait."""
        return self.fixed + self.megapixel * megapixels

    def capacity(self, megapixels: Sequence[float]) -> float:
        """Photos a second, of such a mix, that come out where there are always some to do."""
        return self.servers / float(np.mean([self.work(one) for one in megapixels]))


def simulate(
    machine: Machine, at: Sequence[float], megapixels: Sequence[float], people: Sequence[Hashable] | None = None
) -> np.ndarray:
    """Seconds from each share, at the moments `at` in order, to its reply; without `people` each is somebody else's."""
    of = people or range(len(at))
    unfinished: Counter[Hashable] = Counter()  # of each person
    waiting: defaultdict[Hashable, list[int]] = defaultdict(list)  # the turns of each person's photos that wait
    queue: list[tuple[int, int]] = []  # turn and photo, the smallest first
    begun: deque[int] = deque()
    # All that are enhanced go forward at one speed. So `done` is work, and each ends where it has come to its sum.
    enhanced: list[tuple[float, int]] = []
    ends = np.zeros(len(at))
    now, done, coming = 0.0, 0.0, 0
    while coming < len(at) or enhanced:
        speed = min(1.0, machine.servers / len(enhanced)) if enhanced else 0.0
        next_end = now + (enhanced[0][0] - done) / speed if enhanced else np.inf
        arrives = at[coming] if coming < len(at) else np.inf
        following = min(next_end, arrives)
        done += speed * (following - now)
        now = following
        if arrives <= next_end:
            person = of[coming]
            turn = max(unfinished[person], *waiting[person][-1:], 0)
            heapq.heappush(queue, (turn, coming))
            waiting[person].append(turn)
            unfinished[person] += 1
            coming += 1
        while enhanced and enhanced[0][0] <= done + 1e-9:
            _, photo = heapq.heappop(enhanced)
            ends[photo] = now
            unfinished[of[photo]] -= 1
        while queue and len(begun) + len(enhanced) < machine.jobs * machine.servers:
            turn, photo = heapq.heappop(queue)
            waiting[of[photo]].remove(turn)
            begun.append(photo)
        while begun and len(enhanced) < machine.at_once * machine.servers:
            photo = begun.popleft()
            heapq.heappush(enhanced, (done + machine.work(megapixels[photo]), photo))
    return ends - np.asarray(at) + machine.waiting


def fit(megapixels: Sequence[float], seconds: Sequence[float], of: Sequence[float], capacity: float) -> Machine:
    """The machine that puts out `capacity` photos a second of the mix `of`, and on which photos alone took so long.

    The slope of the times alone is the work of a megapixel, as far as the capacity allows. What the capacity leaves is
    work of each photo, and what the times alone have beyond that is a wait.
    """
    slope, rest = np.polyfit(megapixels, seconds, 1)
    a_photo = 1 / capacity
    megapixel = float(np.clip(slope, 0.0, a_photo / np.mean(of)))
    fixed = max(0.0, a_photo - megapixel * float(np.mean(of)))
    return Machine(fixed, megapixel, max(0.0, float(rest) - fixed))
