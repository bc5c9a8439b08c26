"""What the bot says, but for errors: their sentences stand beside them. Short, plain, friendly."""

import re
from collections.abc import Sequence

from slackbot.imaging.errors import sides
from slackbot.imaging.formats import known_formats
from slackbot.job import Outcome
from slackbot.limits import MEGAPIXEL, PhotoLimits

TROUBLE = "something went wrong on my side. It has been noted; please try again a little later."
UPDATED = "I was updated before I finished this, and cannot continue it. Please ask again."
NOT_FETCHED = "Slack did not hand me the file. Please try again a little later."
NOT_HANDED_OVER = "Slack did not take the result. Please try again a little later."
NOT_DELETED = "Slack did not delete the reply. Please try again a little later."
_HARMLESS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "∗", "`": "ˋ", "~": "∼"})


_INSTEAD = {
    "GIF": "a GIF has no more than 256 colours",
    "BMP": "a BMP would be many times the size",
    "HEIC": "Slack does not show HEIC",
    "AVIF": "fewer programs show AVIF",
    "JPEG 2000": "few programs show JPEG 2000",
    "PSD": "a PSD is for work in layers",
}


def line(outcome: Outcome) -> str:
    """One line about one photo, in Slack's mrkdwn."""
    name = f"*{escape(outcome.name)}*"
    if outcome.refusal:
        return f"{name}: {escape(outcome.refusal)}"
    how = (
        f"enhanced by model version {escape(outcome.version)}"
        if outcome.version
        else "enlarged with bicubic interpolation"
    )
    text = f"{name}: {sides(outcome.before)} → {sides(outcome.after)}, {how} in {outcome.seconds:.1f} s"
    if outcome.reason:
        text += f", because {outcome.reason}"
    elif not outcome.version:
        text += ", as you asked"
    text += "."
    if outcome.lessened:
        text += f" At {outcome.wanted}x it would take more memory than I have, so it {_scaled(outcome.scale)}."
    elif outcome.smaller:
        text += f" At {outcome.wanted}x it would be too large, so it {_scaled(outcome.scale)}."
    if outcome.frames > 1:
        text += f" All {outcome.frames} frames."
    elif outcome.uncounted:
        text += f" At this size I can take {outcome.pages} frames, and it has more, so this is the first one."
    elif outcome.pages > 1:
        text += f" It has {outcome.pages} pictures; this is the first."
    if outcome.too_small:
        text += f" It is a {outcome.format}, since a {outcome.too_small} cannot be so large."
    elif outcome.source_format in _INSTEAD:
        text += f" It is a {outcome.format}, since {_INSTEAD[outcome.source_format]}."
    if outcome.partial:
        text += " Its file is damaged, and this is what could be read of it."
    if outcome.hdr:
        text += " It was HDR; the result is not, and its brightest parts are toned down to fit."
    if outcome.deep:
        text += " It had more than 8 bits a channel; the model sees 8, so the result has 8."
    if outcome.smudged:
        text += " It looks like text or a drawing, which JPEG blurs: say `png` for a sharp result."
    if outcome.uncompared:
        text += " There is nothing to compare: both sides would be bicubic."
    return text


def _scaled(scale: float) -> str:
    return "keeps its size" if scale == 1 else f"is {scale:g}x"


def result(outcomes: Sequence[Outcome], left_out: int, limits: PhotoLimits, asked_scale: float = 0) -> str:
    """The whole reply: a line for each photo. `asked_scale` is one that there is not, or 0."""
    lines = [line(outcome) for outcome in outcomes]
    if asked_scale and not all(outcome.refusal for outcome in outcomes):
        lines.append(f"I can do 2x and 4x, not {asked_scale:g}x, so I took 4x.")
    if left_out:
        lines.append(f"I take up to {limits.photos_per_message} photos at a time; {left_out} more are left.")
    return "\n".join(lines)


def usage(bot_user: str, limits: PhotoLimits) -> str:
    """The help text."""
    return (
        f"Hi! Share a photo and mention me (<@{bot_user}>), and I answer in the thread with the photo four times as "
        f"wide and high.\n{ways(limits)}"
    )


