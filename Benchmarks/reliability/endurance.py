"""Many requests, and many idle connections: what they leave behind, and what they cost. Needs `wrk` (Debian's package).

A hundred thousand translations must leave no descriptor and no memory; a thousand connections that stay idle must not change the throughput,
which is measured in alternating rounds with and without them.
"""
import argparse
import re
import socket
import statistics
import subprocess
import tempfile
from pathlib import Path

from service import ROOT, Server, descriptors, translation


def wrk(port, seconds, connections=32, path="/translate", body=None):
    """Requests a second, and how many there were."""
    body = body or translation()
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            f"wrk.method='POST'\nwrk.body=[[{body.decode()}]]\nwrk.headers['content-type']='application/json'\n"
            if path == "/translate" else "")
        script.flush()
        output = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, f"http://127.0.0.1:{port}{path}"],
            capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(output)
    return float(re.search(r"Requests/sec: +([\d.]+)", output)[1]), int(re.search(r"(\d+) requests in", output)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoal", type=Path, default=ROOT / ".build/release/shoal")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    server = Server(options.shoal, flags=["--log-access", "false"])
    wrk(server.port, 5)
    pid = server.process.pid
    before, open_before, count = server.resident(), descriptors(pid), 0
    while count < options.requests:
        count += wrk(server.port, 5)[1]
    print(
        f"{count} requests: resident memory {before / 2**20:.1f} → {server.resident() / 2**20:.1f} MiB, "
        f"descriptors {open_before} → {descriptors(pid)}")

    ratios = []
    for _ in range(options.rounds):
        alone = wrk(server.port, 3)[0]
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(options.idle)]
        beside = wrk(server.port, 3)[0]
        for connection in idle:
            connection.close()
        ratios.append(beside / alone)
    print(
        f"beside {options.idle} idle connections: {statistics.median(ratios):.3f} of the throughput "
        f"({min(ratios):.3f} … {max(ratios):.3f} in {options.rounds} rounds); {server.metric('shoal_http_connections_open'):.0f} connections open afterwards")
    server.end()


if __name__ == "__main__":
    main()
