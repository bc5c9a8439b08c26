"""Several bots share one PostgreSQL: one joins, is killed or told to end, the server restarts; one reply a photo."""

import math
import time

import psycopg
import pytest

from tests.nearest_model import NearestModel
from tests.postgres import Postgres
from tests.processes import Bot, until

pytestmark = pytest.mark.system
PHOTOS, AT_ONCE = 12, 4


@pytest.fixture
def several(workspace, model, postgres, tmp_path):
    """Bots, of which none runs yet."""

    def bot(number: int) -> Bot:
        folder = tmp_path / str(number)
        folder.mkdir()
        settings = {
            "TRITON_URL": model.address,
            "DATABASE_URL": postgres,
            "WORK_FOLDER": str(folder / "photos"),
            "LIMIT_JOBS_AT_ONCE": str(AT_ONCE),
            "LIMIT_ENHANCING_AT_ONCE": str(AT_ONCE),
            "LIMIT_SHUTDOWN_SECONDS": "1",
            "LIMIT_TILE_SECONDS": "120",  # tests hold tiles while bots start, which takes long on a busy machine
        }
        return Bot(folder, {**workspace.environment, **settings})

    bots = [bot(number) for number in range(3)]
    yield bots
    for one in bots:
        one.kill()


@pytest.fixture
def people(workspace) -> list[str]:
    """Somebody for each photo: what one person asks for is not all that the bots work on."""
    return [workspace.add_person(f"Person {number}") for number in range(PHOTOS)]


def start(workspace, *bots: Bot) -> None:
    before = len(workspace.connections())
    for bot in bots:
        bot.begin()
    for bot in bots:
        bot.wait_until_ready()
    workspace.wait_for_connection(before + len(bots))


def ask_and_wait(ask, people: list[str], model: NearestModel, postgres: str, bots: int) -> list:
    """Twelve photos. Each bot works on as many as it takes, and the model answers none."""
    model.release.clear()
    model.behaviour = "slow"
    asked = model.asked
    messages = [ask(f"{number}.png", user=person) for number, person in enumerate(people)]
    until(lambda: at_work(postgres) == bots * AT_ONCE, 30, "photos at work")
    until(lambda: in_queue(postgres) - len(waiting(postgres)) == bots * AT_ONCE, 30, "photos that are seen to begin")
    until(lambda: model.asked > asked, 30, "a photo at the model")
    return messages


def at_work(postgres: str) -> int:
    with psycopg.connect(postgres) as connection:
        found = connection.execute("select count(*) from dbos.workflow_status where status = 'PENDING'").fetchone()
    return found[0] if found else 0


def answered_once(workspace, model: NearestModel, messages, bot: Bot) -> float:
    """See that each has one reply, and nothing is left that could post another; the seconds until then."""
    begin = time.monotonic()
    model.behaviour = "well"
    model.release.set()
    for message in messages:
        workspace.wait_for_reaction(message, "white_check_mark", 60)
    until(lambda: not bot.metric("enhancer_queue_depth"), 20, "an empty queue")
    assert [len(workspace.replies(message)) for message in messages] == [1] * PHOTOS
    return time.monotonic() - begin


def polled_every(postgres: str) -> float:
    """Seconds between two looks of a bot into the queue of photos."""
    with psycopg.connect(postgres) as connection:
        found = connection.execute("select polling_interval_sec from dbos.queues where name = 'photos'").fetchone()
    return float(found[0]) if found else 0.0


def test_bots_that_join_are_killed_or_end(several, workspace, model, ask, people, postgres, figures):
    first, second, third = several
    start(workspace, first, second)
    messages = ask_and_wait(ask, people, model, postgres, 2)
    start(workspace, third)
    until(lambda: polled_every(postgres) == pytest.approx(0.3), 30, "three bots that look as often as one")
    joined = answered_once(workspace, model, messages, first)

    messages = ask_and_wait(ask, people, model, postgres, 3)
    third.kill()
    killed = answered_once(workspace, model, messages, first)
    taken_up = sum(bot.metric("enhancer_jobs_taken_up_total") for bot in (first, second))
    assert taken_up == AT_ONCE, "what the dead one had begun"

    start(workspace, third)
    messages = ask_and_wait(ask, people, model, postgres, 3)
    assert third.stop() == 0
    ended = answered_once(workspace, model, messages, first)
    assert sum(bot.metric("enhancer_jobs_taken_up_total") for bot in (first, second)) == taken_up, "handed back"
    for bot in several:
        assert "Traceback" not in bot.log
    figures.write(
        "test_bots_that_join_are_killed_or_end",
        f"each time {PHOTOS} of {PHOTOS} photos with one reply each: the last {joined:.1f} s after a bot had joined, "
        f"{killed:.1f} s after one was killed, {ended:.1f} s after one had ended",
    )


