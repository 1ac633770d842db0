"""More load than the server can serve: what refusals, probes and accepted requests see, and what memory does.

The capacity is measured first, with clients that wait for their answers. Then requests come whether or not answers do, each with a
deadline, while a probe asks /livez twenty times a second: at ten times the capacity all the time (steady), at a rate that grows from a tenth of
the capacity to that (rising), and in storms of one second at that rate with five quiet ones between (bursts). Ends with 1 where more than 1 % of
the accepted requests expire.
"""
import argparse
import asyncio
import collections
import time
from pathlib import Path

from service import ROOT, Server, percentile, translation


async def ask(port, request):
    """One exchange on a connection of its own: (status, seconds)."""
    start = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        answer = await reader.read(-1)
        return int(answer[9:12]), time.monotonic() - start
    finally:
        writer.close()


def post(body):
    head = f"POST /translate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


async def capacity(port, request, seconds, clients=32):
    """Answers a second to clients that wait for theirs."""
    end, count = time.monotonic() + seconds, 0

    async def client():
        nonlocal count
        while time.monotonic() < end:
            status, _ = await ask(port, request)
            count += status == 200

    await asyncio.gather(*(client() for _ in range(clients)))
    return count / seconds


LOADS = {
    "steady": lambda share, _: 1.0,
    "rising": lambda share, _: 0.01 + 0.99 * share,
    "bursts": lambda _, time: 1.0 if time % 6 < 1 else 0.01,
}


async def overload(port, request, rate, seconds, load):
    """Requests at up to a rate, and probes; returns the seconds of each by status, and those of the probes."""
    results, probes, errors = collections.defaultdict(list), [], collections.Counter()

    async def one():
        try:
            status, elapsed = await ask(port, request)
            results[status].append(elapsed)
        except OSError as error:
            errors[type(error).__name__] += 1

    async def probe():
        while time.monotonic() < end:
            status, elapsed = await ask(port, b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            probes.append(elapsed if status == 200 else float("inf"))
            await asyncio.sleep(0.05)

    start = time.monotonic()
    end = start + seconds
    prober, tasks = asyncio.create_task(probe()), set()
    sent, due, last = 0, 0.0, start
    while (now := time.monotonic()) < end:
        due += (now - last) * rate * load((now - start) / seconds, now - start)
        last = now
        while sent < due:
            task = asyncio.create_task(one())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            sent += 1
        await asyncio.sleep(0.002)
    await asyncio.gather(prober, *tasks)
    return results, probes, errors, sent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoal", type=Path, default=ROOT / ".build/release/shoal")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--factor", type=float, default=10)
    parser.add_argument("--timeout-ms", type=int, default=5000, help="deadline of each request")
    parser.add_argument("--load", choices=LOADS, action="append", help="may be given again; all by default")
    options = parser.parse_args()
    server = Server(options.shoal, flags=["--log-access", "false"])
    # Work enough that this program, on the same processors, can send ten times as much of it.
    request = post(translation(texts=8, beam_size=4, timeout_ms=options.timeout_ms))
    served = asyncio.run(capacity(server.port, request, 5))
    print(f"capacity {served:.0f} requests/s")
    failed = False
    for load in options.load or LOADS:
        failed |= show(server, load, options, request, served)
    server.end()
    raise SystemExit(failed)


def show(server, load, options, request, served):
    """Runs a load and prints what came of it; whether more than 1 % of the accepted requests expired."""
    before = server.resident()
    results, probes, errors, sent = asyncio.run(
        overload(server.port, request, options.factor * served, options.seconds, LOADS[load]))
    after = server.resident()
    accepted, expired = len(results[200]) + len(results[504]), len(results[504])
    share = expired / accepted if accepted else 0
    print(f"{load}: {sent} sent in {options.seconds:.0f} s, {sent / options.seconds / served:.1f} times the capacity")
    print(f"accepted {accepted}, {accepted / options.seconds:.0f} a second, of which {expired} expired: {100 * share:.2f} %")
    for status, seconds in sorted((status, seconds) for status, seconds in results.items() if seconds):
        print(
            f"{status}: {len(seconds)} answers, p50 {1000 * percentile(seconds, 0.5):.1f} ms, p99 {1000 * percentile(seconds, 0.99):.1f} ms, "
            f"longest {1000 * max(seconds):.1f} ms")
    if errors:
        print(f"without an answer: {dict(errors)}")
    print(f"/livez: {len(probes)} probes, p50 {1000 * percentile(probes, 0.5):.1f} ms, p99 {1000 * percentile(probes, 0.99):.1f} ms")
    print(f"resident memory {before / 2**20:.0f} → {after / 2**20:.0f} MiB, {server.metric('process_open_fds'):.0f} descriptors open")
    return share > 0.01


if __name__ == "__main__":
    main()
