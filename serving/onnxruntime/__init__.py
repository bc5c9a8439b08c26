"""The `onnxruntime` backend of Triton where there is no C++ one: Triton loads this folder's `model.py`."""
