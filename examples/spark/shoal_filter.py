"""Texts through one process of `shoal translate`, which answers each line by a line."""

import subprocess
import tempfile
import threading


class Translator:
    """A process of the tool, which loads its model once; a context manager.

    Whatever is wrong with it raises RuntimeError with what it said, so that Spark's task fails and is tried again.
    """

    def __init__(self, command):
        """Starts the tool: a list such as ["shoal", "translate", "--model", "DIRECTORY", "--on-error", "empty"]."""
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)

    def translate(self, texts):
        """The translations of a list of texts, in order; None stays None, and line ends inside a text stay."""
        counts = [0 if text is None else text.count("\n") + 1 for text in texts]
        data = "".join(text + "\n" for text in texts if text is not None).encode()
        # The tool's answers are read while it is fed: neither pipe has room for all.
        feeder = threading.Thread(target=self._feed, args=(data,), daemon=True)
        feeder.start()
        outputs = [None if count == 0 else "\n".join(self._line() for _ in range(count)) for count in counts]
        feeder.join()
        return outputs

    def _feed(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except OSError:
            # It has ended: whoever reads its answers finds that out and says why.
            pass

    def _line(self):
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._failure()
        return line[:-1].decode()

    def _failure(self):
        self.process.kill()
        status = self.process.wait()
        self.errors.seek(0)
        message = self.errors.read()[-2000:].decode(errors="replace").strip()
        return RuntimeError(f"shoal ended with {status}: {message}")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.process.kill()
        try:
            self.process.stdin.close()
        except OSError:
            pass
        surplus = self.process.stdout.read()
        status = self.process.wait()
        if kind is None and (status != 0 or surplus):
            raise self._failure()
        self.process.stdout.close()
        self.errors.close()
