"""`docs/reliability.md`, made from the promises, the tests that keep them, and what those tests measured.

FIGURES=1 RELIABILITY=full python -m pytest tests/reliability   # measure, at the size of the promises
python -m tests.reliability.report                              # write the document
"""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.figures import FILE

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "reliability.md"


@dataclass(frozen=True)
class Promise:
    """What is promised, and the tests (FILE::NAME, under tests/) that keep it."""

    text: str
    tests: tuple[str, ...]


PROMISES = (
    Promise(
        "tritonserver killed with SIGKILL amid 100 jobs: 100 replies, one each; the wait added is at most the deadline "
        "(20 s), at most 1 s once the breaker is open; enhanced again within 5 s of its return",
        ("reliability/test_model_server.py::test_jobs_while_tritonserver_is_killed",),
    ),
    Promise(
        "tritonserver stopped (SIGSTOP), or its model unloaded: a bicubic reply that says so",
        ("reliability/test_model_server.py::test_tritonserver_stopped_and_then_unloaded",),
    ),
    Promise(
        "one of two tritonservers stopped (SIGSTOP) amid 40 photos: the other makes its tiles, none is bicubic",
        ("reliability/test_frozen_server.py::test_a_frozen_server_costs_no_photo_its_model",),
    ),
    Promise(
        "a connection reset in the answer, garbage bytes, a slow drip: a bicubic reply that says so",
        ("reliability/test_model_server.py::test_failing_networks_give_bicubic_replies",),
    ),
    Promise(
        "an answer of the wrong shape or type, of garbage, an error, no model: a bicubic reply that says so",
        ("slackbot/test_trouble.py::test_a_wrong_server_gives_a_bicubic_reply_that_says_so",),
    ),
    Promise(
        "tritonserver killed with SIGKILL under `make serve`, `make demo` or `serving.run_with_server`: it is said "
        "what killed it, and it is back on its ports by itself (five times in a row, then one sentence); enhanced "
        "again within 10 s",
        (
            "system/test_commands.py::test_the_demo_answers_recovers_from_a_crash_and_ctrl_c_leaves_no_process",
            "system/test_commands.py::test_a_server_that_is_killed_comes_back_where_it_was",
            "serving/test_triton.py::test_a_server_that_crashes_comes_back_on_its_ports_until_it_is_given_up",
        ),
    ),
    Promise(
        "25 hostile answers of a model server (endless, compressed, of texts, of other sizes and types, with versions "
        "that ping): a bicubic photo each, and no more memory than the answer that was asked for",
        (
            "security/test_hostile_model.py::test_a_hostile_answer_is_a_bicubic_photo",
            "security/test_hostile_model.py::test_an_answer_is_not_received_beyond_what_was_asked_for",
        ),
    ),
    Promise(
        "60 small photos under Slack's published limits (50 reactions a minute): no photo waits for a reaction",
        (
            "reliability/test_slack_trouble.py::test_many_small_photos_under_slacks_own_limits",
            "reliability/test_slack_trouble.py::test_no_photo_waits_for_reactions_that_slack_does_not_take",
        ),
    ),
    Promise(
        "an event many times at once, again after a restart, and two events for one message: one reply",
        ("reliability/test_events.py::test_one_message_and_many_events_at_once_and_after_a_restart",),
    ),
    Promise(
        "the bot killed with SIGKILL at every step of a job: no job lost, one reply each",
        (
            "reliability/test_events.py::test_killed_with_a_job_at_every_step",
            "slackbot/jobs/test_durability.py::test_acknowledged_and_killed_at_once_is_answered_after_the_restart",
            "slackbot/jobs/test_durability.py::test_killed_after_slack_posted_and_before_that_was_recorded",
            "slackbot/jobs/test_durability.py::test_killed_between_upload_and_share",
        ),
    ),
    Promise(
        "two PNGs with transparency and two JPEGs of 16 megapixels and an animation at once, under the 1 GiB of the "
        "bot's container (kept by a thread that kills by PSS, not by a control group): no kill, all replies. A photo "
        "at which the bot is killed twice is done smaller, after a third time refused",
        (
            "reliability/test_memory.py::test_large_photos_at_once_stay_within_the_limit",
            "reliability/test_memory.py::test_one_that_kills_the_bot_is_smaller_the_third_time",
            "reliability/test_memory.py::test_one_that_kills_the_bot_at_any_size_is_refused",
            "reliability/test_memory.py::test_a_bot_that_is_told_to_end_counts_no_kill",
        ),
    ),
    Promise(
        "429 with Retry-After at every call: the reply comes, and no call sooner than Slack allows",
        (
            "reliability/test_slack_trouble.py::test_every_call_limited_once_waits_as_long_as_slack_asks",
            "reliability/test_slack_trouble.py::test_one_call_limited_again_and_again_is_never_tried_too_soon",
            "reliability/test_slack_trouble.py::test_replies_under_slacks_own_limits",
        ),
    ),
    Promise(
        "500, lost answers, cut downloads, a failing or hanging upload, the socket closed in mid-job: the reply comes",
        (
            "reliability/test_slack_trouble.py::test_an_upload_that_hangs_and_a_connection_that_breaks",
            "slackbot/test_trouble.py::test_slack_stumbling_everywhere_does_not_lose_the_reply",
        ),
    ),
    Promise(
        "500 events in 10 s: acknowledged within 1 s (p99), every job answered once, less than 1 GB of memory",
        ("reliability/test_flood.py::test_a_flood_of_events",),
    ),
    Promise(
        "1,000 small jobs: memory grows by less than 5 % once the bot is warm, after a fifth of them",
        ("reliability/test_flood.py::test_a_soak_of_small_jobs",),
    ),
    Promise(
        "somebody who asks for very much: others still get places in the queue, theirs begin at once, and their words "
        "are heard",
        (
            "reliability/test_slack_trouble.py::test_who_asks_for_help_again_before_it_comes_gets_it_once",
            "slackbot/jobs/test_app_home.py::test_app_homes_that_slack_makes_wait_keep_no_word_waiting",
            "slackbot/jobs/test_app_home.py::test_looks_at_the_app_home_that_wait_are_one",
            "slackbot/jobs/test_waiting.py::test_one_person_who_asks_for_everything_keeps_nobody_waiting",
            "slackbot/jobs/test_queue_table.py::test_who_fills_the_queue_leaves_places_for_others",
            "slackbot/jobs/test_queue_table.py::test_of_many_workspaces_none_takes_all_places",
        ),
    ),
    Promise(
        "SIGTERM: the bot ends within 10 s, and what it had not finished is finished at the next start",
        ("reliability/test_shutdown.py::test_sigterm_in_the_middle_of_many_jobs",),
    ),
    Promise(
        "several bots on one PostgreSQL: one joins, is killed with SIGKILL or told to end, the server restarts; no job "
        "lost, one reply each; the living take up a dead bot's jobs within 15 s; all know the same queue. A second "
        "bot on one SQLite file is refused",
        (
            "reliability/test_several_bots.py::test_bots_that_join_are_killed_or_end",
            "reliability/test_several_bots.py::test_a_postgresql_that_restarts_under_three_bots",
            "reliability/test_several_bots.py::test_another_bot_does_not_repeat_a_reply",
            "reliability/test_several_bots.py::test_all_bots_know_the_same_queue",
            "reliability/test_several_bots.py::test_a_second_bot_on_one_sqlite_file_is_refused",
        ),
    ),
    Promise(
        "three bots with nothing to do: fewer than nine transactions a second and at most five connections for each",
        ("reliability/test_rest.py::test_idle_bots_leave_the_database_in_peace",),
    ),
    Promise(
        "jobs that another version of the bot wrote down, and that this one cannot finish: left to the bots of that "
        "version, and once those are gone everybody is told to ask again; none waits in silence",
        (
            "reliability/test_upgrades.py::test_people_of_jobs_that_no_bot_can_finish_are_told",
            "reliability/test_upgrades.py::test_jobs_of_a_version_whose_bot_lives_are_left_to_it",
        ),
    ),
    Promise(
        "the disk full, or the database read-only or locked: no acknowledgement, unhealthy with the reason, and all "
        "goes on by itself",
        (
            "reliability/test_database.py::test_a_disk_that_takes_no_more",
            "reliability/test_database.py::test_a_database_that_becomes_read_only",
            "slackbot/jobs/test_durability.py::test_no_acknowledgement_before_the_job_is_in_the_database",
        ),
    ),
    Promise(
        "files that broke other programs, from the sources of Pillow, pillow-heif and nine image libraries of Debian "
        "(`tests/security/corpora.sh`, then `CORPUS=FOLDER`): each is a picture or one clear sentence within 512 MB "
        "and 1 s of processor time, a picture of many pixels within 0.2 s more for each megapixel and the memory that "
        "is foreseen for it",
        ("security/test_corpus.py::test_every_file_is_a_picture_or_a_sentence",),
    ),
    Promise(
        "`/livez`, `/healthz`, `/readyz` and `/metrics` on a loopback port; they answer while the database does not",
        (
            "reliability/test_health.py::test_healthy_and_ready",
            "reliability/test_health.py::test_it_lives_while_its_database_does_not_answer",
            "reliability/test_health.py::test_it_listens_on_loopback_only",
            "reliability/test_health.py::test_jobs_steps_fallbacks_breaker_and_queue_are_counted",
        ),
    ),
)