def test_all_bots_know_the_same_queue(several, workspace, model, ask, people, postgres):
    """Order, `status` and `cancel` are the same whichever bot is asked, and nothing stays behind."""
    first, second, third = several
    start(workspace, first, second)
    messages = ask_and_wait(ask, people, model, postgres, 2)
    until(lambda: in_queue(postgres) == PHOTOS, 20, "everybody's first job in the queue")
    again = ask("again.png", user=people[0])
    until(lambda: in_queue(postgres) == PHOTOS + 1, 20, "a second job of one person")
    light = ask("light.png", user="grace")
    until(lambda: in_queue(postgres) == PHOTOS + 2, 20, "all jobs in the queue")
    *_, last_first, second_job = waiting(postgres)
    assert last_first.endswith(light.ts)
    assert second_job.endswith(again.ts), "everybody's first comes before anybody's second"

    def said(words: str, whom: list[str]) -> set[str]:
        asked = [workspace.post("#photos", f"<@{workspace.bot_user}> {words}", user=person) for person in whom]
        return {workspace.wait_for_replies(one)[0].text for one in asked}

    here = f"I am working on {2 * AT_ONCE} messages, {PHOTOS + 2 - 2 * AT_ONCE} wait, the last for about 1 minute."
    assert said("status", people[:6]) == {f"The model server is up. {here}"}
    workspace.wait_for(lambda w: any(one.endswith(light.ts) for one in offered(w)), 30, "a button for who waits")
    start(workspace, third)
    assert said("cancel", people[:1]) == {"Stopped 2 jobs."}
    model.behaviour = "well"
    model.release.set()
    for message in (light, *messages[1:]):
        workspace.wait_for_reaction(message, "white_check_mark", 60)
    until(lambda: not in_queue(postgres) and not at_work(postgres), 30, "the end of all jobs")
    answered = [len(workspace.replies(one)) for one in (again, messages[0], light, *messages[1:])]
    assert answered == [0, 0] + [1] * PHOTOS
    assert len(set(offered(workspace))) == len(offered(workspace)), "one bot tells of each job"
    until(lambda: not workspace.state()["statuses"], 10, "nobody being told any more that something is under way")
    assert said("status", people[:6]) == {"The model server is up. Nothing is queued."}


def in_queue(postgres: str) -> int:
    with psycopg.connect(postgres) as connection:
        return len(connection.execute("select 1 from enhancer_queue").fetchall())


def offered(workspace) -> list[str]:
    """The jobs that people have a button for, to cancel them."""
    blocks = [block for one in workspace.ephemerals() for block in one.get("blocks") or ()]
    return [button["value"] for block in blocks for button in block.get("elements", ()) if "value" in button]


def waiting(postgres: str) -> list[str]:
    """The jobs that nobody works on, in their order."""
    query = "select job from enhancer_queue where executor is null order by priority, since"
    with psycopg.connect(postgres) as connection:
        return [row[0] for row in connection.execute(query).fetchall()]


@pytest.mark.parametrize(
    ("method", "words"), [("files.completeUploadExternal", "please"), ("chat.postMessage", "help")]
)
def test_another_bot_does_not_repeat_a_reply(several, workspace, png, method, words):
    """The first is killed where Slack has posted its reply, and nothing but the database can tell of it."""
    first, second, _ = several
    start(workspace, first)
    workspace.inject_fault(method, "lost_answer")
    files = [] if words == "help" else [("cat.png", png)]
    message = workspace.post("#photos", f"<@{workspace.bot_user}> {words}", files=files)
    workspace.wait_for(lambda w: w.calls(method), 20, "the reply")
    first.kill()

    start(workspace, second)
    until(lambda: second.metric("enhancer_jobs_taken_up_total"), 20, "the job in other hands")
    until(lambda: not second.metric("enhancer_queue_depth"), 30, "the end of the job")
    assert len(workspace.replies(message)) == 1
    assert len(workspace.calls(method)) == 1


def test_a_postgresql_that_restarts_under_three_bots(
    several, workspace, model, ask, people, postgres, figures, postgres_server: Postgres
):
    start(workspace, *several)
    messages = ask_and_wait(ask, people, model, postgres, 3)
    postgres_server.stop()
    try:
        model.release.set()
        until(lambda: several[0].page("/healthz")[0] == 503, 20, "a 503")
        assert several[0].page("/livez")[0] == 200
        assert math.isnan(several[0].metric("enhancer_queue_depth")), "/metrics answers, and does not know"
    finally:
        postgres_server.start()
    seconds = answered_once(workspace, model, messages, several[0])
    for bot in several:
        assert bot.page("/healthz")[0] == 200
        assert not bot.metric("enhancer_jobs_taken_up_total"), "each kept its own"
        assert not bot.metric('enhancer_jobs_total{outcome="failed"}')
    figures.write(
        "test_a_postgresql_that_restarts_under_three_bots",
        f"{PHOTOS} of {PHOTOS} photos with one reply each, {seconds:.1f} s after it was back",
    )


def test_a_second_bot_on_one_sqlite_file_is_refused(workspace, model, tmp_path):
    settings = {**workspace.environment, "TRITON_URL": model.address}
    first, second = Bot(tmp_path, settings), Bot(tmp_path, settings)
    with first.connected(workspace):
        second.begin()
        assert second.wait() == 1
        assert "Another bot is at work on the SQLite file of DATABASE_URL. Several bots need PostgreSQL." in second.log
    with second.connected(workspace):
        assert second.page("/readyz")[0] == 200
