"""Another user of the host finds no photo, no name of one and no token; and none stays for long."""

import contextlib
import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from slackbot.errors import NotReady, SettingsError
from slackbot.job import is_job_id, job_id
from slackbot.jobs.database import short_name
from slackbot.jobs.work_folder import KEPT, check_writable, make_private, remove_leftovers
from slackbot.load_settings import is_open_to_others
from tests.processes import Bot, until

NOBODY = 65534
AS_ANOTHER_USER = pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it as another user")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user of the host can look into."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def seen_by_another(folder: Path) -> list[Path]:
    """What another user can read of all that lies in there."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert found
    return [path for path in found if not run_as(NOBODY, "head", "-c1", str(path))]


def run_as(user: int, *command: str) -> int:
    # By a program, because subprocess's `user` forks, which a process with gRPC's threads does not always survive.
    program = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
    return subprocess.run(program, capture_output=True, check=False).returncode


@AS_ANOTHER_USER
@pytest.mark.system
def test_another_user_of_the_host_sees_nothing(workspace, model, place, png):
    old = place / "bot.sqlite-photos"  # of a version that did not care
    old.mkdir(mode=0o755)
    (place / "bot.sqlite").touch(mode=0o644)
    model.behaviour = "slow"
    with Bot(place, {**workspace.environment, "TRITON_URL": model.address}).connected(workspace):
        workspace.post("#photos", f"<@{workspace.bot_user}>", files=[("secret.png", png)])
        photos = until(lambda: list(old.rglob("*.photo")), 60, "a photo between two steps")
        (place / "bot.log").unlink()  # the test's own
        assert seen_by_another(place) == []
        assert run_as(NOBODY, "ls", str(old))
        assert run_as(0, "head", "-c1", str(photos[0])) == 0
        model.release.set()
        (place / "bot.log").touch()


@pytest.mark.system
def test_what_an_earlier_process_left_is_gone_at_the_next_start(start_bot, tmp_path):
    left = tmp_path / "bot.sqlite-photos" / "T0_C0_1.1" / "0.photo"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"a photo of somebody")
    start_bot()
    until(lambda: not left.parent.exists(), 20, "the photo to be gone")


@pytest.mark.system
def test_what_else_lies_in_the_work_folder_is_left_alone(start_bot, workspace, png, tmp_path):
    shared, url = tmp_path / "shared", f"sqlite:///{tmp_path / 'bot.sqlite'}"
    own, others = (f"enhancer-{short_name(one)}-photos" for one in (url, "sqlite:///other.sqlite"))
    job, holiday, elsewhere = (
        shared / folder / "0.photo" for folder in (f"{own}/T0_C0_1.1", "holiday", f"{others}/T0_C0_1.1")
    )
    for file in (job, holiday, elsewhere):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"a photo of somebody")
    shared.chmod(0o755)

    start_bot(WORK_FOLDER=str(shared))
    until(lambda: not job.parent.exists(), 20, "the photo to be gone")
    message = workspace.post("#photos", f"<@{workspace.bot_user}>", files=[("cat.png", png)])
    workspace.wait_for_reaction(message, "white_check_mark", 60)

    assert sorted(path for path in shared.rglob("*") if path.is_file()) == sorted([holiday, elsewhere])
    modes = [path.stat().st_mode & 0o777 for path in (shared, shared / own)]
    assert modes == [0o755, 0o700]


@AS_ANOTHER_USER
@pytest.mark.system
def test_the_bot_does_not_start_with_a_folder_that_another_user_made(workspace, place):
    place.chmod(0o1777)  # as /tmp
    bot = Bot(place, {**workspace.environment, "WORK_FOLDER": str(place)})
    folder = place / f"enhancer-{short_name(f'sqlite:///{bot.database}')}-photos"
    assert run_as(NOBODY, "mkdir", "-m", "777", str(folder)) == 0

    bot.begin()

    assert bot.wait() == 1
    assert f"slackbot: The folder for photos, {folder}, is not safe: it is another user's." in bot.log
    assert list(folder.iterdir()) == []


@pytest.mark.system
def test_no_photo_is_put_behind_a_link_that_came_later(start_bot, workspace, png, tmp_path):
    start_bot()
    folder, elsewhere = tmp_path / "bot.sqlite-photos", tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.rmdir()  # as what cleans /tmp may do
    folder.symlink_to(elsewhere)
    message = workspace.post("#photos", f"<@{workspace.bot_user}>", files=[("cat.png", png)])
    workspace.wait_for_reaction(message, "x", 60)

    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("mode", [None, 0o755, 0o777])
def test_the_folder_for_photos_is_its_users_alone(tmp_path, mode):
    folder = tmp_path / "place" / "photos"
    if mode:
        folder.mkdir(parents=True)
        folder.chmod(mode)
    make_private(folder, None)
    check_writable(folder)

    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_link_is_no_folder_for_photos(tmp_path):
    folder, elsewhere = tmp_path / "photos", tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.symlink_to(elsewhere)
    with pytest.raises(SettingsError, match="it is a link"):
        make_private(folder, None)
    with pytest.raises(NotReady, match="it is a link"):
        check_writable(folder)


def test_a_job_that_is_not_worked_on_keeps_no_photo_for_long(tmp_path):
    waiting, at_work, ended = (f"T1_C1_1.{number}" for number in (1, 2, 3))
    for folder in (waiting, at_work, ended, "no_job"):
        (tmp_path / folder).mkdir()
        for name in ("0.photo", "0.png", "1.photo"):
            (tmp_path / folder / name).touch()
        for name in ("0.photo", "0.png"):
            os.utime(tmp_path / folder / name, (0, KEPT))

    remove_leftovers(tmp_path, lambda: {waiting, at_work}, lambda job: job == at_work)

    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    untouched = {f"{folder}/{name}" for folder in (at_work, "no_job") for name in ("0.photo", "0.png", "1.photo")}
    assert left == untouched | {f"{waiting}/1.photo"}


@pytest.mark.parametrize("variant", ["", "2x-F0123", "shortcut-1700000000.000100", "above-1.2", "stop"])
def test_a_jobs_folder_is_known_by_its_name(variant):
    assert is_job_id(job_id("T0123", "C0123", "1700000000.000100", variant))


@pytest.mark.parametrize("name", ["holiday", "my_old_photos", "T1_C1", "2026_11_30", "enhancer-1234-photos"])
def test_other_folders_are_no_jobs(name):
    assert not is_job_id(name)


@pytest.mark.parametrize(
    ("mode", "text", "warned"),
    [
        (0o600, "SLACK_BOT_TOKEN=xoxb-1", False),
        (0o640, "SLACK_BOT_TOKEN=xoxb-1", True),
        (0o604, "SLACK_SIGNING_SECRET=secret", True),
        (0o644, "SLACK_BOT_TOKEN=\nTRITON_URL=triton:8001", False),
    ],
)
def test_a_file_of_tokens_that_others_can_read_is_told(tmp_path, mode, text, warned):
    file = tmp_path / ".env"
    file.write_text(text)
    file.chmod(mode)
    assert is_open_to_others(file) is warned


@pytest.mark.system
def test_the_bot_warns_of_such_a_file(workspace, tmp_path):
    file = tmp_path / "settings"
    tokens = {name: value for name, value in workspace.environment.items() if name.endswith("_TOKEN")}
    others = {name: value for name, value in workspace.environment.items() if name not in tokens}
    file.write_text("".join(f"{name}={value}\n" for name, value in tokens.items()))
    file.chmod(0o644)
    with Bot(tmp_path, others, "-m", "slackbot", "--env-file", str(file)).connected(workspace) as bot:
        assert f"chmod 600 {file}" in bot.log
        assert not any(token in bot.log for token in tokens.values())


@pytest.mark.system
def test_the_address_for_answers_is_not_written_down_with_the_job(workspace, model, tmp_path, png):
    bot = Bot(tmp_path, {**workspace.environment, "TRITON_URL": model.address})
    with bot.connected(workspace):
        message = workspace.post("#photos", "look", files=[("cat.png", png)])
        assert workspace.shortcut(message, "enhance_photos")
        workspace.wait_for_replies(message, 1, 60)
        (kept,) = asked(bot, "select url from enhancer_answers")
        tables = asked(bot, "select name from sqlite_master where type = 'table' and name != 'enhancer_answers'")
        records = [record for table in tables for record in asked(bot, f"select * from {table}")]
        assert any('"variant":"shortcut-' in record for record in records), "the job itself"
        assert not [record for record in records if kept in record]

    with contextlib.closing(sqlite3.connect(bot.database)) as database, database:
        database.execute("update enhancer_answers set expires = 0")
    with bot.connected(workspace):
        until(lambda: not asked(bot, "select url from enhancer_answers"), 20, "no address")


def asked(bot: Bot, query: str) -> list[str]:
    with contextlib.closing(sqlite3.connect(f"file:{bot.database}?mode=ro", uri=True)) as database:
        return [" ".join(map(str, row)) for row in database.execute(query)]
