"""Depth under load: what a server answers in time with exit.load.risk and without, and what its answers lose.

A copy of MODEL is certified on TEXT (`shoal certify`), then two servers get the same load, one with the valve: a step to FACTOR times what full depth
serves, a ramp to it, or a sawtooth. Each request has several sentences of SOURCES and a deadline. Afterwards every answer that followed a
certificate is held against full depth. Needs sacrebleu (PyPI).

Usage: Benchmarks/reliability/valve.py MODEL TEXT SOURCES [--factor 3] [--seconds 60] [--shape step|ramp|sawtooth]
"""
import argparse
import asyncio
import collections
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    from sacrebleu.metrics import CHRF
except ImportError as error:
    sys.exit(f"{error}: pip install sacrebleu")

from service import ROOT, Server

SHAPES = {
    "step": lambda time, seconds: 1.0,
    "ramp": lambda time, seconds: time / seconds,
    "sawtooth": lambda time, seconds: time % 10 / 10,
}


async def ask(port, body):
    """One exchange on a connection of its own: (status, answer, seconds)."""
    start = time.monotonic()
    data = json.dumps(body).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"POST /translate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + data)
        answer = await reader.read(-1)
        return int(answer[9:12]), answer.partition(b"\r\n\r\n")[2], time.monotonic() - start
    finally:
        writer.close()


class Load:
    def __init__(self, sources, options):
        self.sources = sources
        self.options = options

    def body(self):
        return {"text": random.sample(self.sources, self.options.texts), "timeout_ms": self.options.timeout_ms, "include": []}

    async def capacity(self, port, seconds, clients=24):
        """Answers a second to clients that wait for theirs."""
        end, count = time.monotonic() + seconds, 0

        async def client():
            nonlocal count
            while time.monotonic() < end:
                if (await ask(port, self.body()))[0] == 200:
                    count += 1
                else:
                    await asyncio.sleep(0.1)

        await asyncio.gather(*(client() for _ in range(clients)))
        return count / seconds

    async def offer(self, port, rate, shape):
        """Requests at up to a rate; how each ended, and what was answered."""
        ends, answers, tasks = collections.Counter(), [], set()

        async def one(body):
            try:
                status, answer, seconds = await ask(port, body)
            except OSError as error:
                ends[type(error).__name__] += 1
                return
            if status == 200 and seconds > self.options.timeout_ms / 1000 + 0.25:
                status = "late"
            ends[status] += 1
            if status == 200:
                answers.append((body["text"], json.loads(answer)))

        start, credit, last = time.monotonic(), 0.0, time.monotonic()
        while (now := time.monotonic()) - start < self.options.seconds:
            credit += rate * SHAPES[shape](now - start, self.options.seconds) * (now - last)
            last = now
            while credit >= 1:
                credit -= 1
                task = asyncio.create_task(one(self.body()))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(0.005)
        await asyncio.gather(*tasks)
        return ends, answers


def until_calm(server):
    """Seconds until the level is 0 again."""
    start = time.monotonic()
    while server.metric("shoal_depth_level") > 0 and time.monotonic() - start < 60:
        time.sleep(0.1)
    return time.monotonic() - start


def loss(answers, port):
    """The mean of 1 − chrF2 / 100 against full depth, of the sentences that followed each certificate."""
    chrf = CHRF()
    texts = sorted({text for sources, answer in answers if "certificate" in answer for text in sources})
    full = {}
    for start in range(0, len(texts), 32):
        part = texts[start:start + 32]
        body = {"text": part, "exit": {"policy": "full"}, "include": []}
        _, answer, _ = asyncio.run(ask(port, body))
        full |= dict(zip(part, (item["text"] for item in json.loads(answer)["translations"])))
    losses = collections.defaultdict(list)
    for sources, answer in answers:
        delta = answer.get("certificate", {}).get("delta", 0)
        for source, item in zip(sources, answer["translations"]):
            own = 0 if delta == 0 else 1 - chrf.sentence_score(item["text"], [full[source]]).score / 100
            losses[delta].append(own)
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("text", type=Path, help="sentences to certify on")
    parser.add_argument("sources", type=Path, help="sentences that clients ask for")
    parser.add_argument("--shoal", type=Path, default=ROOT / ".build/release/shoal")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--factor", type=float, default=3)
    parser.add_argument("--texts", type=int, default=16, help="sentences in a request")
    parser.add_argument("--timeout-ms", type=int, default=2000)
    parser.add_argument("--delta", default="0.1,0.15,0.2,0.3")
    parser.add_argument("--max-delta", default="0.3")
    parser.add_argument("--shape", choices=SHAPES, action="append")
    options = parser.parse_args()
    sources = [line for line in options.sources.read_text().splitlines() if 3 <= len(line.split()) <= 20]
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / options.model.name
        model.mkdir()
        for file in options.model.resolve().iterdir():
            if file.name == "exits.json":
                (model / file.name).write_bytes(file.read_bytes())
            elif file.is_file():
                os.symlink(file, model / file.name)
        subprocess.run(
            [options.shoal, "certify", "--model", str(model), "--precision", "int8", "--risk", "chrf", "--delta", options.delta, str(options.text)],
            check=True)
        load = Load(sources, options)
        flags = ["--model", str(model), "--compute-precision", "int8", "--exit-policy", "full", "--log-access", "false"]
        rate = None
        for shape in options.shape or list(SHAPES):
            answered = {}
            for name, more in (("full depth", []), ("valve", ["--exit-load-risk", "chrf", "--exit-load-max-delta", options.max_delta])):
                server = Server(options.shoal, flags=flags + more)
                if rate is None:
                    rate = asyncio.run(load.capacity(server.port, 10))
                    print(f"full depth serves {rate:.1f} requests of {options.texts} sentences a second", flush=True)
                else:
                    asyncio.run(load.capacity(server.port, 3))
                ends, answers = asyncio.run(load.offer(server.port, options.factor * rate, shape))
                calm = until_calm(server)
                answered[name] = ends[200]
                print(f"{shape}, {name}: {ends[200]} answered in time, {dict(ends)}; level 0 after {calm:.1f} s", flush=True)
                for delta, losses in sorted(loss(answers, server.port).items()):
                    what = f"certified for {delta}" if delta else "at full depth"
                    print(f"    {len(losses)} sentences {what}: mean loss {sum(losses) / len(losses):.4f}", flush=True)
                server.end()
            print(f"{shape}: {answered['valve'] / max(answered['full depth'], 1):.2f} times as many in time", flush=True)


if __name__ == "__main__":
    main()
