"""Events repeated and a process killed at every step: one reply for one message, none lost."""

import time

import pytest

from tests.processes import Bot, until

pytestmark = pytest.mark.system
STUCK = 300  # seconds: longer than the test


def events_of(workspace, message) -> list[str]:
    return [event["event_id"] for event in workspace.events() if event["event"].get("ts") == message.ts]


def test_one_message_and_many_events_at_once_and_after_a_restart(bot, workspace, ask, figures):
    message = ask()
    events = workspace.wait_for(lambda w: len(found := events_of(w, message)) >= 2 and found, 10, "both events")
    for event in events:  # `app_mention` and its `message` twin
        workspace.redeliver(event, times=10)
    workspace.wait_for_reaction(message, "white_check_mark")
    bot.kill()
    bot.start()
    workspace.wait_for_connection()
    for event in events:
        workspace.redeliver(event, times=5)
    workspace.wait_for(lambda w: all(one["acknowledged_at"] for one in w.deliveries()[-10:]), 20, "acknowledgements")
    after = ask("after.png")
    workspace.wait_for_reaction(after, "white_check_mark")

    assert len(workspace.replies(message)) == 1
    sent = sum(one["event_id"] in events for one in workspace.deliveries())
    figures.write(
        "test_one_message_and_many_events_at_once_and_after_a_restart", f"{sent} deliveries of 2 events, 1 reply"
    )


@pytest.fixture
def patient_bot(workspace, proxy, tmp_path):
    """One that gives up no call which is held, however long a busy machine takes to hold the others."""
    limits = {f"LIMIT_{name}": str(STUCK) for name in ("SLACK_TIMEOUT", "DOWNLOAD_SECONDS", "TILE_SECONDS")}
    bot = Bot(tmp_path, {**workspace.environment, "TRITON_URL": proxy.address, **limits})
    with bot.connected(workspace):
        yield bot


def test_killed_with_a_job_at_every_step(patient_bot, workspace, model, ask, figures):
    """Seven jobs, each held at another step; all of them are cut off by one SIGKILL."""

    def hold(place: str) -> None:
        before = len(workspace.calls(place))
        workspace.inject_fault(place, "slow", seconds=STUCK)
        jobs[place] = ask(f"{place}.png")
        until(lambda: len(workspace.calls(place)) > before, 20, f"a job at {place}")

    jobs = {}
    hold("files.info")  # the first step
    workspace.inject_fault("files.completeUploadExternal", "lost_answer")  # posted, and nobody told the bot
    jobs["posted"] = ask("posted.png")
    until(lambda: workspace.calls("files.completeUploadExternal"), 20, "a job that is posted")
    asked = len(workspace.calls("files.info"))
    workspace.inject_fault("files.info", "slow", seconds=STUCK)  # where it asks whether it was
    until(lambda: len(workspace.calls("files.info")) > asked, 20, "its question")
    hold("files.completeUploadExternal")
    hold("upload")
    hold("files.getUploadURLExternal")
    model.behaviour = "slow"
    before = model.asked
    jobs["enhancing"] = ask("enhancing.png")
    until(lambda: model.asked > before, 20, "a job at the model")
    hold("download")
    assert {place for place, job in jobs.items() if workspace.replies(job)} == {"posted"}
    patient_bot.kill()

    workspace.clear_faults()
    model.behaviour = "well"
    model.release.set()
    begin = time.monotonic()
    patient_bot.start()
    for place, job in jobs.items():
        workspace.wait_for_reaction(job, "white_check_mark", 60)
        assert len(workspace.replies(job)) == 1, place
    uploads = [call for call in workspace.calls("files.getUploadURLExternal") if call["status"] == 200]
    assert len(uploads) == len(jobs) + 1, "only the one cut off in its upload was uploaded again"
    figures.write(
        "test_killed_with_a_job_at_every_step",
        f"{len(jobs)} jobs at {len(jobs)} steps, {len(jobs)} replies "
        f"{time.monotonic() - begin:.1f} s after the restart",
    )
