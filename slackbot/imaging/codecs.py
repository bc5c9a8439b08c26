"""Every codec of Pillow, loaded: the fork server imports this once, or each process of the sandbox would load them."""

from PIL import Image

Image.init()
