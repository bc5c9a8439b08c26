"""Enhance a photo: with the model server, or without it where it cannot be used."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pybreaker
from PIL import Image

from slackbot.errors import JobCancelled
from slackbot.imaging.alpha_bleed import bleed
from slackbot.imaging.animation import Frame
from slackbot.imaging.flat_areas import keep_flat
from slackbot.imaging.photo import Photo, plan_result
from slackbot.inference.errors import SERVER_DOWN, ServerDown, ServerError
from slackbot.inference.tiled_upscale import Progress, enlarge
from slackbot.limits import PhotoLimits, ServerLimits

log = logging.getLogger(__name__)

_VERSIONS = 3  # that one photo is said to be made by: two where the model changed meanwhile, more where a server lies


class Server(Protocol):
    """What the enhancer needs of the model server; `slackbot.inference.triton.ModelServer` is one."""

    def check(self) -> None: ...
    def find_model(self) -> None: ...
    def enlarge(self, tile: np.ndarray) -> tuple[np.ndarray, str]: ...


@dataclass(frozen=True)
class Enhanced:
    """The result. `version` is the model's, or empty where bicubic interpolation made it.

    `reason` says why it did, and is empty where that was wanted.
    """

    photo: Photo
    scale: float
    seconds: float
    version: str = ""
    reason: str = ""


def no_progress(_done: int, _total: int) -> None:
    """Ignore progress."""


class Enhancer:
    """Pixels to more pixels. Safe to use from several threads; they share one circuit breaker.

    One failure opens the breaker, and photos no longer wait for the server. A second later the next photo asks the
    server for one small tile, with a short deadline, and goes to the server only if that came back right.
    """

    def __init__(
        self,
        server: Server,
        limits: ServerLimits,
        photo_limits: PhotoLimits,
        fell_back: Callable[[], None] = lambda: None,
    ) -> None:
        """`fell_back` is called for each photo that is enlarged without the model, because of its server."""
        self._server = server
        self._fell_back = fell_back
        self._limits, self._photo_limits = limits, photo_limits
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=1, reset_timeout=limits.breaker_seconds, throw_new_error_on_trip=False, exclude=[JobCancelled]
        )

    @property
    def breaker_open(self) -> bool:
        """Whether photos do not wait for the server, because it failed last."""
        return self._breaker.current_state != pybreaker.STATE_CLOSED

    def is_available(self) -> bool:
        """Whether photos go to the server: asks it, for no longer than `probe_seconds`. A busy one is available."""
        try:
            (self._server.check if self.breaker_open else self._server.find_model)()
        except ServerError:
            return False
        return True

    def __call__(
        self, photo: Photo, wanted_scale: float, progress: Progress = no_progress, *, bicubic: bool = False
    ) -> Enhanced:
        """Enlarge a photo as far as `plan_result` says. Raises PhotoTooLarge; never fails because of the server."""
        begin = time.monotonic()
        plan = plan_result(photo.facts, wanted_scale, self._photo_limits)
        size = plan.size
        frames: list[Frame] = [(photo.image, photo.alpha), *(photo.motion.rest if photo.motion else ())]
        seen = [bleed(image, alpha) if alpha else image for image, alpha in frames]
        version = reason = ""
        images: list[Image.Image] = []
        try:
            if not bicubic:
                images, version = self._with_model(seen, size, progress)
        except ServerError as error:
            log.warning("bicubic instead of the model: %s", error)
            self._fell_back()
            reason = str(error)
        if not images:  # all frames alike, or an animation would flicker
            images = [image.resize(size, Image.Resampling.BICUBIC) for image in seen]
        alphas = [alpha.resize(size, Image.Resampling.BICUBIC) if alpha else None for _, alpha in frames]
        first, *rest = zip(images, alphas, strict=True)
        motion = replace(photo.motion, rest=tuple(rest)) if photo.motion else None
        enhanced = replace(photo, image=first[0], alpha=first[1], motion=motion, format=plan.format)
        return Enhanced(enhanced, plan.scale, time.monotonic() - begin, version, reason)

    def _with_model(
        self, images: Sequence[Image.Image], size: tuple[int, int], progress: Progress
    ) -> tuple[list[Image.Image], str]:
        ends = time.monotonic() + self._limits.photo_seconds
        versions: set[str] = set()

        def run(tile: np.ndarray) -> np.ndarray:
            enlarged, version = self._server.enlarge(tile)
            versions.add(version)
            return enlarged

        def one(index: int, image: Image.Image) -> Image.Image:
            enlarged = enlarge(
                image,
                size,
                run,
                self._limits,
                ends,
                lambda done, tiles: progress(index * tiles + done, len(images) * tiles),
            )
            small = image.width * image.height <= self._photo_limits.icon_pixels
            return keep_flat(image, enlarged) if small else enlarged

        try:
            if self.breaker_open:
                self._breaker.call(self._server.check)
            # As a context the breaker holds no lock, so photos run side by side.
            with self._breaker.calling():
                return [one(index, image) for index, image in enumerate(images)], "/".join(sorted(versions)[:_VERSIONS])
        except pybreaker.CircuitBreakerError:
            raise ServerDown(SERVER_DOWN) from None
