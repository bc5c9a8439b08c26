"""Everything that the bot says, in one voice: short, plain, friendly."""

from collections.abc import Sequence
from dataclasses import dataclass

from slackbot.limits import MEGAPIXEL, Limits

TROUBLE = "something went wrong on my side. It has been noted; please try again a little later."
NOT_FETCHED = "Slack did not hand me the file. Please try again a little later."
NOT_HANDED_OVER = "Slack did not take the result. Please try again a little later."
_HARMLESS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "∗", "`": "ˋ", "~": "∼"})


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
    scale: int = 4
    smaller: bool = False  # 2x because 4x would have been too large
    pages: int = 1  # pictures in the file
    uncounted: bool = False  # there are more, too many to count
    frames: int = 1  # of them in the result
    uncompared: bool = False  # a comparison was asked for, and both its halves would be bicubic
    deep: bool = False  # it came with more than 8 bits a channel
    came_as: str = ""  # the kind it came in and `kind` that of the result, where they differ and nobody asked for it
    kind: str = ""


_INSTEAD = {
    "GIF": "a GIF has no more than 256 colours",
    "BMP": "a BMP would be many times the size",
    "HEIC": "Slack does not show HEIC",
    "WebP": "so large a WebP that can be seen through takes more memory than I have",
}


def line(outcome: Outcome) -> str:
    """One line about one photo, in Slack's mrkdwn."""
    name = f"*{escape(outcome.name)}*"
    if outcome.refusal:
        return f"{name}: {escape(outcome.refusal)}"
    how = f"enhanced by model version {outcome.version}" if outcome.version else "enlarged with bicubic interpolation"
    text = f"{name}: {sides(outcome.before)} → {sides(outcome.after)}, {how} in {outcome.seconds:.1f} s"
    if outcome.reason:
        text += f", because {outcome.reason}"
    elif not outcome.version:
        text += ", as you asked"
    text += "."
    if outcome.smaller:
        text += " At 4x it would be too large, so it is 2x."
    if outcome.frames > 1:
        text += f" All {outcome.frames} frames."
    elif outcome.pages > 1:
        count = f"more than {outcome.pages}" if outcome.uncounted else str(outcome.pages)
        text += f" It has {count} pictures; this is the first."
    if outcome.came_as in _INSTEAD:
        text += f" It is a {outcome.kind}, since {_INSTEAD[outcome.came_as]}."
    if outcome.deep:
        text += " It had more than 8 bits a channel; the model sees 8, so the result has 8."
    if outcome.uncompared:
        text += " There is nothing to compare: both sides would be bicubic."
    return text


def result(outcomes: Sequence[Outcome], left_out: int, limits: Limits) -> str:
    """The whole reply: a line for each photo."""
    lines = [line(outcome) for outcome in outcomes]
    if left_out:
        lines.append(f"I take up to {limits.photos_per_message} photos at a time; {left_out} more are left.")
    return "\n".join(lines)


def usage(bot_user: str, limits: Limits) -> str:
    """The help text."""
    return (
        f"Hi! Share a photo and mention me (<@{bot_user}>), and I answer in the thread with the photo four times as "
        f"wide and high.\n{ways(limits)}"
    )


def ways(limits: Limits) -> str:
    """All that one can say to the bot, and what it takes."""
    return (
        "*More ways*\n"
        "• mention me in the thread under a photo, or share several photos at once\n"
        "• send me photos in a direct message\n"
        "• use the message shortcut *Enhance photos*\n"
        "• `watch` makes me take every photo of a channel, `unwatch` ends that\n"
        "*Words*, in any order\n"
        "• `2x` for twice the size instead of `4x`\n"
        "• `png`, `jpeg` or `webp` for another kind of file\n"
        "• `compare` for one more picture, bicubic on the left and mine on the right\n"
        "• `bicubic` to do without the model\n"
        "• `keep metadata` for time, camera and place, which I leave out otherwise\n"
        "• `status`, `cancel`, `help`\n"
        f"*I take* JPEG, PNG, WebP, GIF, BMP, TIFF and HEIC up to {limits.photo_bytes // 2**20} MB and "
        f"{limits.output_pixels / 4 / MEGAPIXEL:g} megapixels, {limits.photos_per_message} photos at a time, and "
        f"animations of up to {limits.frames} frames."
    )


