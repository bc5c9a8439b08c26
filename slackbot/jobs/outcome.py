"""What is to be said of an enhanced photo."""

from slackbot.imaging.photo import Photo
from slackbot.inference.enhancer import Enhanced
from slackbot.job import Options, Outcome


def outcome_of(name: str, photo: Photo, enhanced: Enhanced, options: Options) -> Outcome:
    """The figures of a result, beside what was asked for."""
    fmt = enhanced.photo.format
    return Outcome(
        name=name,
        before=photo.size,
        after=enhanced.photo.size,
        version=enhanced.version,
        reason=enhanced.reason,
        seconds=enhanced.seconds,
        scale=enhanced.scale,
        smaller=enhanced.scale < options.scale,
        pages=photo.pages,
        uncounted=photo.uncounted,
        frames=photo.frames,
        uncompared=options.compare and not enhanced.version,
        deep=photo.deep,
        source_format=photo.source.name if photo.source and photo.source is not fmt and not options.format else "",
        format=fmt.name,
        wanted=options.scale,
        too_small=photo.format.name if photo.format is not fmt else "",
        hdr=photo.hdr,
        partial=photo.partial,
        smudged=photo.coding.drawn and fmt.name == "JPEG" and not options.format,
    )
