"""Areas of one colour, where there is nothing to enhance."""

from PIL import Image, ImageChops, ImageFilter

_REACH = 4  # pixels on each side that have to be of the same colour


def keep_flat(image: Image.Image, enlarged: Image.Image) -> Image.Image:
    """Give an enlarged RGB picture the very colour of its original wherever that is flat all around."""
    size = 2 * _REACH + 1
    spread = ImageChops.subtract(image.filter(ImageFilter.MaxFilter(size)), image.filter(ImageFilter.MinFilter(size)))
    red, green, blue = spread.split()
    flat = ImageChops.lighter(ImageChops.lighter(red, green), blue).point(lambda value: 0 if value else 255)
    if flat.getbbox() is None:
        return enlarged
    nearest = Image.Resampling.NEAREST
    return Image.composite(image.resize(enlarged.size, nearest), enlarged, flat.resize(enlarged.size, nearest))
