# NVIDIA's Triton for machines without a GPU: our OpenVINO backend stands in for its ONNX Runtime backend.
# By tag, not by digest: NVIDIA's registry was out of reach when this was written. CONTRIBUTING.md says how to add one.
FROM nvcr.io/nvidia/tritonserver:26.11-py3
# Triton's Python backend runs the first `python3` on PATH, and its stub is built for the image's own Python (3.12): so an
# environment of that Python, with what is locked and nothing else. The image's pip fills it from outside.
# Huge pages, because a layer's activations are megabytes: a tenth less processor time for tiles above 256x256.
ENV PATH=/opt/enhancer/bin:$PATH GLIBC_TUNABLES=glibc.malloc.hugetlb=1
COPY requirements/serve.txt requirements/
RUN python3 -m venv --without-pip /opt/enhancer \
    && pip3 --python /opt/enhancer/bin/python3 install --no-cache-dir --require-hashes -r requirements/serve.txt \
    && rm -r /opt/tritonserver/backends/onnxruntime
COPY serving/onnxruntime /opt/tritonserver/backends/onnxruntime
COPY --chown=root:root model_repository /models
USER triton-server
