"""Times of requests under a certificate, with a watch that decodes every sentence again in idle time and without one, in alternating blocks.

Requests come one at a time with pauses, so that most find a worker that is at a check and has to put it aside.
"""
import argparse
import json
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from service import ROOT, Connection, Server, percentile

DELTA = 0.9


def certified(options, folder):
    """A copy of the model with a certificate of layer 1 that nothing refutes."""
    copy = Path(folder) / Path(options.model).name
    shutil.copytree(ROOT / options.model, copy)
    command = [
        str(options.shoal), "certify", "--model", str(copy), "--policy", "fixed", "--precision", options.precision,
        "--delta", str(DELTA), str(ROOT / options.source)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or "fixed 1" not in done.stdout:
        raise SystemExit(f"shoal certify gives no certificate of layer 1: {done.stderr or done.stdout}")
    return copy


def block(server, bodies, count, chooser):
    """Seconds of some requests, each after a pause."""
    connection = Connection(server.port)
    times = []
    for _ in range(count):
        time.sleep(chooser.uniform(0.001, 0.02))
        outcome, status, seconds = connection.ask(chooser.choice(bodies))
        if (outcome, status) != ("ok", 200):
            raise SystemExit(f"a request was not answered: {outcome}, {status}")
        times.append(seconds)
    connection.close()
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoal", type=Path, default=ROOT / ".build/release/shoal")
    parser.add_argument("--model", default="models/multi30k-de-en")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--source", default="models/multi30k-de-en/sample.de", help="sentences, one a line")
    parser.add_argument("--blocks", type=int, default=8, help="of each kind")
    parser.add_argument("--requests", type=int, default=100, help="of each block")
    options = parser.parse_args()
    if options.blocks < 1 or options.requests < 1:
        parser.error("--blocks and --requests must be 1 or more")
    if not options.shoal.is_file():
        parser.error(f"{options.shoal} is not there: scripts/serve builds it")
    lines = (ROOT / options.source).read_text().splitlines()
    exit_rule = {"guarantee": {"risk": "chrf", "delta": DELTA}}
    bodies = [json.dumps({"text": line, "include": [], "exit": exit_rule}).encode() for line in lines if line.strip()]
    chooser = random.Random(1)
    times = {"without": [], "with": []}
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--model", str(certified(options, folder)), "--compute-precision", options.precision, "--exit-watch-share"]
        servers = {name: Server(options.shoal, flags=[*flags, share]) for name, share in (("without", "0"), ("with", "1"))}
        # The first block of each warms it up.
        for number in range(options.blocks + 1):
            for name in sorted(servers, reverse=number % 2 == 1):
                measured = block(servers[name], bodies, options.requests, chooser)
                if number:
                    times[name] += measured
                # What waits to be checked is no load for the other server.
                time.sleep(1)
        checked = servers["with"].metric("shoal_certificate_loss_count")
        dropped = servers["with"].metric("shoal_certificate_checks_dropped_total")
        for server in servers.values():
            server.end()
    for name, seconds in times.items():
        figures = ", ".join(f"p{round(100 * share)} {1000 * percentile(seconds, share):.2f} ms" for share in (0.5, 0.9, 0.99))
        print(f"{name} the watch: {len(seconds)} requests, {figures}")
    print(f"{checked:.0f} sentences were decoded again, {dropped:.0f} dropped")


if __name__ == "__main__":
    main()
