"""Photos through a generator, as arrays: what evaluation and progress pictures look at."""

import numpy as np
import torch
from PIL import Image
from torch import nn

from training import SCALE
from training.degradation import Photo


def enhance(network: nn.Module, small: Photo) -> Photo:
    """uint8 (H, W, 3) to uint8 (4H, 4W, 3), in full precision, where the network is."""
    device = next(network.parameters()).device
    photo = torch.from_numpy(np.array(small)).to(device).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        enhanced = network(photo)[0].clamp(0, 1).mul(255).round().byte()
    return enhanced.permute(1, 2, 0).cpu().numpy()


def bicubic(small: Photo) -> Photo:
    """What a photo gets without us: Pillow's bicubic interpolation."""
    height, width = small.shape[:2]
    return np.asarray(Image.fromarray(small).resize((width * SCALE, height * SCALE), Image.Resampling.BICUBIC))
