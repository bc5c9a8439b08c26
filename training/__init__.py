"""Learn to enhance: networks, degradation, losses, the loop, evaluation."""
