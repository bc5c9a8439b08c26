"""Who waits in which queue, so that nobody has all that a bot works on at a time."""

import pytest

from slackbot.jobs.queue_table import priority
from slackbot.jobs.shares import COMMANDS, MORE_PHOTOS, PHOTOS, at_once, photo_queue
from slackbot.limits import JobLimits


@pytest.mark.parametrize(("jobs", "together"), [(1, 5), (2, 1), (3, 1), (4, 2), (8, 4)])
def test_a_persons_first_jobs_wait_where_all_do_and_the_others_apart(jobs, together):
    limits = JobLimits(jobs_at_once=jobs)
    queues = [photo_queue(priority(turn, place), limits) for turn in range(5) for place in (0, 700)]
    assert queues == [PHOTOS] * 2 * together + [MORE_PHOTOS] * 2 * (5 - together)


@pytest.mark.parametrize(("jobs", "more"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4)])
def test_every_queue_has_places_so_that_what_was_written_down_under_other_limits_is_done(jobs, more):
    limits = JobLimits(jobs_at_once=jobs, commands_at_once=3)
    assert at_once(limits) == {PHOTOS: jobs, MORE_PHOTOS: more, COMMANDS: 3}