HOME_TITLE = "Photos, four times as wide and high"
HOME_PICTURE = "One photo in two halves: on the left enlarged with bicubic interpolation, on the right enhanced"


def home_welcome(bot_user: str) -> str:
    """What the App Home says first."""
    return (
        f"Share a photo and mention me (<@{bot_user}>): I answer in the thread with a larger and sharper one, made by "
        "a model that learned from many photos what details look like."
    )


def home_figures(model: bool, working: int, waiting: int, enhanced: int, bicubic: int, refused: int) -> list[str]:
    """How it is and what was done today."""
    state = ":large_green_circle: enhancing" if model else ":large_yellow_circle: bicubic for now, the model is away"
    return [
        f"*State*\n{state}",
        f"*Now*\n{working} at work, {waiting} waiting",
        f"*Today*\n{enhanced} enhanced, {bicubic} bicubic, {refused} refused",
    ]


def no_photo(bot_user: str, limits: Limits) -> str:
    """The answer to a mention that comes without a photo."""
    return "I see no photo here. " + usage(bot_user, limits)


def full(minutes: int) -> str:
    """The answer where the queue is full."""
    return f"I have my hands full. Please ask me again in {_about(minutes)}."


def status(model: bool, working: int, waiting: int, minutes: int) -> str:
    """The answer to `status`."""
    how = "The model server is well" if model else "The model server is away, so for now I enlarge with bicubic"
    if not working and not waiting:
        return f"{how}, and I have nothing to do."
    queue = f", {_many(waiting, 'waits', 'wait')}, the last for {_about(minutes)}" if waiting else ""
    return f"{how}. I am working on {_many(working, 'message', 'messages')}{queue}."


def working(name_count: int, photo: int, done: float) -> str:
    """The line under a thread while photos are worked on; Slack puts the bot's name before it."""
    which = f"photo {photo + 1} of {name_count}" if name_count > 1 else "the photo"
    return f"is enhancing {which}: {done:.0%}"


def queued(ahead: int, minutes: int) -> str:
    """The line under a thread while its job waits."""
    if not ahead:
        return "is next to look at this"
    return f"has {_many(ahead, 'message', 'messages')} to look at before this one ({_about(minutes)})"


def watching(now: bool, before: bool) -> str:
    """The answer to `watch` and `unwatch`."""
    if now:
        return "I am watching this channel" + (" already." if before else " now: every photo here gets its answer.")
    return "I no longer watch this channel. Mention me with a photo." if before else "I was not watching this channel."


NOT_HERE = "We are alone here, so I take every photo anyway. `watch` is for channels."
CANCELLED = "Stopped."
TOO_LATE = "It is done already."
NOT_YOURS = "Only the one who asked can do that."
NOTHING_TO_STOP = "There is nothing of yours to stop here."
AGAIN = "2x is on its way."
SLOW = "This takes a moment."


def forgotten(days: float) -> str:
    """For a click on a reply whose job is no longer known."""
    return f"I remember photos for {days:.0f} days, and that one is older."


def stopped(count: int) -> str:
    """The answer to `cancel`."""
    return f"Stopped {_many(count, 'job', 'jobs')}." if count else NOTHING_TO_STOP


def alt_text(outcome: Outcome) -> str:
    """What a screen reader says of the result; Slack takes up to 1000 characters."""
    return f"{outcome.name}, enlarged to {sides(outcome.after)} pixels"


def comparison_alt_text(outcome: Outcome) -> str:
    """What a screen reader says of the comparison."""
    return f"{outcome.name} in two halves: on the left enlarged with bicubic interpolation, on the right enhanced"


