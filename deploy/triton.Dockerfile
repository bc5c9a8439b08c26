# NVIDIA's Triton, the version that the nvidia-pytriton wheel carries, with a cache that its own user may write.
FROM nvcr.io/nvidia/tritonserver:24.10-py3
# A volume takes over the owner of the folder that it is first mounted on. TensorRT keeps its engines there.
RUN install --directory --owner=triton-server --group=triton-server /var/cache/enhancer
COPY --chown=root:root model_repository /models
USER triton-server
