# NVIDIA's Triton for a GPU, with a cache that its own user may write.
# By tag, not by digest: NVIDIA's registry was out of reach when this was written. CONTRIBUTING.md says how to add one.
FROM nvcr.io/nvidia/tritonserver:26.11-py3
# A volume takes over the owner of the folder that it is first mounted on. TensorRT keeps its engines there.
RUN install --directory --owner=triton-server --group=triton-server /var/cache/enhancer
COPY --chown=root:root model_repository /models
USER triton-server