HEAD = """# What the bot promises when things break

Each promise is kept by a test that runs the real processes and breaks them: the bot, the playground over HTTP and
WebSocket, `tritonserver` where its name stands there, else a fault-injecting gRPC server behind a TCP proxy. The
figures are written by those tests, at the size of the promise (`RELIABILITY=full`); this page is made from them by
`python -m tests.reliability.report`. They were measured on a shared two-core machine that trained a model meanwhile;
that training was paused for SIGTERM and for the killed tritonserver.

| promise | test | measured |
|---|---|---|
"""

TAIL = """
## What remains

- **A second reply** is possible where Slack posted a reply, the bot was killed or the answer lost, and Slack does not
  yet show the file in the channel when the bot looks (`files.info`) before it tries again; for a reply without files,
  where the thread does not show it yet. The upload's `file_id` is recorded before it is shared: nothing else repeats.
- **A missing reply** is possible where a Slack call fails for longer than eight tries (about two minutes) or asks for
  a wait of more than five minutes: the reply then says which part failed; if even that cannot be posted, a reaction.
- **A missing reaction** is possible: eyes are left out where Slack asks to wait, a result's after two minutes of that,
  or where the bot is killed in the second after the reply.
- While the database cannot be written, DBOS tries again after 1, 2, 4 ... at most 60 s (and up to half as much more):
  after a long outage jobs go on up to 90 s after it ends. Health is back at once.
- A bot that is frozen (SIGSTOP, a machine that swaps) and still connected to PostgreSQL counts as alive: its jobs wait
  until it goes on or is ended.
- A full disk takes the bot's log with it, where the log is a file on that disk.
- A photo that was being enhanced when the bot was told to stop is enhanced anew by the next start, or another bot.
"""


def measured(test: str, figures: dict[str, dict[str, str]]) -> str:
    """What a test measured, or that it passes where it measures nothing."""
    found = figures.get(test.rpartition("::")[2])
    return f"{found['figure']} ({found['day']})" if found else "passes"


def link(test: str) -> str:
    """A test's name, leading to its file."""
    file, _, name = test.partition("::")
    return f"[`{name}`](../tests/{file})"


def document() -> str:
    """The whole page."""
    figures = json.loads(FILE.read_text()) if FILE.exists() else {}
    rows = []
    for promise in PROMISES:
        links = "<br>".join(map(link, promise.tests))
        figured = "<br>".join(dict.fromkeys(measured(test, figures) for test in promise.tests))
        rows.append(f"| {promise.text} | {links} | {figured} |\n")
    return HEAD + "".join(rows) + TAIL


if __name__ == "__main__":
    DOCUMENT.write_text(document())
