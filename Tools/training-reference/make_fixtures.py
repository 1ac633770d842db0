"""Writes Tests/Golden/training: a tiny model, and what one correct trainer computes for it.

python make_fixtures.py [directory]
"""

import argparse
import json
import math
import pathlib
import shutil
import sys

try:
    import torch
    from safetensors.torch import save_file
    import tiny
    from cases import Case, cases, trained_names
    from objective import Heads, Objective, exits_of, loss, pinned_exits
except ImportError as error:
    sys.exit(f"{error}: pip install -r {pathlib.Path(__file__).with_name('requirements.txt')}")

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEPS = 50
KINDS, SIGMAS, LAMBDAS = ["likelihood", "correctness"], [0, 1, 4], [0, 0.05, 0.15]
OPTIMISER = {
    "beta1": 0.9, "beta2": 0.98, "epsilon": 1e-9, "clip_norm": 1.0, "peak_learning_rate": 3e-3,
    "warmup_steps": 10,
}


def gradients(parameters, case, batch):
    """The loss, and the gradient of every parameter that takes part.

    Block n's own parameters get γ times the gradient of exit n's own loss; it is back at its normal
    scale before it reaches what lies below (Elbayad et al., §3.1). The row of the pad id, which decoding
    starts from, is held at zero as in every Marian checkpoint, so it gets no gradient."""
    names = trained_names(case, parameters)
    leaves = {name: value.detach().clone() for name, value in parameters.items()}
    for name in names:
        leaves[name].requires_grad_(True)
    result = loss(leaves, case.network, case.objective, batch)
    values = torch.autograd.grad(
        result.total, [leaves[name] for name in names], retain_graph=True)
    total = dict(zip(names, values))
    gamma, exits = case.objective.gradient_scaling, case.network.decoder_layers
    for n in range(exits if gamma != 1 else 0):
        block = [name for name in total if f"decoder.layers.{n}." in name]
        own = torch.autograd.grad(
            result.per_exit[n] / exits, [leaves[name] for name in block], retain_graph=True)
        for name, value in zip(block, own):
            total[name] = total[name] + (gamma - 1) * value
    if "model.shared.weight" in total:
        total["model.shared.weight"] = total["model.shared.weight"].clone()
        total["model.shared.weight"][case.network.pad] = 0
    return result, total


def norm(values):
    return math.sqrt(sum(float((value.double() ** 2).sum()) for value in values))


def curve(case, batches, dtype):
    """STEPS steps of clipped Adam through the batches in turn."""
    parameters = tiny.parameters(dtype)
    names = trained_names(case, parameters)
    first = {name: torch.zeros_like(parameters[name]) for name in names}
    second = {name: torch.zeros_like(parameters[name]) for name in names}
    beta1, beta2 = OPTIMISER["beta1"], OPTIMISER["beta2"]
    losses, norms = [], []
    for step in range(1, STEPS + 1):
        result, values = gradients(parameters, case, batches[(step - 1) % len(batches)])
        losses.append(result.total.item())
        norms.append(norm(values.values()))
        factor = min(1.0, OPTIMISER["clip_norm"] / norms[-1])
        warmup = OPTIMISER["warmup_steps"]
        rate = OPTIMISER["peak_learning_rate"] * min(step / warmup, math.sqrt(warmup / step))
        for name in names:
            g = values[name] * factor
            first[name] = beta1 * first[name] + (1 - beta1) * g
            second[name] = beta2 * second[name] + (1 - beta2) * g**2
            mean = first[name] / (1 - beta1**step)
            root = (second[name] / (1 - beta2**step)).sqrt()
            parameters[name] = parameters[name] - rate * mean / (root + OPTIMISER["epsilon"])
    # A key bias shifts every score of a query alike, so its gradient is rounding error, which Adam
    # makes into full steps: its value means nothing, and it is left out.
    final = {
        name: {"sum": float(parameters[name].double().sum()),
               "sum_of_squares": float((parameters[name].double() ** 2).sum())}
        for name in names if not name.endswith("k_proj.bias")
    }
    return {"losses": losses, "gradient_norms": norms, "final_parameters": final}


