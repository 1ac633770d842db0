"""Requests a second of /livez and of /translate beside nginx with a static file, and beside the engine alone, in alternating rounds.

Needs `wrk` and `nginx` (Debian's packages). All of them, and the load, share this machine's processors.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from endurance import wrk
from service import ROOT, TEXT, Server

NGINX = """
daemon off; worker_processes auto; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000; default_type application/json;
    server {{ listen 127.0.0.1:{port}; location / {{ root {folder}; }} }}
}}
"""


def engine(binary, precision, sentences):
    """Translations a second of the engine without a server, 64 in flight."""
    command = [
        str(binary), "bench", "--model", "models/multi30k-de-en", "--precision", precision, "--source", sentences, "--repeat", "20",
        "--in-flight", "64", "--policy", "token_geometric", "--json"]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return json.loads(output)["sentences_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoal", type=Path, default=ROOT / ".build/release/shoal")
    parser.add_argument("--precision", default="int8")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=18380, help="for nginx")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "livez").write_text('{"status":"ok"}')
        (Path(folder) / "text").write_text(f"{TEXT}\n" * 64)
        (Path(folder) / "nginx.conf").write_text(NGINX.format(folder=folder, port=options.port))
        Path(folder).chmod(0o755)
        nginx = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf"])
        server = Server(
            options.shoal, flags=["--log-access", "false", "--compute-precision", options.precision, "--exit-policy", "token_geometric"])
        try:
            rounds = [
                {
                    "nginx, static file": wrk(options.port, 3, 64, "/livez")[0],
                    "shoal, /livez": wrk(server.port, 3, 64, "/livez")[0],
                    "engine alone": engine(options.shoal, options.precision, f"{folder}/text"),
                    "shoal, /translate": wrk(server.port, 3, 64)[0],
                }
                for _ in range(options.rounds)
            ]
        finally:
            nginx.terminate()
            server.end()
    for name in rounds[0]:
        values = [one[name] for one in rounds]
        print(f"{name:20} {statistics.median(values):9.0f}/s  ({min(values):.0f} … {max(values):.0f})")
    for above, below in [("shoal, /livez", "nginx, static file"), ("shoal, /translate", "engine alone")]:
        ratios = [one[above] / one[below] for one in rounds]
        print(f"{above} against {below}: {statistics.median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f})")


if __name__ == "__main__":
    main()
