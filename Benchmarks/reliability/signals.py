"""SIGTERM and SIGHUP under load, many times each: no request of which the server read a byte may be lost.

Clients with keep-alive connections ask without a pause. A request without an answer counts by what became of it: `refused` never had a
connection; `closed` got not a single byte, on a connection that was closed before the server read the request; `cut` got part of an answer, which
must never happen. That nothing else was lost follows from the server's log, which has a line for each answer: as many as clients have.
"""
import argparse
import collections
import signal
import threading
from pathlib import Path

from service import ROOT, Connection, Server, translation


def clients(port, count, stop, outcomes):
    def work():
        connection = Connection(port)
        body = translation()
        while not stop.is_set():
            outcome, status, _ = connection.ask(body)
            outcomes[outcome if status in (0, 200) else str(status)] += 1
            if outcome == "refused":
                break
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def terminate(binary, connections, delay):
    """One life under load; returns the outcomes, and whether the log has as many answers."""
    server = Server(binary, flags=["--shutdown-drain-delay", delay])
    outcomes, stop = collections.Counter(), threading.Event()
    threads = clients(server.port, connections, stop, outcomes)
    while len(server.requests_logged()) < 5 * connections:
        pass
    status = server.end()
    for thread in threads:
        thread.join()
    answered = sum(count for outcome, count in outcomes.items() if outcome not in ("refused", "closed", "cut"))
    return outcomes, status, len(server.requests_logged()) - answered


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoal", type=Path, default=ROOT / ".build/release/shoal")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--drain-delay", default="0s")
    options = parser.parse_args()
    total, statuses, missing = collections.Counter(), collections.Counter(), 0
    for _ in range(options.times):
        outcomes, status, difference = terminate(options.shoal, options.connections, options.drain_delay)
        total += outcomes
        statuses[status] += 1
        missing += difference
    print(f"SIGTERM × {options.times}: exit status {dict(statuses)}; {dict(total)}; answers in the log that no client has: {missing}")

    server = Server(options.shoal)
    outcomes, stop = collections.Counter(), threading.Event()
    threads = clients(server.port, options.connections, stop, outcomes)
    before = server.resident()
    for index in range(options.times):
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_loads(index + 2)
    stop.set()
    for thread in threads:
        thread.join()
    after = server.resident()
    print(f"SIGHUP × {options.times}: {dict(outcomes)}; resident memory {before / 2**20:.0f} → {after / 2**20:.0f} MiB")
    server.end()


if __name__ == "__main__":
    main()
