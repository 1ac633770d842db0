"""A server process under test, and a client that knows what became of every request. Standard library only."""
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = "Zwei Hunde spielen im Schnee."


class Server:
    """`shoal serve` on a port of its own, ready when the constructor returns. Its log is in JSON, with a line for each request."""

    def __init__(self, binary, port=0, flags=()):
        model = [] if "--model" in flags else ["--model", "models/multi30k-de-en"]
        command = [str(binary), "serve", *model, "--port", str(port), "--log-format", "json", "--log-access", "true", *flags]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
        self.log = []
        self.ready = threading.Condition()
        self.loads = 0
        self.port = None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.wait_for_loads(1)

    def _read(self):
        for line in self.process.stderr:
            entry = json.loads(line)
            with self.ready:
                self.log.append(entry)
                listening = re.search(r"listening on https?://.*:(\d+)", entry["message"])
                if listening:
                    self.port = int(listening.group(1))
                if "is ready" in entry["message"]:
                    self.loads += 1
                self.ready.notify_all()
        with self.ready:
            self.ready.notify_all()

    def wait_for_loads(self, count):
        with self.ready:
            if not self.ready.wait_for(lambda: self.loads >= count or self.process.poll() is not None, timeout=60):
                raise SystemExit("the server does not get ready")
        if self.loads < count:
            raise SystemExit(f"the server ended with {self.process.returncode}: {self.log[-1:]}")

    def requests_logged(self):
        return [entry for entry in self.log if entry["message"] == "request"]

    def metric(self, name):
        """The sum of a metric's series."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            text = b""
            while part := connection.recv(1 << 16):
                text += part
        values = [line.rsplit(b" ", 1)[1] for line in text.splitlines() if re.match(rb"%s[ {]" % name.encode(), line)]
        return sum(map(float, values))

    def resident(self):
        return self.metric("process_resident_memory_bytes")

    def end(self):
        """Stops it, and returns its exit status once all of its log was read."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=120)
        self.reader.join(timeout=10)
        return status


class Connection:
    """A keep-alive connection that sends requests one after the other."""

    def __init__(self, port):
        self.port = port
        self.socket = None

    def ask(self, body, path="/translate", headers=""):
        """One POST. Returns (outcome, status, seconds); the outcome is ok, refused (no connection), or closed (none or half an answer came)."""
        start = time.monotonic()
        if self.socket is None:
            try:
                self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                return "refused", 0, time.monotonic() - start
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        try:
            self.socket.sendall(head.encode() + body)
            status, closes, partial = self._response()
        except OSError as error:
            partial, status = getattr(error, "partial", False), 0
        if status == 0 or closes:
            self.close()
        outcome = "ok" if status else "cut" if partial else "closed"
        return outcome, status, time.monotonic() - start

    def _response(self):
        received = b""
        while b"\r\n\r\n" not in received:
            part = self._receive(received)
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        while len(body) < length:
            body += self._receive(received)
        return int(head[9:12]), b"connection: close" in head.lower(), True

    def _receive(self, received):
        part = self.socket.recv(1 << 16)
        if not part:
            error = ConnectionError("closed")
            error.partial = bool(received)
            raise error
        return part

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def translation(texts=1, **fields):
    return json.dumps({"text": [TEXT] * texts if texts > 1 else TEXT, "include": [], **fields}).encode()


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
