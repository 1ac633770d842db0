"""Writes a golden file anew: the same texts and settings, decoded by another checkpoint.

python make_golden.py MODEL_DIR --cases own.json [--output own.json]
python make_golden.py MODEL_DIR --corpus SOURCE REFERENCE --settings '[{"policy": "full"}]'
"""

import argparse
import collections
import json
import pathlib
import sys

try:
    import torch
    from checkpoint import Checkpoint
    from decoding import Hypothesis, beam, greedy
    from exits import ExitRule
    from network import Network
    from precision import PRECISIONS
except ImportError as error:
    sys.exit(f"{error}: pip install -r {pathlib.Path(__file__).with_name('requirements.txt')}")

BATCH = 128


def translate(network, source, case):
    """The best hypothesis of one source under a case's settings."""
    if source == [network.checkpoint.eos]:
        return Hypothesis()  # a text without pieces is not decoded
    rule = ExitRule(network, case["exit"])
    if case["beam_size"] == 1:
        return greedy(network, rule, [source])[0]
    return beam(network, rule, source, case["beam_size"], case["length_penalty"])


def sentence(network, text, case):
    source = network.checkpoint.ids(text)
    best = translate(network, source, case)
    return {
        "text": text,
        "source_ids": source,
        "target_ids": best.ids,
        "exit_layers": best.exits,
        "logprobs": [round(value, 5) for value in best.log_probabilities],
        "score": round(best.score(case["length_penalty"]), 5),
        "translation": network.checkpoint.text(best.ids),
    }


def largest_difference(old, new):
    """Of the numbers of two sentences whose ids agree."""
    pairs = [(old["score"], new["score"]), *zip(old["logprobs"], new["logprobs"])]
    return max(abs(a - b) for a, b in pairs)


def compare(old, new):
    """Prints how the new sentences differ from the old."""
    pairs = [pair for a, b in zip(old, new) for pair in zip(a["sentences"], b["sentences"])]
    changed = collections.Counter(
        key for a, b in pairs
        for key in ["source_ids", "target_ids", "exit_layers", "translation"] if a[key] != b[key])
    same = [largest_difference(a, b) for a, b in pairs if a["target_ids"] == b["target_ids"]]
    exact = sum(difference < 1.5e-5 for difference in same)  # a unit of the last digit
    differences = ", ".join(f"{key} in {count}" for key, count in changed.items())
    print(f"{len(new)} cases, {len(pairs)} sentences; differing: {differences or 'none'}; "
          f"largest difference of logprobs and scores elsewhere: {max(same, default=0):.1e}; "
          f"to the last digit in {exact}")


def make_golden(network, arguments):
    old = json.loads(arguments.cases.read_text(encoding="utf-8"))
    new = [
        {**case, "sentences": [sentence(network, s["text"], case) for s in case["sentences"]]}
        for case in old]
    compare(old, new)
    if arguments.output:
        arguments.output.write_text(
            json.dumps(new, indent=0, ensure_ascii=False), encoding="utf-8")


def batches(sources):
    """Indices of sources of one length, BATCH at most."""
    by_length = collections.defaultdict(list)
    for index, source in enumerate(sources):
        by_length[len(source)].append(index)
    for indices in by_length.values():
        for start in range(0, len(indices), BATCH):
            yield indices[start : start + BATCH]


def measure(network, sources, references, settings):
    """BLEU and average exit of a corpus, greedy."""
    try:
        import sacrebleu
    except ImportError:
        sys.exit("figures of a corpus need sacrebleu, which is in requirements.txt")

    rule = ExitRule(network, settings)
    done = [Hypothesis() for _ in sources]
    for indices in batches(sources):
        if sources[indices[0]] != [network.checkpoint.eos]:
            for index, hypothesis in zip(
                    indices, greedy(network, rule, [sources[i] for i in indices])):
                done[index] = hypothesis
    translations = [network.checkpoint.text(hypothesis.ids) for hypothesis in done]
    exits = [exit for hypothesis in done for exit in hypothesis.exits]
    return {
        "exit": settings,
        "bleu": round(sacrebleu.corpus_bleu(translations, [references]).score, 2),
        "average_exit": round(sum(exits) / max(len(exits), 1), 3),
    }


def lines(path):
    return pathlib.Path(path).read_text(encoding="utf-8").removesuffix("\n").split("\n")


def make_corpus_figures(network, arguments):
    source, reference = map(lines, arguments.corpus)
    if len(source) != len(reference):
        raise SystemExit(f"{len(source)} source lines, {len(reference)} reference lines")
    sources = [network.checkpoint.ids(text) for text in source]
    for settings in json.loads(arguments.settings):
        print(json.dumps(measure(network, sources, reference, settings)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--cases", type=pathlib.Path, help="a golden file: texts and settings")
    task.add_argument("--corpus", nargs=2, metavar=("SOURCE", "REFERENCE"))
    parser.add_argument("--output", type=pathlib.Path, help="where to write; else only compare")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--fp64", action="store_true", help="attention and normalisation in fp64")
    parser.add_argument("--settings", default='[{"policy": "full"}]', help="list of exit objects")
    arguments = parser.parse_args()
    try:
        json.loads(arguments.settings)
    except ValueError as error:
        parser.error(f"--settings is no JSON: {error}")

    torch.set_num_threads(1)
    with torch.inference_mode():
        network = Network(
            Checkpoint(arguments.model), PRECISIONS[arguments.precision](),
            torch.float64 if arguments.fp64 else torch.float32)
        (make_golden if arguments.cases else make_corpus_figures)(network, arguments)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"make_golden.py: {error}")
