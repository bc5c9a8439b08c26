"""Turn trained weights into the ONNX graph that Triton serves."""
