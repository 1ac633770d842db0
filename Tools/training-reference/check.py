"""Checks of the reference itself: against transformers, and against finite differences."""

import argparse
import itertools
import json
import pathlib
import sys
import tempfile
import warnings

try:
    import torch
    from safetensors.torch import save_file
    from transformers import MarianMTModel
    import tiny
    from cases import Case, cases
    from make_fixtures import gradients
    from model import decode, encode, positions
    from objective import Objective, exits_of, loss, penalised, smoothed, token_scores
except ImportError as error:
    sys.exit(f"{error}: pip install -r {pathlib.Path(__file__).with_name('requirements.txt')}")


def marian(parameters, activation):
    with tempfile.TemporaryDirectory() as directory:
        config = {**tiny.CONFIG, "activation_function": activation, "dropout": 0.0}
        pathlib.Path(directory, "config.json").write_text(json.dumps(config))
        tensors = {name: value.to(torch.float32) for name, value in parameters.items()
                   if not name.startswith("exits.")}
        save_file(tensors, f"{directory}/model.safetensors", metadata={"format": "pt"})
        return MarianMTModel.from_pretrained(directory).double().eval()


def check_transformers(parameters, batches):
    worst = 0.0
    for activation in ["relu", "swish", "gelu"]:
        other = marian(parameters, activation)
        # transformers makes its position table in fp32; ours replaces it, to compare in fp64.
        for stack in [other.model.encoder, other.model.decoder]:
            table = stack.embed_positions.weight
            assert (table - positions(*table.shape, torch.float64)).abs().max() < 1e-6
            table.data = positions(*table.shape, torch.float64)
        network = tiny.NETWORK.with_(activation=activation)
        for sentence in itertools.chain(*batches):
            memory = encode(parameters, network, sentence["source"])
            states = decode(parameters, network, memory, sentence["target"])
            ours = states[-1] @ parameters["model.shared.weight"].T
            ours = ours + parameters["final_logits_bias"]
            theirs = other(
                input_ids=torch.tensor([sentence["source"]]),
                decoder_input_ids=torch.tensor([[network.pad] + sentence["target"][:-1]])).logits
            worst = max(worst, float((ours - theirs[0]).detach().abs().max()))
    print(f"logits against transformers: largest difference {worst:.1e}")
    assert worst < 1e-12


def check_gradients_against_transformers(parameters, batches):
    """The baseline's gradients, with transformers' network in place of ours."""
    other = marian(parameters, "relu")
    for stack in [other.model.encoder, other.model.decoder]:
        stack.embed_positions.weight.data = positions(
            *stack.embed_positions.weight.shape, torch.float64)
    batch = batches[1]
    total = 0
    for s in batch:
        logits = other(
            input_ids=torch.tensor([s["source"]]),
            decoder_input_ids=torch.tensor([[39] + s["target"][:-1]])).logits[0, :, :39]
        total = total + torch.nn.functional.cross_entropy(
            logits, torch.tensor(s["target"]), label_smoothing=0.1, reduction="sum")
    (total / sum(len(s["target"]) for s in batch)).backward()
    _, ours = gradients(parameters, Case("", 1, Objective(decoder_training="baseline")), batch)
    worst = 0.0
    for name, value in other.named_parameters():
        if name in ours and value.grad is not None:
            rows = slice(0, 39) if name == "model.shared.weight" else slice(None)
            worst = max(worst, float((ours[name][rows] - value.grad[rows]).abs().max()))
    print(f"gradients against transformers: largest difference {worst:.1e}")
    assert worst < 1e-12


def check_finite_differences(parameters, batches):
    """Two entries of every tensor of every case, by central differences of the loss."""
    draw = torch.Generator().manual_seed(1)
    worst, count = 0.0, 0
    for case in cases(batches):
        if case.objective.gradient_scaling != 1:
            continue
        _, values = gradients(parameters, case, batches[case.batch])
        for name, value in values.items():
            entries = torch.randint(value.numel(), (2,), generator=draw).tolist()
            for entry in entries:
                if name == "model.shared.weight" and entry // tiny.WIDTH == case.network.pad:
                    continue
                losses = []
                for step in [1e-5, -1e-5]:
                    moved = {**parameters, name: parameters[name].clone()}
                    moved[name].view(-1)[entry] += step
                    with torch.no_grad():
                        losses.append(
                            float(loss(moved, case.network, case.objective, batches[case.batch])
                                  .total))
                difference = (losses[0] - losses[1]) / 2e-5
                error = abs(difference - float(value.reshape(-1)[entry]))
                worst, count = max(worst, error), count + 1
                if error > 1e-7:
                    print(f"  {case.name} {name}[{entry}]: {difference} {value.view(-1)[entry]}")
    print(f"finite differences: {count} entries, largest difference {worst:.1e}")


def check_mixed(parameters, batches):
    """With every token at exit n, mixed is exit n of aligned."""
    for n in [1, 2, 3]:
        exits = [[[n] * len(s["target"]) for s in batches[0]]]
        mixed = loss(parameters, tiny.NETWORK,
                     Objective(decoder_training="mixed", exit_sequences=exits), batches[0])
        aligned = loss(parameters, tiny.NETWORK, Objective(), batches[0])
        assert abs(float(mixed.total - aligned.per_exit[n - 1])) < 1e-14
    print("mixed with one exit everywhere: the aligned loss of that exit")


def check_margins(parameters, batches):
    """How far every oracle and argmax is from choosing otherwise: what fp32 computes must
    not fall on the other side."""
    margin = {"argmax": 1e9, "likelihood": 1e9, "correctness": 1e9}
    right, total = 0, 0
    for separate in [False, True]:
        network = tiny.NETWORK.with_(separate_classifiers=separate)
        for s in itertools.chain(*batches):
            log_p = exits_of(parameters, network, s)[2]
            for p in log_p:
                best = p.topk(2, dim=1).values
                margin["argmax"] = min(margin["argmax"], float((best[:, 0] - best[:, 1]).min()))
            correct = token_scores(log_p, s["target"], "correctness")
            right, total = right + float(correct.sum()), total + correct.numel()
            for kind in ["likelihood", "correctness"]:
                scores = token_scores(log_p, s["target"], kind)
                tables = [smoothed(scores, sigma) for sigma in [0, 1, 4]]
                for table in tables + [scores.sum(dim=0, keepdim=True)]:
                    # At λ = 0 the correctness oracles tie, and pinned_exits says where.
                    for lambda_ in [0, 0.05, 0.15] if kind == "likelihood" else [0.05, 0.15]:
                        row = penalised(table, lambda_)
                        gaps = row.max(dim=1, keepdim=True).values - row
                        margin[kind] = min([margin[kind], *gaps[gaps > 0].tolist()])
    print(f"smallest margins: {margin}; correct predictions {right:.0f} of {total}")
    return margin


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    parameters = tiny.parameters()
    batches = tiny.batches(parameters)
    check_transformers(parameters, batches)
    check_gradients_against_transformers(parameters, batches)
    check_mixed(parameters, batches)
    margin = check_margins(parameters, batches)
    check_finite_differences(parameters, batches)
    assert min(margin.values()) > 1e-4


if __name__ == "__main__":
    main()
