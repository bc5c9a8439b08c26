"""A TCP proxy between the bot and its model server, and the ways in which a network fails."""

import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator


class Proxy:
    """Passes bytes on between whoever connects to `address` and `target` (HOST:PORT).

    `behaviour` is what happens to the server's bytes: "well", "drip" (one byte every tenth of a second), "reset" (the
    connection is reset as soon as the answer begins), "garbage" (other bytes instead), or "silence" (nothing comes).
    It holds for connections made before and after it is set.
    """

    def __init__(self, target: str) -> None:
        host, port = target.split(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.behaviour = "well"

    @contextlib.contextmanager
    def running(self) -> Iterator["Proxy"]:
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        yield self
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target, timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for source, sink, answer in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass, args=(source, sink, answer), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, answer: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if not answer or self.behaviour == "well":
                    sink.sendall(piece)
                elif self.behaviour == "garbage":
                    sink.sendall(os.urandom(len(piece)))
                elif self.behaviour == "reset":
                    sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    sink.shutdown(socket.SHUT_RD)  # wakes the other thread, whose waiting keeps the socket from closing
                    break
                elif self.behaviour == "drip":
                    self._drip(piece, sink)
        for end in (source, sink):
            end.close()

    def _drip(self, piece: bytes, sink: socket.socket) -> None:
        for sent in range(len(piece)):
            if self.behaviour != "drip":
                sink.sendall(piece[sent:])
                return
            sink.sendall(piece[sent : sent + 1])
            time.sleep(0.1)
