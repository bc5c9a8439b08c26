"""A fault-injecting model server: quick, without a model, over real gRPC."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc

messages: Any = service_pb2  # generated at import time, which type checkers cannot see


class NearestModel(service_pb2_grpc.GRPCInferenceServiceServicer):
    """A real gRPC server that speaks the KServe protocol of Triton's, with a model that repeats each pixel 4 x 4.

    `behaviour` is what it does with requests: "well", "slow" (no answer before `release`), "wrong shape", "wrong type",
    "garbage", "error", "wrong inputs" (as a model of others refuses ours), "unloaded", or "full" (UNAVAILABLE, once for
    each request). `asked` counts the tiles of photos, which must not be black, and `probes` the black ones, with which
    the bot tries a server. `peers` are the connections that asked for something. `reply` makes its whole answer, where
    a test wants another than these.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.behaviour = "well"
        self.reply: Callable[[Any, Any], Any] | None = None
        self.asked = self.probes = 0
        self.shapes: list[tuple[int, ...]] = []
        self.peers: set[str] = set()
        self.release = threading.Event()
        self._full: set[bytes] = set()
        self._lock = threading.Lock()
        self._server: grpc.Server | None = None
        self.host, self.port = host, port

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def start(self, credentials: grpc.ServerCredentials | None = None) -> None:
        """Listen, on the same port as before if there was one; with credentials it speaks TLS."""
        self._server = grpc.server(
            ThreadPoolExecutor(64),  # like Triton, it tells of the model while every tile waits
            options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
        )
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(self, self._server)
        place = self.address
        if credentials:
            self.port = self._server.add_secure_port(place, credentials)
        else:
            self.port = self._server.add_insecure_port(place)
        self._server.start()

    def stop(self) -> None:
        self.release.set()
        if self._server:
            self._server.stop(grace=None).wait()
        self._server = None

    def ModelMetadata(self, request, context):  # noqa: N802
        if request.name != "enhancer":
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown model")
        tensor = messages.ModelMetadataResponse.TensorMetadata
        kind = "FP32" if self.behaviour == "wrong contract" else "UINT8"
        return messages.ModelMetadataResponse(
            name="enhancer",
            versions=["7"],
            platform="onnxruntime_onnx",
            inputs=[tensor(name="image", datatype=kind, shape=[-1, -1, -1, 3])],
            outputs=[tensor(name="enhanced", datatype=kind, shape=[-1, -1, -1, 3])],
        )

    def ModelInfer(self, request, context):  # noqa: N802
        behaviour = self.behaviour  # before it counts: who waits for the count may then change the behaviour
        raw = request.raw_input_contents[0]
        with self._lock:
            if raw.strip(b"\0"):
                self.asked += 1
            else:
                self.probes += 1
        self.peers.add(context.peer())
        if self.reply:
            return self.reply(request, context)
        if behaviour == "full" and raw not in self._full:
            self._full.add(raw)
            context.abort(grpc.StatusCode.UNAVAILABLE, "Exceeds maximum queue size")
        if behaviour == "unloaded":
            context.abort(grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'enhancer' is not found")
        if behaviour == "error":
            context.abort(grpc.StatusCode.INTERNAL, "onnx runtime error")
        if behaviour == "wrong inputs":
            said = "unexpected inference input 'image' for model 'enhancer', allowed inputs are: pixels"
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, said)
        if behaviour == "slow":
            self.release.wait(120)
        shape = tuple(request.inputs[0].shape)
        self.shapes.append(shape)
        batch = np.frombuffer(raw, np.uint8).reshape(shape)
        enlarged = batch.repeat(4, axis=1).repeat(4, axis=2)
        kind = "UINT8"
        if behaviour == "wrong shape":
            enlarged = batch.repeat(2, axis=1).repeat(2, axis=2)
        if behaviour == "wrong type":
            enlarged, kind = enlarged.astype(np.float32), "FP32"
        content = b"garbage" if behaviour == "garbage" else enlarged.tobytes()
        return messages.ModelInferResponse(
            model_name="enhancer",
            model_version="7",
            outputs=[
                messages.ModelInferResponse.InferOutputTensor(name="enhanced", datatype=kind, shape=enlarged.shape)
            ],
            raw_output_contents=[content],
        )
