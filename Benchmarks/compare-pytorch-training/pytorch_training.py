"""The PyTorch side: trains for some steps and writes a log of the same form as shoal's."""

import argparse
import json
import pathlib
import random
import sys
import time

try:
    import sentencepiece
    import torch

    from network import Network, aligned_loss
except ImportError as error:
    sys.exit(f"{error}: pip install -r {pathlib.Path(__file__).with_name('requirements.txt')}")

SHAPE = {"d_model": 128, "ffn": 512, "heads": 4, "layers": 6, "dropout": 0.1}


def read_ids(path, processor, vocabulary):
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    unknown, end = vocabulary["<unk>"], vocabulary["</s>"]
    pieces = processor.encode(lines, out_type=str)
    return [[vocabulary.get(piece, unknown) for piece in line] + [end] for line in pieces]


def make_batches(sources, targets, pad, most_tokens, draw):
    """Sentences of like length together; a batch's padded targets are at most most_tokens."""
    order = list(range(len(sources)))
    draw.shuffle(order)
    order.sort(key=lambda i: (len(targets[i]), len(sources[i])))
    groups, group = [], []
    for i in order:
        if group and (len(group) + 1) * max(len(targets[i]), 1) > most_tokens:
            groups.append(group)
            group = []
        group.append(i)
    groups.append(group)
    draw.shuffle(groups)

    def padded(rows):
        longest = max(map(len, rows))
        return torch.tensor([row + [pad] * (longest - len(row)) for row in rows])

    return [
        (padded([sources[i] for i in g]), padded([targets[i] for i in g]),
         sum(len(targets[i]) for i in g))
        for g in groups]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch-tokens", type=int, default=1800)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loss", choices=["fused", "stacked", "each"], default="fused")
    parser.add_argument("--block", type=int, default=128)
    parser.add_argument("--adam", choices=["fused", "foreach"], default="fused")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    model = pathlib.Path(options.model)
    vocabulary = json.loads((model / "vocab.json").read_text(encoding="utf-8"))
    pad = vocabulary["<pad>"]
    sides = []
    for path, name in [(options.source, "source.spm"), (options.target, "target.spm")]:
        processor = sentencepiece.SentencePieceProcessor(model_file=str(model / name))
        sides.append(read_ids(path, processor, vocabulary))
    kept = [(s, t) for s, t in zip(*sides) if 1 < len(s) <= 256 and 1 < len(t) <= 256]
    batches = make_batches([s for s, _ in kept], [t for _, t in kept], pad,
                           options.batch_tokens, random.Random(options.seed))

    network = Network({**SHAPE, "vocabulary": len(vocabulary), "pad": pad}).train()
    adam = torch.optim.Adam(
        network.parameters(), lr=1e-3, betas=(0.9, 0.98), eps=1e-9, **{options.adam: True})
    with open(options.log, "w") as log:
        before = time.perf_counter()
        for step in range(1, options.steps + 1):
            source, target, tokens = batches[(step - 1) % len(batches)]
            start = torch.full_like(target[:, :1], pad)
            states = network(source, torch.cat([start, target[:, :-1]], dim=1))
            loss = aligned_loss(network, states, target, 0.1, options.loss, options.block)
            adam.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0, foreach=True)
            adam.step()
            now = time.perf_counter()
            log.write(json.dumps({"event": "step", "step": step, "target_tokens": tokens,
                                  "seconds": now - before, "loss": loss.item()}) + "\n")
            log.flush()
            before = now


if __name__ == "__main__":
    main()
