"""Every limit of the bot, with its default, in one place: one part for each of its subsystems.

Each has an environment variable: LIMIT_ and its name in capitals (docs/settings.md).
"""

from dataclasses import dataclass, field
from typing import Any

MEGAPIXEL = 1_000_000


def limit(default: float, meaning: str, least: float = 1, most: float | None = None) -> Any:
    """A limit with its meaning for docs/settings.md, and the range that `slackbot.settings` holds it to."""
    return field(default=default, metadata={"meaning": meaning, "least": least, "most": most})


@dataclass(frozen=True)
class PhotoLimits:
    """How large a photo may be, and what the process that opens it may use."""

    photo_bytes: int = limit(50 * 1024 * 1024, "bytes of a shared file")
    output_pixels: int = limit(64 * MEGAPIXEL, "pixels of a result, and so of a photo", 16)
    result_bytes: int = limit(10**9, "bytes of a result; Slack takes no larger file")
    photos_per_message: int = limit(10, "photos of one message that are enhanced")
    frames: int = limit(300, "frames of an animation")
    animation_pixels: int = limit(64 * MEGAPIXEL, "pixels of all frames of a result together")
    icon_pixels: int = limit(256 * 256, "pixels up to which areas of one colour come back in just that colour", 0)
    comparison_pixels: int = limit(8 * MEGAPIXEL, "pixels of a comparison")
    decode_memory_bytes: int = limit(512 * 1024 * 1024, "bytes that opening a photo may take, beside what is loaded")
    decode_cpu_seconds: int = limit(10, "seconds of computing that opening 10 MP may take; smaller ones get the same")
    decode_seconds: float = limit(30.0, "seconds after which opening 10 MP is given up; smaller ones get the same", 0.1)


@dataclass(frozen=True)
class SlackLimits:
    """How long the bot waits for Slack, and what it takes from it."""

    redirects: int = limit(3, "redirects that a download follows", 0)
    slack_timeout: float = limit(15.0, "seconds without an answer after which a call is given up", 0.1)
    socket_ping: float = limit(
        2.0, "seconds between pings; after five without an answer the connection is made anew", 0.1
    )
    request_bytes: int = limit(1024 * 1024, "bytes of one of Slack's HTTP requests")
    request_seconds: int = limit(10, "seconds without a byte after which an HTTP request is cut off")
    requests_at_once: int = limit(64, "HTTP requests that are answered at a time")
    download_seconds: float = limit(120.0, "seconds for one download", 0.1)
    slack_attempts: int = limit(8, "tries of a step while Slack is away, with pauses that double")
    slack_pause: float = limit(1.0, "seconds before the second try", 0)
    status_after: float = limit(3.0, "seconds after which a job shows how far it is", 0)
    status_every: float = limit(3.0, "seconds between two status lines of a job", 0)
    slack_patience: float = limit(300.0, "seconds of the longest Retry-After that a job waits for", 0)


@dataclass(frozen=True)
class ServerLimits:
    """How a photo is cut for the model server, and how long it may take."""

    # With AMX, from rows of 256 on, a pixel costs a core half as much time again, more than the larger share of smaller
    # tiles that lies in overlaps (benchmarks/amx/tiles.md). Without it larger ones are faster
    # (benchmarks/avx512-full-width/tiles.md).
    tile: int = limit(248, "pixels a side of a tile, at most", 32, 512)
    # A generator of 16 blocks can see 35 pixels far, but from 24 shared pixels on no seam of the served one was above 1
    # of 255; with 16 one was 5 (in either page).
    overlap: int = limit(24, "pixels that neighbouring tiles share; fewer than LIMIT_TILE", 0)
    tiles_at_once: int = limit(2, "tiles that the server computes at a time: the instances of the model")
    tiles_in_flight: int = limit(2, "tiles of one photo that are under way at a time")
    tile_seconds: float = limit(20.0, "seconds for one tile", 0.1)
    photo_seconds: float = limit(1800.0, "seconds for one photo", 0.1)
    probe_seconds: float = limit(0.9, "seconds that a photo waits to see whether a failed server is back", 0.05)
    breaker_seconds: float = limit(1.0, "seconds for which a server that failed is left alone", 0)


@dataclass(frozen=True)
class JobLimits:
    """How many jobs run and wait, and how long each is remembered."""

    jobs_at_once: int = limit(
        8,
        "jobs at work; most of their time they wait for Slack. A person gets half of them; half as many more are at "
        "work where somebody asks for more than that",
    )
    jobs_waiting: int = limit(
        1000,
        "jobs that wait; who comes then is told when to come again. So is, once half as many wait, a person who has a "
        "tenth of all places, and one of many workspaces that has half of them",
    )
    photos_an_hour: int = limit(0, "photos in an hour for each workspace; 0: any number", 0)
    megapixels_a_day: int = limit(
        0, "megapixels of its photos, as shared, in a day (UTC) for each workspace; 0: any number", 0
    )
    commands_at_once: int = limit(4, "commands and clicks at work; they do not wait behind photos")
    enhancing_at_once: int = limit(2, "photos being enhanced; one of 4 megapixels needs 300 MB")
    poll_seconds: float = limit(
        0.1, "seconds between two looks into the queue; of all bots together, where several share one", 0.01
    )
    rest_poll_seconds: float = limit(
        1.0, "the same, where several share one, half a minute after there was anything to do", 0.01
    )
    remembered_days: float = limit(30.0, "days for which an ended job's buttons work", 0)
    cleanup_every: float = limit(86_400.0, "seconds between two removals of older jobs", 0.1)
    other_version_seconds: float = limit(
        60.0, "seconds without a bot of another version until the people of its jobs are told to ask again", 0
    )
    shutdown_seconds: int = limit(5, "seconds that running jobs are given at the end", 0)
    exit_seconds: float = limit(
        8.0, "seconds until the process ends at the latest; containers are killed after ten", 0.1
    )


@dataclass(frozen=True)
class Limits:
    """All of them. Code is given the one part that it uses."""

    photo: PhotoLimits = field(default_factory=PhotoLimits)
    slack: SlackLimits = field(default_factory=SlackLimits)
    server: ServerLimits = field(default_factory=ServerLimits)
    jobs: JobLimits = field(default_factory=JobLimits)
