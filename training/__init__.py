"""Learn to enhance: networks, degradation, losses, the loop, evaluation."""

SCALE = 4
"""How many times as wide and high a photo becomes."""
