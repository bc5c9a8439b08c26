"""The model server killed, stopped, unloaded, or behind a network that fails: each photo still gets its one reply."""

import contextlib
import re
import signal
import time

import pytest

from playground.testing.client import PlaygroundClient
from slackbot.limits import Limits
from tests.processes import Bot, until
from tests.proxy import Proxy

pytestmark = pytest.mark.system
LIMITS = Limits()


def seconds_of(replies) -> list[float]:
    """The seconds that each reply names."""
    return [float(re.findall(r" in (\d+\.\d) s", reply.text)[0]) for reply in replies]


def all_replies(workspace, messages, seconds: float) -> dict[str, list]:
    """The replies under each message, once the reaction under each says that its job has ended."""
    wanted = {message.ts for message in messages}

    def ended() -> list:
        everything = workspace.messages("#photos")
        done = [m for m in everything if m.ts in wanted and m.reactions and "eyes" not in m.reactions]
        return everything if len(done) == len(wanted) else []

    everything = until(ended, seconds, "the end of all jobs")
    return {ts: [m for m in everything if m.data.get("thread_ts") == ts and m.ts != ts] for ts in wanted}


def enhanced_again(workspace, ask) -> float:
    """Ask until a photo comes back enhanced; the seconds that took."""
    begin = time.monotonic()
    while True:
        (reply,) = workspace.wait_for_replies(ask(), 1, 60)
        if "enhanced by model" in reply.text:
            return time.monotonic() - begin


@pytest.fixture
def real_bot(workspace, triton, tmp_path):
    bot = Bot(tmp_path, {**workspace.environment, "TRITON_URL": triton.address})
    with bot.connected(workspace):
        yield bot


@pytest.mark.usefixtures("real_bot")
def test_jobs_while_tritonserver_is_killed(workspace, triton, ask, figures, full):
    count = 100 if full else 30
    messages = [ask(f"{number}.png") for number in range(count)]
    workspace.wait_for(lambda w: len(w.calls("files.completeUploadExternal")) >= count // 4, 120, "a quarter")
    triton.crash()

    replies = all_replies(workspace, messages, 200)

    assert [len(found) for found in replies.values()] == [1] * count
    texts = [reply.text for (reply,) in replies.values()]
    enhanced = [text for text in texts if "enhanced by model" in text]
    bicubic = [reply for (reply,) in replies.values() if "enlarged with bicubic interpolation" in reply.text]
    assert len(enhanced) + len(bicubic) == count
    assert enhanced
    assert bicubic
    waits = sorted(seconds_of(bicubic), reverse=True)
    caught, later = waits[: LIMITS.jobs.enhancing_at_once], waits[LIMITS.jobs.enhancing_at_once :]

    triton.start()
    back = enhanced_again(workspace, ask)
    if full:  # the promise, on a machine that does nothing else
        assert max(caught) <= LIMITS.server.tile_seconds
        assert max(later, default=0.0) <= 1, waits
        assert back < 5
    figures.write(
        "test_jobs_while_tritonserver_is_killed",
        f"{count} jobs, {count} replies ({len(enhanced)} enhanced, {len(bicubic)} bicubic); longest wait of a photo "
        f"caught by the kill {max(caught):.1f} s, of a later one {max(later, default=0.0):.1f} s; enhanced again "
        f"{back:.1f} s after the return",
    )


@pytest.mark.usefixtures("real_bot")
def test_tritonserver_stopped_and_then_unloaded(workspace, triton, ask, figures, full):
    workspace.wait_for_reaction(ask(), "white_check_mark")
    server = triton.server()
    server.send_signal(signal.SIGSTOP)
    try:
        begin = time.monotonic()
        first = ask("first.png")
        workspace.wait_for_reaction(first, "warning", 60)
        waited = time.monotonic() - begin
        begin = time.monotonic()
        second = ask("second.png")
        workspace.wait_for_reaction(second, "warning", 20)
        later = seconds_of(workspace.replies(second))[0]
    finally:
        server.send_signal(signal.SIGCONT)
    assert "did not answer in time" in workspace.replies(first)[0].text

    back = enhanced_again(workspace, ask)
    if full:
        assert seconds_of(workspace.replies(first))[0] <= LIMITS.server.tile_seconds + 1
        assert later <= 1
        assert back < 5

    triton.control("unload")
    asked = ask("unloaded.png")
    workspace.wait_for_reaction(asked, "warning")
    assert "because the model server" in workspace.replies(asked)[0].text
    triton.control("load")
    enhanced_again(workspace, ask)
    figures.write(
        "test_tritonserver_stopped_and_then_unloaded",
        f"the photo caught by the stop waited {waited:.1f} s, the next {later:.1f} s; "
        f"enhanced again {back:.1f} s after the return",
    )


def test_failing_networks_give_bicubic_replies(model, ask, figures, tmp_path, full):
    """Four bots in four networks, side by side, since each waits for a deadline of its own."""
    waited = {}
    with contextlib.ExitStack() as stack:
        places = {}
        for behaviour in ("reset", "garbage", "drip", "silence"):
            proxy = stack.enter_context(Proxy(model.address).running())
            home = stack.enter_context(PlaygroundClient.start())
            (tmp_path / behaviour).mkdir()
            bot = Bot(tmp_path / behaviour, {**home.environment, "TRITON_URL": proxy.address})
            stack.enter_context(bot.connected(home))
            home.wait_for_reaction(ask(workspace=home), "white_check_mark")
            places[behaviour] = home, proxy
        messages = {}
        for behaviour, (home, proxy) in places.items():
            proxy.behaviour = behaviour
            messages[behaviour] = ask(workspace=home)
        for behaviour, (home, proxy) in places.items():
            home.wait_for_reaction(messages[behaviour], "warning", 60)
            (reply,) = home.replies(messages[behaviour])
            assert "enlarged with bicubic interpolation" in reply.text
            assert "because the model server" in reply.text
            waited[behaviour] = seconds_of([reply])[0]
            assert waited[behaviour] <= LIMITS.server.tile_seconds + 1 or not full
            proxy.behaviour = "well"
        back = {behaviour: enhanced_again(home, lambda: ask(workspace=home)) for behaviour, (home, _) in places.items()}  # noqa: B023 - called at once
        assert max(back.values()) < 10 or not full, back
    figures.write(
        "test_failing_networks_give_bicubic_replies",
        ", ".join(
            f"{behaviour}: bicubic after {waited[behaviour]:.1f} s, enhanced again in {back[behaviour]:.1f} s"
            for behaviour in waited
        ),
    )
