"""Measures starts of a server until /readyz answers 200: without packed weights on disk, and with them.

    python Benchmarks/deployment/start.py MODEL [--precision float32 int8] [--repeat 7] [--copies 2]

Files are in the system's cache. For each way a line: the shortest and the middle wall time, the least processor time, and of the last round the resident
memory, that which is the process's own (RssAnon), and the share of all memory that falls to each of so many servers at once (Pss). Then whether all gave
the same answer. Linux; standard library only. A Tools/sized-checkpoint has random weights, whose outputs never end, so that the trial before readiness takes
seconds; --end makes a copy of MODEL whose outputs end at once (the bias of the logit of id 0 is 1000), as those of a trained model do.
"""
import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WRITTEN = "are on disk for the next start"
LIMIT = 120.0


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Start:
    """A server that has just become ready."""

    def __init__(self, binary, model, precision, cache):
        self.port = free_port()
        flags = ["--port", str(self.port), "--model", str(model), "--compute-precision", precision, "--model-pack-cache", cache]
        began = time.monotonic()
        self.process = subprocess.Popen([binary, "serve", *flags], stderr=subprocess.PIPE, text=True)
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() - began > LIMIT:
                self.process.kill()
                raise SystemExit(self.process.communicate()[1])
            time.sleep(0.001)
        self.wall = time.monotonic() - began
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        self.processor = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_ready(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def kilobytes(self, file, name):
        for line in Path(f"/proc/{self.process.pid}/{file}").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        return 0

    def memory(self):
        return [self.kilobytes("status", "VmRSS"), self.kilobytes("status", "RssAnon"), self.kilobytes("smaps_rollup", "Pss")]

    def answer(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        body = {"text": "Ein Mann liest ein Buch.", "include": ["tokens"], "max_output_tokens": 8}
        connection.request("POST", "/translate", json.dumps(body), {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())["translations"][0]["tokens"]

    def wait_for(self, text):
        for line in self.process.stderr:
            if text in line:
                return

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()


def ending_copy(model, folder):
    """A copy of a checkpoint whose outputs end at once."""
    copy = Path(folder) / "model"
    shutil.copytree(model, copy, ignore=shutil.ignore_patterns(".shoal"))
    with open(copy / "model.safetensors", "r+b") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        bias = json.loads(file.read(length))["final_logits_bias"]
        file.seek(8 + length + bias["data_offsets"][0])
        file.write(struct.pack("<f", 1000.0))
    return copy


def measure(options, model, precision, cache, name):
    starts = []
    for _ in range(options.repeat):
        start = Start(options.binary, model, precision, cache)
        starts.append(start)
        start.end()
    together = [Start(options.binary, model, precision, cache) for _ in range(options.copies)]
    resident, own, share = together[0].memory()
    answers = [server.answer() for server in together]
    for server in together:
        server.end()
    walls = [start.wall * 1000 for start in starts]
    print(
        f"{precision:8} {name:8} wall {min(walls):5.0f} ms, middle {statistics.median(walls):5.0f}; processor "
        f"{min(start.processor for start in starts) * 1000:5.0f} ms; resident {resident // 1024} MiB, own {own // 1024}, "
        f"share of one of {options.copies} {share // 1024}", flush=True)
    return answers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--binary", default=str(ROOT / ".build/release/shoal"))
    parser.add_argument("--precision", nargs="+", default=["float32", "int8"])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--end", action="store_true", help="measure a copy whose outputs end at once")
    options = parser.parse_args()
    same = True
    with tempfile.TemporaryDirectory() as folder:
        model = ending_copy(options.model, folder) if options.end else options.model
        # Digests of files that were written a moment ago are not kept.
        time.sleep(4 if options.end else 0)
        cache = str(Path(folder) / "packs")
        for precision in options.precision:
            answers = measure(options, model, precision, "off", "read")
            first = Start(options.binary, model, precision, cache)
            first.wait_for(WRITTEN)
            first.end()
            answers += measure(options, model, precision, cache, "mapped")
            same = same and all(answer == answers[0] for answer in answers)
    print("answers are the same" if same else "FAILED: answers differ")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
