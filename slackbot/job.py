"""A job: what one message asks of the bot, as it is written down before Slack is acknowledged."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Counts:
    """Photos by what became of them."""

    enhanced: int = 0
    bicubic: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of one photo: either `refusal` (a sentence), or the result's figures."""

    name: str
    refusal: str = ""
    before: tuple[int, int] = (0, 0)
    after: tuple[int, int] = (0, 0)
    version: str = ""
    reason: str = ""
    seconds: float = 0.0
    scale: float = 4
    smaller: bool = False  # than was asked for, since that would have been too large
    pages: int = 1  # pictures in the file
    uncounted: bool = False  # there are more, too many to count
    frames: int = 1  # of them in the result
    uncompared: bool = False  # a comparison was asked for, and both its halves would be bicubic
    deep: bool = False  # it came with more than 8 bits a channel
    source_format: str = ""  # the file's own, where the result has another one that nobody asked for
    format: str = ""  # the result's
    wanted: int = 4  # the scale that was asked for
    too_small: str = ""  # the format that could not hold the result
    smudged: bool = False  # it has text or flat colours, and became a JPEG that nobody asked for
    hdr: bool = False  # it came in HDR, of which the result keeps what fits sRGB
    partial: bool = False  # the file is damaged, and a part of the picture or its motion is lost
    lessened: bool = False  # smaller, since there was no memory for more


@dataclass(frozen=True)
class Options:
    """What the words of a message ask for. `format` is a key of `formats.FORMATS`, or empty for the photo's own."""

    scale: int = 4
    help: bool = False
    format: str = ""
    compare: bool = False
    bicubic: bool = False
    metadata: bool = False
    command: str = ""  # "status", "cancel", "watch" or "unwatch": something other than photos
    again: bool = False  # photos of a thread that have their answer, too
    asked_scale: float = 0  # one that was asked for and that there is not; 0 where there is none


@dataclass(frozen=True)
class Job:
    """One message that asks for something. `thread_ts` is the first message of its thread, or the message itself.

    `variant` tells further jobs about the same message apart. `replaces` is a file of the earlier reply that this job's
    reply replaces. At `response_url` a click or a shortcut may be answered, for half an hour. Jobs are kept for longer
    than that: in one that is written down `answer` is what the store knows the address by, and `response_url` is empty.
    `external` says that somebody from outside the workspace may ask, or see the reply, by a channel that is shared with
    another one.
    """

    team: str
    channel: str
    message_ts: str
    thread_ts: str
    options: Options
    file_ids: tuple[str, ...] = ()
    user: str = ""
    variant: str = ""
    replaces: str = ""
    response_url: str = field(default="", repr=False)
    answer: str = ""
    external: bool = False

    @property
    def id(self) -> str:
        """The same for every event about the same message, so that all of them together are one job."""
        return job_id(self.team, self.channel, self.message_ts, self.variant)

    def is_about(self, team: str, channel: str, message_ts: str) -> bool:
        """Whether the job is about this message, whatever its variant."""
        return (self.team, self.channel, self.message_ts) == (team, channel, message_ts)

    @property
    def in_thread(self) -> bool:
        """Whether the message is a reply."""
        return self.thread_ts != self.message_ts


def job_id(team: str, channel: str, message_ts: str, variant: str = "") -> str:
    """The id of the job about a message, a plain name."""
    parts = (team, channel, message_ts, variant) if variant else (team, channel, message_ts)
    return re.sub(r"[^A-Za-z0-9.]", "_", "-".join(parts))


def is_job_id(name: str) -> bool:
    """Whether `job_id` makes such names."""
    return bool(re.fullmatch(r"[A-Z0-9]*_[A-Z0-9]+_[0-9]+\.[0-9]+(_[A-Za-z0-9._]*)?", name))
