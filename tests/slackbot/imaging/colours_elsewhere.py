"""Patches of colour as other programs show them: ffmpeg's zimg, littleCMS, and the rules of BT.2100 and of gAMA."""

import io
import subprocess
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms

SRGB = ImageCms.createProfile("sRGB")
P3 = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
SIDE = 16


def by_ffmpeg(image: Image.Image, primaries: str, transfer: str) -> np.ndarray:
    """The colours in sRGB, 255 of it being 203 candela where light is absolute."""
    described = f"setparams=colorspace=gbr:color_primaries={primaries}:color_trc={transfer}:range=pc"
    light = "zscale=t=linear:npl=203,format=gbrpf32le"
    shown = "zscale=p=bt709:t=iec61966-2-1:m=gbr:r=full,format=gbrp,format=rgb24"
    command = ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{image.width}x{image.height}"]
    command += ["-i", "-", "-vf", f"{described},{light},{shown}", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    out = subprocess.run(command, input=image.tobytes(), capture_output=True, check=True).stdout
    return middles(np.frombuffer(out, np.uint8).reshape(image.height, image.width, 3))


def by_p3(image: Image.Image) -> np.ndarray:
    return by_ffmpeg(image, "smpte432", "iec61966-2-1")


def by_pq(image: Image.Image) -> np.ndarray:
    return by_ffmpeg(image, "bt2020", "smpte2084")


def by_bt2100(image: Image.Image) -> np.ndarray:
    """HLG as BT.2100 shows it on a screen of 1,000 candela, which zimg has for grey only."""
    signal = middles(np.asarray(image)) / 255
    a, b = 0.17883277, 0.28466892
    c = 0.5 - a * np.log(4 * a)
    scene = np.array([[e**2 / 3 if e <= 0.5 else (np.exp((e - c) / a) + b) / 12 for e in row] for row in signal])
    candela = 1000 * scene * (scene @ [0.2627, 0.6780, 0.0593])[:, None] ** 0.2
    to_bt709 = np.array(
        [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
    )
    light = (candela / 203 @ to_bt709.T).clip(0, 1)  # the matrix of ITU-R BT.2407
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255


def by_power(power: float) -> Callable[[Image.Image], np.ndarray]:
    return lambda image: (middles(np.asarray(image)) / 255) ** power * 255


def by_littlecms(image: Image.Image, icc: bytes) -> np.ndarray:
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    seen = ImageCms.profileToProfile(image, source, SRGB, outputMode="RGB")
    assert seen
    return middles(np.asarray(seen))


def middles(pixels: np.ndarray) -> np.ndarray:
    """The colour in the middle of each patch."""
    return pixels[SIDE // 2, SIDE // 2 :: SIDE].astype(float)


def shown(image: Image.Image) -> np.ndarray:
    """A result's colours as littleCMS shows them."""
    icc = image.info.get("icc_profile")
    return by_littlecms(image.convert("RGB"), icc) if icc else middles(np.asarray(image.convert("RGB")))