def ways(limits: PhotoLimits) -> str:
    """All that one can say to the bot, and what it takes."""
    most = f"{limits.output_pixels / MEGAPIXEL:g}"
    return (
        "*More ways*\n"
        "• mention me in the thread under a photo, or share several photos at once\n"
        "• mention me right after a photo in the channel, and I ask by a button whether you mean that one\n"
        "• send me photos in a direct message\n"
        "• use the message shortcut *Enhance photos*\n"
        "• `watch` makes me take every photo of a channel, `unwatch` ends that\n"
        "*Words*, in any order\n"
        "• `2x`, or `twice`, for twice the size instead of `4x`\n"
        "• `png`, `jpeg` or `webp` for another kind of file\n"
        "• `compare` for one more picture, bicubic on the left and mine on the right\n"
        "• `bicubic` to do without the model\n"
        "• `again` in a thread for photos that have their answer already\n"
        "• `keep metadata` for time, camera and place, which I leave out otherwise\n"
        "• `status`, `cancel`, `help`\n"
        f"*I take* {known_formats} up to {limits.photo_bytes // 2**20} MB and {most} "
        f"megapixels, {limits.photos_per_message} photos at a time, and animations of up to {limits.frames} frames. A "
        f"result has up to {most} megapixels; an animation is 4x, 3x, 2x or keeps its size."
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
    state = (
        ":large_green_circle: enhancing" if model else ":large_yellow_circle: bicubic for now, the model server is down"
    )
    return [
        f"*State*\n{state}",
        f"*Now*\n{working} at work, {waiting} waiting",
        f"*Today*\n{enhanced} enhanced, {bicubic} bicubic, {refused} refused",
    ]


def home_feedback(lines: Sequence[str]) -> str:
    """What people said of results, for those who run the bot."""
    return "\n".join(("*What people said of results*, as long as I remember them", *lines))


def rated(version: str, good: int, bad: int) -> str:
    """One line of it."""
    return f"• model version {version}: {good} good, {bad} bad"


def no_photo(bot_user: str, limits: PhotoLimits) -> str:
    """The answer to a mention that comes without a photo."""
    return "I see no photo here. " + usage(bot_user, limits)


def above(names: Sequence[str]) -> str:
    """The question to a mention that comes without a photo, right after a message with photos of these names."""
    what = f"*{escape(names[0])}*" if len(names) == 1 else f"the {len(names)} photos"
    return f"I see no photo in your message. Do you mean {what} above? `help` says what else I can do."


def full(minutes: int) -> str:
    """The answer where the queue is full."""
    return f"I'm at capacity. Please ask me again in {_about(minutes)}."


def status(model: bool, working: int, waiting: int, minutes: int) -> str:
    """The answer to `status`."""
    how = "The model server is up" if model else "The model server is down, so for now I enlarge with bicubic"
    if not working and not waiting:
        return f"{how}. Nothing is queued."
    queue = f", {_many(waiting, 'waits', 'wait')}, the last for {_about(minutes)}" if waiting else ""
    return f"{how}. I am working on {_many(working, 'message', 'messages')}{queue}."


def working(name_count: int, photo: int, done: float, minutes: int = 0) -> str:
    """The line under a thread while photos are worked on; Slack puts the bot's name before it."""
    which = f"photo {photo + 1} of {name_count}" if name_count > 1 else "the photo"
    left = f", {_about(minutes)} left" if minutes else ""
    return f"is enhancing {which}: {done:.0%}{left}"


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


# What an agent's direct messages offer to say, as (label, message); Slack takes four. Photos one has to bring oneself.
PROMPTS = (("What can you do?", "help"), ("Is the model server up?", "status"), ("Stop my photos", "cancel"))
NOT_HERE = "We are alone here, so I take every photo anyway. `watch` is for channels."
CANCELLED = "Stopped."
TOO_LATE = "It is done already."
NOT_YOURS = "Only the one who asked can do that."
NOTHING_TO_STOP = "There is nothing of yours to stop here."
AGAIN = "2x is on its way."
ABOVE = "I'm on it: see the thread under the photo."
THANKS = "Thank you. It helps to make the next model better."
DELETE_QUESTION = "Its pictures are deleted for everyone. Your own photos stay."


def slow(minutes: int) -> str:
    """Beside the button that stops a job, which takes so long, or 0 where nobody knows."""
    return f"This takes {_about(minutes)}." if minutes else "This takes a moment."


def forgotten(days: float) -> str:
    """For a click on a reply whose job is no longer known."""
    return f"I remember photos for {_many(round(days), 'day', 'days')}, and that one is older."


def stopped(count: int) -> str:
    """The answer to `cancel`."""
    return f"Stopped {_many(count, 'job', 'jobs')}." if count else NOTHING_TO_STOP


def alt_text(outcome: Outcome) -> str:
    """What a screen reader says of the result; Slack takes up to 1000 characters."""
    return f"{outcome.name}, enlarged to {sides(outcome.after)} pixels"


def comparison_alt_text(outcome: Outcome) -> str:
    """What a screen reader says of the comparison."""
    return f"{outcome.name} in two halves: on the left enlarged with bicubic interpolation, on the right enhanced"


def escape(text: str) -> str:
    """Text that Slack shows as it stands: it mentions nobody and formats nothing."""
    return text.translate(_HARMLESS)


def unlinked(text: str) -> str:
    """A text that Slack parses, with a word joiner where it would otherwise see an address or a name to mention."""
    return re.sub(r"(?<=[.@#:/])(?=\S)", "\u2060", text)


def sentence(text: str) -> str:
    """A sentence that stands alone."""
    return text[:1].upper() + text[1:]


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _about(minutes: int) -> str:
    return f"about {_many(minutes, 'minute', 'minutes')}"
