"""Under a limit of memory no photo kills the bot, and one that does all the same gets its reply and does no more.

The limit is kept by a thread that sums what the bot's processes hold (PSS) and kills the bot where that is too much, as
a kernel does for a container: a control group takes rights that tests have not everywhere.
"""

import contextlib
import io
import sqlite3
from collections.abc import Iterator

import pytest
from PIL import Image

from playground.testing.client import Message, PlaygroundClient
from slackbot.imaging.errors import GIVEN_UP, MORE_THAN_THERE_IS
from tests.memory import held
from tests.processes import Bot, until

MIB = 2**20


def photo(kind: str, size: tuple[int, int]) -> bytes:
    """Colours with some noise; transparent at the top where the kind can be."""
    noise, ramp = Image.effect_noise(size, 12), Image.linear_gradient("L").resize(size)
    image = Image.merge("RGB", (noise, ramp, Image.blend(noise, ramp, 0.5)))
    if kind == "PNG":
        image.putalpha(ramp)
    file = io.BytesIO()
    image.save(file, kind, **({"compress_level": 1} if kind == "PNG" else {}))
    return file.getvalue()


def animation() -> bytes:
    first, *rest = (Image.effect_noise((160, 120), 10 * seed).convert("P") for seed in range(1, 7))
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=rest, duration=50)
    return file.getvalue()


@pytest.fixture
def bot_of(workspace, model, tmp_path) -> Iterator:
    """A bot that is told of a limit, or of none."""
    bots = []

    def make(megabytes: int | None = None) -> Bot:
        told = {"MEMORY_LIMIT_MB": str(megabytes)} if megabytes else {}
        bots.append(Bot(tmp_path, {**workspace.environment, "TRITON_URL": model.address, **told}))
        bots[-1].start()
        workspace.wait_for_connection()
        return bots[-1]

    yield make
    for bot in bots:
        bot.kill()


def ask(workspace: PlaygroundClient, name: str, content: bytes, words: str = "") -> Message:
    return workspace.post("#photos", f"<@{workspace.bot_user}> {words}", files=[(name, content)])


class Killer:
    """Kills the bot whenever it holds more than so many bytes, and starts it again; how often."""

    def __init__(self, bot: Bot, most: int) -> None:
        self.kills, self.most = 0, 0
        self._bot, self._limit = bot, most

    def __call__(self) -> None:
        now = held(self._bot.pid)
        self.most = max(self.most, now)
        if now > self._limit:
            self.kills += 1
            self._bot.kill()
            self._bot.start()


def answered(workspace: PlaygroundClient, killer: Killer, messages: list[Message], seconds: float) -> None:
    """Keep the limit until all of them have their replies."""

    def look() -> bool:
        killer()
        return all(workspace.replies(message) for message in messages)

    until(look, seconds, "all replies")


def test_large_photos_at_once_stay_within_the_limit(workspace, bot_of, figures, full):
    """At full size: 16 megapixels, at the limit of the bot's container."""
    size, words = ((4618, 3463), "") if full else ((2000, 1500), "2x")
    rest = at_rest(bot_of)
    limit = 1024 if full else round(rest / MIB + 128 + 155)  # room for one PNG, beside what stays free
    bot = bot_of(limit)
    png, jpeg = photo("PNG", size), photo("JPEG", size)
    files = [("a.png", png), ("b.png", png), ("c.jpg", jpeg), ("d.jpg", jpeg), ("e.gif", animation())]
    killer = Killer(bot, limit * MIB)
    messages = [ask(workspace, name, content, words) for name, content in files]
    answered(workspace, killer, messages, 280)

    assert killer.kills == 0
    replies = [workspace.replies(message) for message in messages]
    assert [len(each) for each in replies] == [1] * len(files)
    assert [each[0].text for each in replies if "enhanced by" not in each[0].text] == []
    figures.write(
        "test_large_photos_at_once_stay_within_the_limit",
        f"{len(files)} photos, 0 kills; the most that the bot held was {killer.most // MIB} MB of {limit} MB",
    )


def at_rest(bot_of) -> int:
    bot = bot_of()
    rest = held(bot.pid)
    bot.kill()
    return rest


def test_one_that_kills_the_bot_is_smaller_the_third_time(workspace, bot_of):
    """The bot is told of no limit, so it foresees none."""
    bot = bot_of()
    killer = Killer(bot, held(bot.pid) + 155 * MIB)  # at 4x it takes some 200 MB
    message = ask(workspace, "cat.jpg", photo("JPEG", (1640, 1230)))
    answered(workspace, killer, [message], 200)

    assert killer.kills == 2
    (reply,) = workspace.replies(message)
    assert "At 4x it would take more memory than I have, so it is " in reply.text
    assert len(reply.files) == 1


def tries(bot: Bot) -> int:
    """How many tries are written down that did not end."""
    with contextlib.closing(sqlite3.connect(f"file:{bot.database}?mode=ro", uri=True, timeout=10)) as database:
        return sum(count for (count,) in database.execute("select tries from enhancer_attempts"))


def test_one_that_kills_the_bot_at_any_size_is_refused(workspace, model, bot_of):
    model.behaviour = "slow"
    bot = bot_of()
    message = ask(workspace, "cat.jpg", photo("JPEG", (40, 30)))
    for times in range(1, 4):
        until(lambda count=times: tries(bot) == count, 60, "another try")
        bot.kill()
        bot.start()

    workspace.wait_for_reaction(message, "x")
    (reply,) = workspace.replies(message)
    assert GIVEN_UP in reply.text
    assert bot.metric('enhancer_refused_total{reason="killed"}') == 1


def test_a_bot_that_is_told_to_end_counts_no_kill(workspace, model, bot_of):
    model.behaviour = "slow"
    bot = bot_of()
    message = ask(workspace, "cat.jpg", photo("JPEG", (40, 30)))
    until(lambda: tries(bot) == 1, 60, "a try")
    bot.stop()
    assert tries(bot) == 0

    model.behaviour = "well"
    model.release.set()
    bot.start()

    workspace.wait_for_reaction(message, "white_check_mark")
    assert "→ 160 × 120" in workspace.replies(message)[0].text


def test_one_that_takes_more_than_there_is_gets_its_sentence(workspace, bot_of):
    limit = round((at_rest(bot_of) / MIB + 100) / 0.9)
    bot = bot_of(limit)
    message = ask(workspace, "cat.jpg", photo("JPEG", (4618, 3463)))
    workspace.wait_for_reaction(message, "x")

    assert MORE_THAN_THERE_IS in workspace.replies(message)[0].text
    assert bot.metric('enhancer_refused_total{reason="memory"}') == 1