# Why a file cannot be enhanced. Each follows the file's name and a colon, hence the small letter.
EMPTY_FILE = "the file is empty (0 bytes)."
NOT_A_PHOTO = "this is not a picture I know. I can enhance JPEG, PNG, WebP, GIF, BMP, TIFF and HEIC."
DAMAGED = "the picture is damaged or cut short, so I cannot open it. Please try sharing it again."
UNPACKS_TOO_LARGE = "it unpacks to far more pixels than I can take."
TOO_MUCH_MEMORY = "it takes more memory to open than I can spare."
OUTSIDE_SLACK = "the file lies outside of Slack, where I do not go."
ROUND_IN_CIRCLES = "Slack sent me round in circles for the file."
_REINSTALL = "Please ask the person who installed me to add it and reinstall the app."
UNREADABLE = f"Slack did not let me read the file: the missing scope is files:read. {_REINSTALL}"


def too_many_bytes(limits: Limits) -> str:
    """For a file over the limit."""
    return f"the file is too large; I can take up to {limits.photo_bytes // 2**20} MB."


def too_long(size: tuple[int, int], kind: str, side: int) -> str:
    """For a photo whose result could not be a `kind`, since that ends at `side` pixels."""
    return f"it is {sides(size)} pixels; in {kind} I can take sides of up to {side // 2} pixels."


def too_many_pixels(size: tuple[int, int], most: int) -> str:
    """For a photo whose result would have more than `most` pixels even at 2x."""
    megapixels = size[0] * size[1] / MEGAPIXEL
    return f"it is {sides(size)}, or {megapixels:.1f} megapixels; I can take up to {most / 4 / MEGAPIXEL:g}."


_SLACK_REFUSED = {
    "missing_scope": "I lack a permission here. Please ask the person who installed me to reinstall the app.",
    "file_not_found": "the file is no longer there, or not mine to see.",
    "file_deleted": "the file is no longer there, or not mine to see.",
    "not_in_channel": "I am not in this channel. Please invite me.",
    "channel_not_found": "I am not in this channel. Please invite me.",
    "is_archived": "this channel is archived, so I cannot post here.",
    "storage_limit_reached": "the workspace has no room left for files.",
    "file_upload_size_restricted": "the result is larger than this workspace allows files to be.",
    "file_type_not_allowed": "this workspace does not allow files of this kind.",
    "ratelimited": "Slack asks me to wait for longer than I can. Please try again later.",
    "posting_to_channel_denied": "I may not post files in this channel.",
}


def slack_refused(code: str, needed: str) -> str:
    """For what Slack does not allow; `needed` is the scope that is missing, where Slack says which."""
    if code == "missing_scope" and needed:
        return f"I lack a permission: the missing scope is {needed}. {_REINSTALL}"
    return _SLACK_REFUSED.get(code, f"Slack did not allow it ({code}).")


# Why the model did not do it: each completes "because ...".
SERVER_DOWN = "the model server is not available"
SERVER_LATE = "the model server did not answer in time"
SERVER_TOO_SLOW = "the model server was too slow"
SERVER_NONSENSE = "the model server's answer made no sense"
SERVER_WRONG_SIZE = "the model server's answer was not a picture of the right size"
SERVER_COULD_NOT = "the model server could not do it"
WRONG_MODEL = "the model on the server takes or gives something else than pixels"
CERTIFICATE_UNKNOWN = "the model server's certificate is not from whom I trust (TRITON_TLS_CA)"
CERTIFICATE_OF_ANOTHER = "the model server's certificate is for another name (TRITON_TLS_NAME)"
NO_TLS = "the model server does not speak TLS (TRITON_URL)"
HUNG_UP = "the model server hung up: it may want my certificate (TRITON_TLS_CERT)"


def sides(size: tuple[int, int]) -> str:
    """A size as people write it."""
    return f"{size[0]} × {size[1]}"


def escape(text: str) -> str:
    """Text that Slack shows as it stands: it mentions nobody and formats nothing."""
    return text.translate(_HARMLESS)


def sentence(text: str) -> str:
    """A sentence that stands alone."""
    return text[:1].upper() + text[1:]


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _about(minutes: int) -> str:
    return f"about {_many(minutes, 'minute', 'minutes')}"
