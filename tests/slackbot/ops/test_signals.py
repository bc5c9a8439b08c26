"""A signal that reaches a process while it begins threads."""

import signal
import subprocess
import sys
import time

from tests.processes import PATIENCE

BUSY = """
import threading
from slackbot.ops import signals

def begin_threads():
    while True:
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()

stop = signals.on_signals()
for _ in range(12):
    threading.Thread(target=begin_threads, daemon=True).start()
print("ready", flush=True)
signals.wait_for(stop)
print("stopped", flush=True)
import os
os._exit(0)
"""


def test_no_signal_is_lost_while_threads_begin():
    for number in (signal.SIGTERM, signal.SIGINT) * 5:
        with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, text=True) as busy:
            assert busy.stdout
            assert busy.stdout.readline() == "ready\n"
            time.sleep(0.1)  # into its wait
            busy.send_signal(number)
            try:
                said, _ = busy.communicate(timeout=PATIENCE * 60)
            finally:
                busy.kill()
            assert said == "stopped\n"
