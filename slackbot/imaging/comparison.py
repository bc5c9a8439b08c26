"""One picture to see the difference: bicubic on the left, ours on the right."""

from PIL import Image, ImageDraw, ImageFont

from slackbot.imaging import colour
from slackbot.imaging.encode import on_white
from slackbot.imaging.formats import FORMATS, Format
from slackbot.imaging.photo import Photo
from slackbot.limits import PhotoLimits

LEFT, RIGHT = "bicubic", "enhanced"
_LEAST, _MOST = 480, 8192  # pixels a side: room for the labels, and no more than anyone looks at
_INK, _PAPER = "white", (29, 53, 87)


def comparison(before: Photo, after: Photo, limits: PhotoLimits) -> Photo:
    """Both halves in one picture, with a labelled line down the middle.

    A small result is shown with larger pixels, and a very large one smaller. What can be seen through lies on white.
    """
    width, height = after.size
    step = 1
    while width * height / step**2 > limits.comparison_pixels or max(width, height) / step > _MOST:
        step += 1
    right = on_white(after).reduce(step) if step > 1 else on_white(after).copy()
    middle = right.width // 2
    if middle:
        half = (0, 0, before.size[0] * middle / right.width, before.size[1])
        right.paste(on_white(before).resize((middle, right.height), Image.Resampling.BICUBIC, box=half))
    larger = -(-_LEAST // max(right.size))
    if larger > 1:
        right = right.resize((right.width * larger, right.height * larger), Image.Resampling.NEAREST)
        middle *= larger
    sheet = Photo(right, comparison_format(after.format), icc=after.icc, grey_curve=after.grey_curve)
    shown = colour.with_rgb_profile(sheet)
    return Photo(_labelled(shown.image, middle), shown.format, icc=shown.icc)


def comparison_format(fmt: Format) -> Format:
    """The format of the comparison for a result of this format: one that Slack shows."""
    return FORMATS["PNG"] if fmt.name in ("PNG", "GIF") else FORMATS["JPEG"]


def _labelled(picture: Image.Image, middle: int) -> Image.Image:
    """A line down the middle and a strip under the picture that names its sides; a narrow picture gets margins."""
    letter = min(max(16, max(picture.size) // 40), 48)
    font = ImageFont.load_default(letter)
    strip, gap = letter * 2, letter // 2
    needed = 2 * (round(max(font.getlength(LEFT), font.getlength(RIGHT))) + 2 * gap)
    margin = max(0, needed - picture.width) // 2
    sheet = Image.new("RGB", (picture.width + 2 * margin, picture.height + strip), _PAPER)
    sheet.paste(picture, (margin, 0))
    draw = ImageDraw.Draw(sheet)
    line = margin + middle
    draw.line([(line, 0), (line, sheet.height)], fill=_INK, width=max(2, letter // 10))
    baseline = picture.height + strip // 2
    draw.text((line - gap, baseline), LEFT, fill=_INK, font=font, anchor="rm")
    draw.text((line + gap, baseline), RIGHT, fill=_INK, font=font, anchor="lm")
    return sheet
