"""Photos at rest: where they lie between the steps of a job no other user sees them, and none stays for long.

Nor do the addresses at which clicks are answered.
"""

import contextlib
import errno
import logging
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from dbos import DBOS
from sqlalchemy.exc import SQLAlchemyError

from slackbot.errors import NotReady, SettingsError
from slackbot.job import is_job_id
from slackbot.jobs.retention import UNFINISHED
from slackbot.jobs.store import Store
from slackbot.jobs.tracker import JobTracker

log = logging.getLogger(__name__)

KEPT = 3600.0
"""Seconds for which the photos of a job are kept that is not worked on here; its next step would fetch them anew."""
_LOOK_EVERY = 300.0  # seconds


class NotPrivateError(PermissionError):
    """Another user could read what is in the folder, or put something else there."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EPERM, reason)


def make_folder(folder: Path) -> None:
    """Make the folder for photos, for this user alone. Raises OSError, NotPrivateError where it is not."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    there = folder.lstat()
    if not stat.S_ISDIR(there.st_mode):
        raise NotPrivateError("it is a link")
    if there.st_uid != os.geteuid():
        raise NotPrivateError("it is another user's")
    folder.chmod(0o700)  # an earlier version's perhaps
    if folder.lstat().st_mode & 0o077:  # some file systems know no other modes
        raise NotPrivateError("it is open to other users")


def make_private(folder: Path, database: Path | None) -> None:
    """Make the folder, and take the database from other users. (What else comes is made so: `cli`.)

    Raises SettingsError where the folder is not this user's alone. `check_writable` tells where it cannot be made.
    """
    try:
        make_folder(folder)
    except NotPrivateError as error:
        raise SettingsError(
            f"The folder for photos, {folder}, is not safe: {error.strerror}. Delete it, or name another place in "
            "WORK_FOLDER."
        ) from None
    except OSError as error:
        log.warning("the folder for photos cannot be made (%s)", error.strerror)
    for suffix in ("", "-wal", "-shm") if database else ():
        with contextlib.suppress(OSError):  # it is not there, or another user's, who has to do it himself
            Path(f"{database}{suffix}").chmod(0o600)


def check_writable(folder: Path) -> None:
    """Raises NotReady where no photo could be put there, and says why."""
    try:
        make_folder(folder)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"a photo")
    except OSError as error:
        raise NotReady(f"WORK_FOLDER cannot be written ({error.strerror})") from None


def clean_regularly(
    folder: Path, tracker: JobTracker, store: Store, stop: threading.Event, sweep: Callable[[], None] | None = None
) -> None:
    """In a thread: now and then, until `stop`, delete what jobs left behind that ended or were cut off, and `sweep`."""

    def run() -> None:
        while True:
            try:
                remove_leftovers(folder, _unfinished, tracker.has)
                tracker.table.keep(_unfinished())
                store.drop_expired_addresses()
                if sweep:
                    sweep()
            except SQLAlchemyError as error:
                log.warning("what jobs left behind stays for now (%s)", type(error).__name__)
            if stop.wait(_LOOK_EVERY):
                return

    threading.Thread(target=run, name="leftovers", daemon=True).start()


def remove_leftovers(folder: Path, unfinished: Callable[[], set[str]], is_at_work: Callable[[str], bool]) -> None:
    """Delete the folders of jobs that have ended, and old photos of those that are not at work here.

    A job that is taken up again fetches its photos anew. What is no job's stays.
    """
    # First: a job is written down before it has a folder.
    there = [place for place in folder.iterdir() if is_job_id(place.name)] if folder.is_dir() else []
    kept = unfinished() if there else set()
    for place in there:
        if place.name not in kept:
            shutil.rmtree(place, ignore_errors=True)
        elif not is_at_work(place.name):
            _remove_old_photos(place)


def _unfinished() -> set[str]:
    left = DBOS.list_workflows(status=UNFINISHED, load_input=False, load_output=False)
    return {workflow.workflow_id for workflow in left}


def _remove_old_photos(place: Path) -> None:
    oldest = time.time() - KEPT
    with contextlib.suppress(OSError):  # somebody else deletes it
        for file in place.iterdir():
            if file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)
