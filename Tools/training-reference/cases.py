"""The pinned cases: a name, the batch, the network and the objective of each."""

from dataclasses import dataclass

import numpy as np

from model import Network
from objective import WEIGHTS, Heads, Objective
from tiny import NETWORK


@dataclass(frozen=True)
class Case:
    name: str
    batch: int
    objective: Objective
    network: Network = NETWORK


def exit_sequences(batch, count, seed):
    draw = np.random.default_rng(seed)
    return [
        [[int(n) for n in draw.integers(1, NETWORK.decoder_layers + 1, len(s["target"]))]
         for s in batch]
        for _ in range(count)
    ]


def cases(batches):
    result = [
        Case(f"aligned_{weights}", i, Objective(weights=weights))
        for i, weights in enumerate(WEIGHTS)
    ]
    result += [
        Case("aligned_without_smoothing", 1, Objective(label_smoothing=0.0)),
        Case("baseline", 1, Objective(decoder_training="baseline")),
        Case("gradient_scaling_2", 2, Objective(gradient_scaling=2.0)),
        Case("separate_classifiers", 2, Objective(),
             NETWORK.with_(separate_classifiers=True)),
        Case("shared_layers", 3, Objective(), NETWORK.with_(shared_layers=True)),
        Case("swish", 4, Objective(), NETWORK.with_(activation="swish")),
        Case("gelu", 0, Objective(), NETWORK.with_(activation="gelu")),
    ]
    for count, batch in [(1, 3), (3, 4)]:
        sequences = exit_sequences(batches[batch], count, seed=count)
        objective = Objective(decoder_training="mixed", exit_sequences=sequences)
        result.append(Case(f"mixed_{count}", batch, objective))

    joint = [
        (0, Heads("sequence", "likelihood", 0.05, 0.0, 0.5)),
        (1, Heads("token_multinomial", "smoothed_correctness", 0.05, 1.0, 0.5)),
        (2, Heads("token_geometric", "smoothed_likelihood", 0.05, 1.0, 0.5)),
    ]
    for batch, heads in joint:
        result.append(Case(f"joint_{heads.policy}", batch, Objective(heads=heads)))

    frozen = [Heads("sequence", oracle, 0.15) for oracle in ["likelihood", "correctness"]]
    for policy in ["token_multinomial", "token_geometric"]:
        frozen += [
            Heads(policy, "likelihood", 0.15),
            Heads(policy, "smoothed_likelihood", 0.15, 4.0),
            Heads(policy, "correctness", 0.05),
            Heads(policy, "smoothed_correctness", 0.05, 1.0),
        ]
    frozen.append(Heads("token_geometric", "agreement"))
    for i, heads in enumerate(frozen):
        name = f"frozen_{heads.policy}_{heads.oracle}"
        result.append(Case(name, i % len(batches), Objective(heads=heads)))
    return result


def trained_names(case, names):
    """The parameters that take part in a case."""
    heads = case.objective.heads
    kept = []
    for name in names:
        if name.startswith("exits.classifiers."):
            last = f"exits.classifiers.{case.network.decoder_layers - 1}."
            trained = case.network.separate_classifiers and not name.startswith(last)
        elif name.startswith("exits."):
            trained = heads is not None and name.startswith(f"exits.{heads.policy}.")
        elif heads is not None and heads.alpha is None:
            trained = False
        else:
            trained = not case.network.shared_layers or ".layers." not in name
            trained = trained or ".layers.0." in name
        if trained:
            kept.append(name)
    return kept
