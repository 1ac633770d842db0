#!/usr/bin/env python3
"""Training throughput and peak memory of shoal and of PyTorch, in alternating rounds.

The same model, the same sentences, the same limit on a batch, two threads, one machine; each run is
a process of its own. This file imports nothing but the standard library, so that no other memory
is counted.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

CONFIGURATION = """\
data:
  train: {{source: {source}, target: {target}}}
  validation: {{source: {few_source}, target: {few_target}}}
vocabulary: {{from: {model}}}
model: {{width: 128, heads: 4, encoder_layers: 6, decoder_layers: 6, feed_forward_width: 512}}
decoder: {{training: aligned, exit_weights: uniform}}
optimizer: {{peak_rate: 0.001, warm_up: 1000, clip_norm: 1.0, label_smoothing: 0.1, dropout: 0.1}}
batch: {{tokens: {batch_tokens}}}
validation: {{every: 1000000}}
log: {{every: 10}}
steps: {steps}
seed: {seed}
"""
WARMUP_STEPS = 10


def run(command, log, environment):
    """Tokens per second after the first steps, and the process's peak resident set in MiB."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, env={**os.environ, **environment})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            sys.exit(f"{command[0]} ended with {process.returncode}:\n"
                     + errors.read().decode(errors="replace"))
    events = [json.loads(line) for line in log.read_text().splitlines()]
    steps = [e for e in events if e["event"] == "step" and e["step"] > WARMUP_STEPS]
    if not steps:
        sys.exit(f"{log} has no step after the first {WARMUP_STEPS}")
    tokens = sum(e["target_tokens"] for e in steps)
    return tokens / sum(e["seconds"] for e in steps), usage.ru_maxrss / 1024


def pytorch(options, round_, work, loss="fused"):
    script = pathlib.Path(__file__).with_name("pytorch_training.py")
    log = work / f"pytorch-{loss}-{round_}.jsonl"
    threads = str(options.threads)
    return run(
        [sys.executable, str(script), "--source", options.source, "--target", options.target,
         "--model", options.model, "--log", str(log), "--steps", str(options.steps),
         "--threads", threads, "--batch-tokens", str(options.batch_tokens),
         "--seed", str(round_), "--loss", loss], log, {"OMP_NUM_THREADS": threads})


def pytorch_plain(options, round_, work):
    return pytorch(options, round_, work, loss="each")


def shoal(options, round_, work):
    configuration = work / f"shoal-{round_}.yaml"
    output = work / f"shoal-{round_}"
    paths = {name: json.dumps(str(pathlib.Path(getattr(options, name)).resolve()))
             for name in ["source", "target", "model"]}
    for name in ["source", "target"]:
        few = work / f"few.{name}"
        lines = pathlib.Path(getattr(options, name)).read_text(encoding="utf-8").splitlines()
        few.write_text("\n".join(lines[:100]) + "\n", encoding="utf-8")
        paths["few_" + name] = json.dumps(str(few))
    configuration.write_text(CONFIGURATION.format(
        **paths, batch_tokens=options.batch_tokens, steps=options.steps, seed=round_))
    return run(
        [options.shoal, "train", str(configuration), "--output", str(output),
         "--threads", str(options.threads)], output / "log.jsonl", {})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, help="source sentences, one a line")
    parser.add_argument("--target", required=True, help="their translations")
    parser.add_argument("--model", default="models/multi30k-de-en",
                        help="directory with source.spm, target.spm and vocab.json")
    parser.add_argument("--shoal", default=".build/release/shoal")
    parser.add_argument("--pytorch-only", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch-tokens", type=int, default=1800)
    options = parser.parse_args()
    for path in [options.source, options.target, f"{options.model}/vocab.json"] + ([] if options.pytorch_only else [options.shoal]):
        if not pathlib.Path(path).is_file():
            parser.error(f"there is no file {path}")
    if options.steps <= WARMUP_STEPS:
        parser.error(f"--steps must be above {WARMUP_STEPS}, which are not counted")

    sides = {"pytorch, fused loss": pytorch, "pytorch, F.cross_entropy": pytorch_plain}
    if not options.pytorch_only:
        sides["shoal"] = shoal
    results = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as directory:
        for round_ in range(1, options.rounds + 1):
            # Who goes first alternates, so that neither always has the warmer machine.
            order = list(sides) if round_ % 2 else list(reversed(sides))
            for name in order:
                results[name].append(sides[name](options, round_, pathlib.Path(directory)))
                speed, memory = results[name][-1]
                print(f"round {round_}  {name:24} {speed:7.0f} tokens/s  {memory:6.0f} MiB",
                      flush=True)

    print(f"\nmedians of {options.rounds} rounds, {options.threads} threads")
    for name, rounds in results.items():
        speed, memory = (statistics.median(column) for column in zip(*rounds))
        print(f"{name:24} {speed:7.0f} tokens/s  {memory:6.0f} MiB")
    for name in [name for name in results if "shoal" in results and name != "shoal"]:
        pairs = list(zip(results["shoal"], results[name]))
        speed = statistics.median(a[0] / b[0] for a, b in pairs)
        memory = statistics.median(a[1] / b[1] for a, b in pairs)
        print(f"shoal / {name}: {speed:.2f} × tokens/s, {memory:.2f} × memory")


if __name__ == "__main__":
    main()
