"""Many models in one server, under a bound of memory that does not hold them all. Standard library only.

Each model's answers are taken from a server of its own first. Then one server has all of them, with room for four: requests for random
models over many connections must get the same answers, the weights in memory must stay within the bound whenever they are looked at, and no
request may be lost while models are read anew, one by one and all by SIGHUP.

Usage: Benchmarks/reliability/models.py MODEL... [--requests 10000] [--connections 64] [--reloads 50]
"""
import argparse
import http.client
import json
import os
import queue
import random
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from service import ROOT, Server

TEXTS = [
    "Ein Mann liest ein Buch.", "Zwei Hunde spielen im Schnee.", "Das Wetter ist heute schön.", "Wo ist der Bahnhof?",
    "O gato dorme na cadeira.", "Hoje está frio.", "The train is late.", "Where is my book?", "salam", "kitab",
]
MEGABYTE = 1 << 20


def ask(connection, method, path, body=None, key=None):
    fields = {"Content-Type": "application/json"} | ({"X-Api-Key": key} if key else {})
    connection.request(method, path, json.dumps(body) if body is not None else None, fields)
    response = connection.getresponse()
    return response.status, json.loads(response.read() or b"null")


def question(description, text):
    languages = {name: description[name] for name in ("source_lang", "target_lang") if name in description}
    return {"text": text, "model": description["id"], "max_output_tokens": 24, "include": ["tokens"], "timeout_ms": 120_000} | languages


def outcome(answer):
    """What must be the same, whatever else the server has to do."""
    return [(part["text"], part["tokens"]) for part in answer["translations"]]


def alone(binary, models):
    """The answers of a server of each model alone, and what it says of the model."""
    expected, descriptions = {}, {}
    for name, path in models.items():
        server = Server(binary, flags=["--model", str(path), "--compute-precision", "int8", "--limits-timeout", "120s"])
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        description = ask(connection, "GET", "/models")[1]["models"][0]
        descriptions[name] = description
        for text in TEXTS:
            status, answer = ask(connection, "POST", "/translate", question(description, text))
            if status != 200:
                server.process.kill()
                raise SystemExit(f"{name}: {status} {answer}")
            expected[name, text] = outcome(answer)
        connection.close()
        server.end()
    return expected, descriptions


class Together:
    """A server of all models, and what its clients have seen."""

    def __init__(self, binary, models, bound, folder):
        key = subprocess.run([binary, "generate-key", "operator", "--admin"], capture_output=True, text=True, check=True)
        self.key = key.stderr.split()[1]
        (folder / "keys").write_text(key.stdout)
        entries = [{"path": str(path), "id": name} for name, path in models.items()]
        settings = {
            "models": entries, "model": {"max_memory": f"{bound}B"}, "compute": {"precision": "int8"},
            "auth": {"keys_file": str(folder / "keys")}, "limits": {"timeout": "120s"}, "batch": {"max_queue_requests": 1024},
        }
        (folder / "server.yaml").write_text(json.dumps(settings))
        self.server = Server(binary, flags=["--model", str(next(iter(models.values()))), "--config", str(folder / "server.yaml")])
        self.models = models
        self.faults = []
        self.answered = 0
        self.lock = threading.Lock()
        self.done = threading.Event()

    def note(self, fault=None):
        with self.lock:
            if fault:
                self.faults.append(fault)
            else:
                self.answered += 1

    def client(self, work, expected, descriptions):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=180)
        while True:
            try:
                name, text = work.get_nowait()
            except queue.Empty:
                return connection.close()
            try:
                status, answer = ask(connection, "POST", "/translate", question(descriptions[name] | {"id": name}, text), self.key)
                if status != 200:
                    self.note(f"{name}: {status} {answer.get('code')}")
                elif outcome(answer) != expected[name, text]:
                    self.note(f"{name}: another answer")
                else:
                    self.note()
            except (OSError, http.client.HTTPException) as error:
                self.note(f"{name}: {error!r}")
                connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=180)

    def reload(self, count, total):
        """Reads a random model anew, and every fifth time what has changed of all, spread over the work."""
        for number in range(count):
            while self.answered + len(self.faults) < total * number / count and not self.done.is_set():
                time.sleep(0.01)
            if number % 5 == 4:
                (self.models[random.choice(list(self.models))] / "README.reload").touch()
                self.server.process.send_signal(signal.SIGHUP)
                continue
            name = random.choice(list(self.models))
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=180)
            status, answer = ask(connection, "POST", f"/models/{name}", {"action": "reload"}, self.key)
            if status != 200:
                self.note(f"reload of {name}: {status} {answer.get('code')}")
            connection.close()

    def watch(self, samples):
        while not self.done.is_set():
            samples.append((self.server.metric("shoal_model_memory_bytes"), self.server.resident()))
            time.sleep(0.02)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--shoal", type=Path, default=ROOT / ".build/release/shoal")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--reloads", type=int, default=50)
    parser.add_argument("--room", type=int, default=4, help="models that the bound holds, the largest ones")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        models = {}
        for path in options.models:
            # A copy by links, so that what a reload finds changed is not the user's.
            models[path.name] = folder / "models" / path.name
            models[path.name].mkdir(parents=True)
            for file in path.resolve().iterdir():
                if file.is_file():
                    os.symlink(file, models[path.name] / file.name)
        expected, descriptions = alone(options.shoal, models)
        sizes = {name: description["memory_bytes"] for name, description in descriptions.items()}
        bound = sum(sorted(sizes.values())[-options.room:]) + 2 * MEGABYTE * options.room
        print(f"weights of {len(models)} models: {sum(sizes.values()) / MEGABYTE:.1f} MiB; bound {bound / MEGABYTE:.1f} MiB")
        together = Together(options.shoal, models, bound, folder)
        work = queue.Queue()
        names = list(models)
        for _ in range(options.requests):
            work.put((random.choice(names), random.choice(TEXTS)))
        samples = []
        start = time.monotonic()
        clients = [threading.Thread(target=together.client, args=(work, expected, descriptions)) for _ in range(options.connections)]
        reloads = threading.Thread(target=together.reload, args=(options.reloads, options.requests))
        watch = threading.Thread(target=together.watch, args=(samples,))
        for thread in [*clients, reloads, watch]:
            thread.start()
        for thread in [*clients, reloads]:
            thread.join()
        seconds = time.monotonic() - start
        together.done.set()
        watch.join()
        loads, unloads = (together.server.metric(f"shoal_model_{name}_total") for name in ("loads", "unloads"))
        above = sum(weights > bound for weights, _ in samples)
        print(f"{together.answered} of {options.requests} requests answered as alone in {seconds:.0f} s; {len(together.faults)} faults {together.faults[:3]}")
        print(f"{options.reloads} reloads; weights read {loads:.0f} and let go of {unloads:.0f} times")
        print(
            f"{len(samples)} looks: weights at most {max(w for w, _ in samples) / MEGABYTE:.1f} MiB, above the bound {above} times; "
            f"resident at most {max(r for _, r in samples) / MEGABYTE:.1f} MiB")
        status = together.server.end()
        raise SystemExit(1 if together.faults or above or status else 0)


if __name__ == "__main__":
    main()
