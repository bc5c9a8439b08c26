"""Every limit of the bot, with its default, in one place: one part for each of its subsystems."""

from dataclasses import dataclass, field

MEGAPIXEL = 1_000_000


@dataclass(frozen=True)
class PhotoLimits:
    """How large a photo may be, and what the process that opens it may use. Bytes, pixels and seconds."""

    photo_bytes: int = 50 * 1024 * 1024
    output_pixels: int = 64 * MEGAPIXEL
    result_bytes: int = 10**9  # Slack takes no larger file
    photos_per_message: int = 10
    frames: int = 100  # of an animation
    animation_pixels: int = 24 * MEGAPIXEL  # of all frames of the result together
    icon_pixels: int = 256 * 256  # up to here, areas of one colour come back in just that colour
    comparison_pixels: int = 8 * MEGAPIXEL
    decode_memory_bytes: int = 512 * 1024 * 1024  # beside what the process has loaded
    decode_cpu_seconds: int = 10
    decode_seconds: float = 30.0


@dataclass(frozen=True)
class SlackLimits:
    """How long the bot waits for Slack, and what it takes from it. Seconds and bytes."""

    redirects: int = 3
    slack_timeout: float = 15.0
    socket_ping: float = 2.0  # the SDK notices a cut connection after five of these
    request_bytes: int = 1024 * 1024  # of one event that comes over HTTP
    requests_at_once: int = 64
    download_seconds: float = 120.0
    slack_attempts: int = 8  # waits 1, 2, 4 ... 64 s between them: two minutes in all
    slack_pause: float = 1.0
    status_after: float = 3.0  # a job that takes longer shows how far it is
    status_every: float = 3.0
    slack_patience: float = 300.0  # the longest Retry-After that a job waits for


@dataclass(frozen=True)
class ServerLimits:
    """How a photo is cut for the model server, and how long it may take. Pixels and seconds."""

    # Pixels a side, at most. From rows of 256 on, a pixel costs a core half as much time again, more than the larger
    # share of smaller tiles that lies in overlaps (benchmarks/tiles.md).
    tile: int = 248
    # Pixels shared by neighbouring tiles. A generator of 16 blocks can see 35 pixels far, but from 24 shared pixels on
    # no seam of the served one was above 1 of 255; with 16 one was 5 (benchmarks/tiles.md).
    overlap: int = 24
    tiles_at_once: int = 2  # that the server computes: the instances of the model, one for each of two cores
    tiles_in_flight: int = 2  # of one photo: more were no faster
    tile_seconds: float = 20.0
    photo_seconds: float = 600.0
    probe_seconds: float = 0.9  # what a photo waits, at most, while the server is known to be ill
    breaker_seconds: float = 1.0  # how long the server is left alone after a failure


@dataclass(frozen=True)
class JobLimits:
    """How many jobs run and wait, and how long each is remembered. Seconds unless a name says otherwise."""

    jobs_at_once: int = 8  # most of their time they wait for Slack
    jobs_waiting: int = 1000  # in the queue; who comes then is told when to come again
    commands_at_once: int = 4  # help, cancel, buttons: they do not wait behind photos
    enhancing_at_once: int = 2  # a photo of 4 megapixels needs 300 MB
    poll_seconds: float = 0.1
    remembered_days: float = 30.0  # how long an ended job's buttons work
    cleanup_every: float = 86_400.0
    shutdown_seconds: int = 5  # what running jobs are given
    exit_seconds: float = 8.0  # until the process ends at the latest: containers are killed after ten


@dataclass(frozen=True)
class Limits:
    """All of them. Code is given the one part that it uses."""

    photo: PhotoLimits = field(default_factory=PhotoLimits)
    slack: SlackLimits = field(default_factory=SlackLimits)
    server: ServerLimits = field(default_factory=ServerLimits)
    jobs: JobLimits = field(default_factory=JobLimits)
