"""Events to jobs, names to names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slackbot.imaging.names import clean_name, result_name
from slackbot.job import Options
from slackbot.slack.files import needs_look, shared_file
from slackbot.slack.requests import deleted, job_from_event, job_from_shortcut

BOT = "UBOT"


def event(**more):
    return {
        "type": "message",
        "channel": "C1",
        "user": "U1",
        "ts": "1.5",
        "text": "hello",
        "channel_type": "channel",
        **more,
    }


MENTION = {"text": f"<@{BOT}> please"}
FILES = {"files": [{"id": "F1"}, {"id": "F2"}]}
DIRECT = {"channel": "D1", "channel_type": "im"}


@pytest.mark.parametrize(
    "asking",
    [
        event(type="app_mention", **MENTION),
        event(**MENTION),
        event(subtype="file_share", **MENTION, **FILES),
        event(subtype="thread_broadcast", thread_ts="1.0", **MENTION),
        event(**DIRECT),
        event(**DIRECT, **FILES),
        event(**DIRECT, thread_ts="1.0", **FILES),
        event(**DIRECT, thread_ts="1.0", **MENTION),
        *(event(**DIRECT, thread_ts="1.0", text=words) for words in ("cancel", "help", "again", "2x", "png please")),
        *(event(**DIRECT, thread_ts="1.0", text=words) for words in ("4x", "4x please", "quadruple the size", "400%")),
        event(**DIRECT, thread_ts="1.0", text="<https://a.slack.com/files/U1/F0123ABC/cat.png>"),
        event(text=f"<@{BOT}|enhancer> 2x"),
    ],
)
def test_what_asks(asking):
    assert job_from_event(asking, "T1", BOT)


@pytest.mark.parametrize(
    "silent",
    [
        event(),
        event(**FILES),
        event(text="<@UOTHER> please"),
        event(**DIRECT, thread_ts="1.0"),
        *(
            event(**DIRECT, thread_ts="1.0", text=thanks)
            for thanks in ("Thank you!", "Thanks again!", "ok, great", "not 4x")
        ),
        event(**DIRECT, thread_ts="1.0", text="thanks, see <https://example.com：参照>"),
        event(**MENTION, bot_id="B1"),
        event(**MENTION, user=BOT),
        event(**MENTION, subtype="message_changed"),
        event(**MENTION, subtype="message_deleted"),
        event(subtype="channel_join", **MENTION),
        {"type": "file_shared", "file_id": "F1", "channel_id": "C1", "user_id": "U1"},
        {"type": "reaction_added"},
        {},
    ],
)
def test_what_asks_for_nothing(silent):
    assert job_from_event(silent, "T1", BOT) is None


@pytest.mark.parametrize("words", ["watch 2x", "Help! Can you enlarge this, 2x?", "help 2x"])
def test_with_a_photo_the_photo_is_what_it_is_about(words):
    job = job_from_event(event(text=f"<@{BOT}> {words}", **FILES), "T1", BOT)

    assert job
    assert job.options == Options(scale=2)


PHOTOS = {"files": [{"id": "F1", "mimetype": "image/png"}, {"id": "F2", "mimetype": "application/pdf"}, {"id": "F3"}]}


def test_in_a_watched_channel_photos_ask_and_their_words_do_not():
    def watched(team, channel):
        return (team, channel) == ("T1", "C1")

    job = job_from_event(event(text="help, 2x, cancel", **PHOTOS), "T1", BOT, watched)

    assert job
    assert job.options == Options()
    assert job.file_ids == ("F1", "F3"), "what is clearly no picture is left alone"
    assert job.user == "U1"
    assert job_from_event(event(**PHOTOS), "T2", BOT, watched) is None
    assert job_from_event(event(**{**PHOTOS, "channel": "C2"}), "T1", BOT, watched) is None
    assert job_from_event(event(), "T1", BOT, watched) is None
    assert job_from_event(event(bot_id="B1", **PHOTOS), "T1", BOT, watched) is None
    mentioned = job_from_event(event(**MENTION, **PHOTOS), "T1", BOT, watched)
    assert mentioned
    assert mentioned.file_ids == ("F1", "F2", "F3")


def test_each_use_of_the_shortcut_is_a_job_of_its_own_beside_the_mentions():
    payload = {
        "team": {"id": "T1"},
        "channel": {"id": "C1"},
        "user": {"id": "U2"},
        "message": {"ts": "1.5", "user": "U1", **PHOTOS},
        "message_ts": "1.5",
        "action_ts": "7.1",
        "response_url": "https://hooks/secret",
    }
    job = job_from_shortcut(payload)
    mention = job_from_event(event(**MENTION), "T1", BOT)

    assert mention
    assert (job.user, job.message_ts, job.file_ids) == ("U2", "1.5", ("F1", "F2", "F3"))
    assert len({job.id, job_from_shortcut({**payload, "action_ts": "7.2"}).id, mention.id}) == 3
    assert job_from_shortcut(payload).id == job.id
    assert job.external, "nothing tells that nobody from outside sees the channel"
    assert "secret" not in repr(job)


@pytest.mark.parametrize(
    ("gone", "ts"),
    [
        (event(subtype="message_deleted", deleted_ts="1.1"), "1.1"),
        (event(subtype="message_changed", message={"ts": "1.2", "subtype": "tombstone"}), "1.2"),
        (event(subtype="message_changed", message={"ts": "1.2"}), ""),
        (event(), ""),
    ],
)
def test_which_message_was_deleted(gone, ts):
    assert deleted(gone) == ts


def test_twins_and_redeliveries_are_one_job_and_others_are_not():
    mention = job_from_event(event(type="app_mention", **MENTION), "T1", BOT)
    twin = job_from_event(event(subtype="file_share", **MENTION, **FILES), "T1", BOT)

    assert mention
    assert twin
    assert mention.id == twin.id
    others = {
        job_from_event(event(**MENTION), "T2", BOT),
        job_from_event(event(**{**MENTION, "ts": "1.6"}), "T1", BOT),
        job_from_event(event(**{**MENTION, "channel": "C2"}), "T1", BOT),
    }
    assert mention.id not in {job.id for job in others if job}


@given(st.text(), st.text(), st.text())
def test_an_id_is_always_a_plain_name(team, channel, ts):
    job = job_from_event(event(channel=channel or "C", ts=ts, **MENTION), team, BOT)

    assert job
    assert re.fullmatch(r"[A-Za-z0-9._-]+", job.id)
    assert job.id.strip(".")


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("cat.png", "cat.png"),
        ("", "photo"),
        ("...", "photo"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\cat.png", "cat.png"),
        ("a\r\nX-Evil: 1.png", "a X-Evil: 1.png"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x" * 200 + ".jpeg", "x" * 75 + ".jpeg"),
    ],
)
def test_names_are_cleaned(name, clean):
    assert clean_name(name) == clean


@given(st.text())
def test_a_cleaned_name_is_a_plain_name(name):
    clean = clean_name(name)
    assert 0 < len(clean) <= 80
    assert not set("/\\\r\n\0") & set(clean)
    assert not clean.startswith(".")


def test_results_are_named_after_their_source():
    assert result_name("cat.holiday.jpeg", 4, ".jpg") == "cat.holiday_4x.jpg"
    assert result_name("photo", 2, ".png") == "photo_2x.png"


def test_file_objects():
    assert needs_look({"id": "F1"})
    assert needs_look({"id": "F1", "mode": "file_access", "file_access": "check_file_info"})
    whole = {
        "id": "F1",
        "name": "a.png",
        "mode": "hosted",
        "size": 3,
        "url_private": "https://x/",
        "mimetype": "image/png",
    }
    assert not needs_look(whole)
    assert shared_file(whole).address == "https://x/"
    assert shared_file({**whole, "url_private_download": "https://y/"}).address == "https://y/"
    for gone in (
        {"mode": "tombstone"},
        {"mode": "external"},
        {"mode": "hidden_by_limit"},
        {"file_access": "access_denied"},
    ):
        assert shared_file({**whole, **gone}).address == ""
