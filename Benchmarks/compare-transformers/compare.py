"""Whether transformers' MarianMTModel generates the same tokens from a checkpoint as Shoal at full depth.

    python compare.py MODEL SOURCE.txt [--shoal .build/release/shoal] [--limit N]

Greedy search in float32, one sentence at a time, ids on both sides. Prints how many sentences differ, and the first ones that do.
"""

import argparse
import json
import pathlib
import subprocess
import sys

try:
    import sentencepiece
    import torch
    from transformers import MarianMTModel
except ImportError as error:
    sys.exit(f"{error}: pip install -r {pathlib.Path(__file__).with_name('requirements.txt')}")


def shoal_records(shoal, model, source):
    command = [shoal, "translate", "--model", model, "--policy", "full", "--json", "--file", source]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        sys.exit(f"{shoal} ended with {run.returncode}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("source")
    parser.add_argument("--shoal", default=".build/release/shoal")
    parser.add_argument("--limit", type=int)
    arguments = parser.parse_args()

    folder = pathlib.Path(arguments.model)
    if not (folder / "config.json").is_file():
        parser.error(f"{folder} is no checkpoint: it has no config.json")
    network = MarianMTModel.from_pretrained(arguments.model).eval()
    config = json.loads((folder / "config.json").read_text())
    ids = json.loads((folder / "vocab.json").read_text())
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    texts = pathlib.Path(arguments.source).read_text().split("\n")
    records = shoal_records(arguments.shoal, arguments.model, arguments.source)[: arguments.limit]
    different = 0
    for number, (text, record) in enumerate(zip(texts, records), 1):
        source = [ids.get(p, ids["<unk>"]) for p in pieces.encode(text, out_type=str)] + [ids["</s>"]]
        limit = min(config["max_position_embeddings"] - 1, 2 * len(source) + 10)
        with torch.no_grad():
            output = network.generate(
                torch.tensor([source]), num_beams=1, do_sample=False, max_new_tokens=limit,
                forced_eos_token_id=None)[0].tolist()[1:]
        ours = [token["id"] for token in record["tokens"]]
        if output != ours:
            different += 1
            if different <= 5:
                print(f"sentence {number}: transformers {output}, shoal {ours}")
    print(f"{len(records)} sentences, {different} different")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"compare.py: {error}")