def oracles(parameters, network, batch, index):
    """Every oracle's exits, [sentence][t] or, for the sequence oracles, [sentence]; 0: not pinned."""
    with torch.no_grad():
        log_p = [exits_of(parameters, network, sentence)[2] for sentence in batch]
    asked = [
        ("sequence", kind, 0, lambda_) for kind in KINDS for lambda_ in LAMBDAS
    ] + [
        ("token", f"smoothed_{kind}" if sigma else kind, sigma, lambda_)
        for kind in KINDS for sigma in SIGMAS for lambda_ in LAMBDAS
    ]
    result = []
    for policy, oracle, sigma, lambda_ in asked:
        exits = [
            pinned_exits(p, s["target"], policy, oracle, lambda_, sigma).tolist()
            for p, s in zip(log_p, batch)]
        result.append({"batch": index, "policy": policy, "oracle": oracle, "sigma": sigma,
                       "lambda": lambda_, "exits": exits})
    return result


def network_settings(network):
    return {
        "activation_function": network.activation,
        "shared_layers": network.shared_layers,
        "exit_classifiers": "separate" if network.separate_classifiers else "shared",
    }


def settings(case):
    o = case.objective
    result = {
        **network_settings(case.network),
        "decoder_training": o.decoder_training,
        "exit_weights": o.weights,
        "label_smoothing": o.label_smoothing,
        "gradient_scaling": o.gradient_scaling,
    }
    if o.exit_sequences:
        result["exit_sequences"] = o.exit_sequences
    if o.heads is not None:
        result["heads"] = {
            "policy": o.heads.policy, "oracle": o.heads.oracle, "lambda": o.heads.lambda_,
            "sigma": o.heads.sigma, "alpha": o.heads.alpha}
    return result


def record(case, result, values, directory):
    file = f"gradients/{case.name}.safetensors"
    save_file({name: v.to(torch.float32).contiguous() for name, v in values.items()},
              directory / file)
    losses = {"total": result.total.item(), "decoder": result.decoder.item(),
              "per_exit": [l.item() for l in result.per_exit]}
    if result.exits is not None:
        losses["exits"] = result.exits.item()
    return {"name": case.name, "batch": case.batch, "settings": settings(case), "loss": losses,
            "gradient_norm": norm(values.values()), "gradients": file}


def curves(batches):
    heads = Heads("token_geometric", "smoothed_likelihood", 0.05, 1.0, 0.5)
    result = []
    for name, objective in [("aligned", Objective()), ("joint_geometric", Objective(heads=heads))]:
        case = Case(name, 0, objective)
        result.append({
            "name": name, "settings": settings(case), "optimiser": OPTIMISER, "steps": STEPS,
            "float64": curve(case, batches, torch.float64),
            "float32": curve(case, batches, torch.float32)})
    return result


def shortened(value):
    """Floats to 12 significant digits."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dict):
        return {key: shortened(v) for key, v in value.items()}
    return [shortened(v) for v in value] if isinstance(value, list) else value


def lines(document):
    """JSON with one line for each element of a top-level list."""
    parts = []
    for key, value in document.items():
        text = json.dumps(value, separators=(",", ":"))
        if isinstance(value, list):
            text = "[\n" + ",\n".join(
                json.dumps(v, separators=(",", ":")) for v in value) + "\n]"
        parts.append(f"{json.dumps(key)}:{text}")
    return "{" + ",\n".join(parts) + "}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", nargs="?", type=pathlib.Path, default=ROOT / "Tests/Golden/training")
    directory = parser.parse_args().directory
    torch.set_num_threads(1)
    shutil.rmtree(directory / "gradients", ignore_errors=True)
    for name in ["tiny", "gradients"]:
        (directory / name).mkdir(parents=True, exist_ok=True)
    parameters = tiny.parameters()
    batches = tiny.batches(parameters)
    for file, own in [("model", False), ("exits", True)]:
        save_file({name: v.to(torch.float32) for name, v in parameters.items()
                   if name.startswith("exits.") == own}, directory / f"tiny/{file}.safetensors")

    records = []
    for case in cases(batches):
        result, values = gradients(parameters, case, batches[case.batch])
        records.append(record(case, result, values, directory))

    separate = tiny.NETWORK.with_(separate_classifiers=True)
    asked = [(tiny.NETWORK, i) for i in range(len(batches))] + [(separate, 2)]
    document = {
        "model": tiny.CONFIG,
        "batches": batches,
        "cases": records,
        "oracles": [
            {**network_settings(network), **row}
            for network, index in asked
            for row in oracles(parameters, network, batches[index], index)],
        "curves": curves(batches),
    }
    (directory / "cases.json").write_text(lines(shortened(document)))
    for file in directory.rglob("*.safetensors"):
        file.chmod(0o644)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"make_fixtures.py: {error}")
