"""The training objectives: what is minimised, and what the exits are taught."""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from model import decode, encode, log_probabilities

WEIGHTS = {
    "uniform": lambda n: 1.0,
    "n": lambda n: float(n),
    "sqrt_n": lambda n: n**0.5,
    "inverse_sqrt_n": lambda n: n**-0.5,
    "inverse_n": lambda n: 1.0 / n,
}


@dataclass(frozen=True)
class Heads:
    """How the exit heads are trained. alpha None: heads alone, on a network that stays as it is."""

    policy: str
    oracle: str
    lambda_: float = 0.0
    sigma: float = 0.0
    alpha: float | None = None


@dataclass(frozen=True)
class Objective:
    decoder_training: str = "aligned"
    weights: str = "uniform"
    label_smoothing: float = 0.1
    gradient_scaling: float = 1.0
    exit_sequences: list = field(default_factory=list)  # [M][sentence][t], of mixed training
    heads: Heads | None = None


@dataclass
class Loss:
    total: torch.Tensor
    decoder: torch.Tensor
    per_exit: list  # L_n of every exit (aligned), of the last (baseline), of each sequence (mixed)
    exits: torch.Tensor | None = None


def token_losses(log_p, target, smoothing, pad):
    """Label-smoothed losses, the smoothed mass spread over the allowed ids alone. [T]"""
    own = -log_p.gather(1, torch.tensor(target)[:, None])[:, 0]
    allowed = [i for i in range(log_p.shape[1]) if i != pad]
    return (1 - smoothing) * own - smoothing * log_p[:, allowed].mean(dim=1)


def exits_of(parameters, network, sentence):
    """The encoder's states, and after every layer the decoder's state and log p."""
    memory = encode(parameters, network, sentence["source"])
    states = decode(parameters, network, memory, sentence["target"])
    log_p = [log_probabilities(parameters, network, h, n + 1) for n, h in enumerate(states)]
    return memory, states, log_p


def token_scores(log_p, target, kind):
    """S_t^n of the oracles [T, N], without gradient."""
    y = torch.tensor(target)
    stacked = torch.stack([p.detach() for p in log_p], dim=1)  # [T, N, V]
    if kind == "correctness":
        return (stacked.argmax(dim=2) == y[:, None]).to(stacked.dtype)
    return stacked.gather(2, y[:, None, None].expand(-1, stacked.shape[1], 1))[:, :, 0]


def penalised(scores, lambda_):
    """S − λn, n along the last axis."""
    n = torch.arange(1, scores.shape[-1] + 1, dtype=scores.dtype)
    return scores - lambda_ * n


def smoothed(scores, sigma):
    """S̃_t^n = Σ_t' exp(−(t−t')²/σ) S_t'^n; σ = 0 leaves the scores as they are."""
    if sigma == 0:
        return scores
    t = torch.arange(len(scores), dtype=scores.dtype)
    weights = torch.exp(-((t[:, None] - t[None, :]) ** 2) / sigma)
    total = torch.zeros_like(scores)
    for other, row in enumerate(scores):  # in one order for every exit, so that ties stay ties
        total = total + weights[:, other, None] * row
    return total


def lowest_best(scores):
    """The first best exit in each row, from 1."""
    best = scores.max(dim=-1, keepdim=True).values
    return (scores == best).to(torch.int8).argmax(dim=-1) + 1


def oracle_scores(log_p, target, policy, oracle, lambda_, sigma):
    scores = token_scores(log_p, target, oracle.removeprefix("smoothed_"))
    if policy == "sequence":
        return penalised(scores.sum(dim=0), lambda_)
    return penalised(smoothed(scores, sigma if oracle.startswith("smoothed_") else 0), lambda_)


def pinned_exits(log_p, target, policy, oracle, lambda_, sigma):
    """The oracle's exits, 0 where rounding decides: where exits within 1e-5 of the best differ in
    which tokens they get right, so that only the order of a sum, or a far neighbour's vanishing
    weight, tells them apart."""
    scores = oracle_scores(log_p, target, policy, oracle, lambda_, sigma)
    exits = lowest_best(scores)
    if oracle != "smoothed_correctness":
        return exits
    right = token_scores(log_p, target, "correctness")
    for t, row in enumerate(scores):
        rivals = (row >= row.max() - 1e-5).nonzero()[:, 0]
        if not (right[:, rivals] == right[:, rivals[:1]]).all():
            exits[t] = 0
    return exits


def head_loss(parameters, heads, memory, states, log_p, target):
    """The sum of a sentence's exit losses, and the number of them."""
    weight = parameters[f"exits.{heads.policy}.weight"]
    bias = parameters[f"exits.{heads.policy}.bias"]
    if heads.policy == "token_geometric":
        z = torch.stack([h @ weight[n] + bias[n] for n, h in enumerate(states[:-1])], dim=1)
        if heads.oracle == "agreement":
            best = torch.stack([p.argmax(dim=1) for p in log_p], dim=1)
            agrees = (best[:, :-1] == best[:, -1:]).to(z.dtype)
            losses = F.binary_cross_entropy_with_logits(z, agrees, reduction="none").sum(dim=1)
            return losses.sum(), len(losses)
        go_on = F.logsigmoid(-z).cumsum(dim=1)
        before = torch.cat([torch.zeros_like(go_on[:, :1]), go_on], dim=1)
        stop = torch.cat([F.logsigmoid(z), torch.zeros_like(z[:, :1])], dim=1)
        log_q = before + stop
    elif heads.policy == "token_multinomial":
        log_q = (states[0] @ weight.T + bias).log_softmax(dim=1)
    else:
        log_q = (memory.mean(dim=0) @ weight.T + bias).log_softmax(dim=0)[None]
    scores = oracle_scores(log_p, target, heads.policy, heads.oracle, heads.lambda_, heads.sigma)
    best = lowest_best(scores).reshape(-1, 1) - 1
    return -log_q.gather(1, best).sum(), len(best)


def mixed_loss(parameters, network, objective, batch, tokens):
    sequences = []
    for exits in objective.exit_sequences:
        total = 0
        for sentence, own in zip(batch, exits):
            memory = encode(parameters, network, sentence["source"])
            states = decode(parameters, network, memory, sentence["target"], own)
            for n, h in enumerate(states):
                log_p = log_probabilities(parameters, network, h, n + 1)
                losses = token_losses(
                    log_p, sentence["target"], objective.label_smoothing, network.pad)
                total = total + losses[torch.tensor(own) == n + 1].sum()
        sequences.append(total / tokens)
    return sequences


def loss(parameters, network, objective, batch):
    tokens = sum(len(s["target"]) for s in batch)
    if objective.decoder_training == "mixed":
        sequences = mixed_loss(parameters, network, objective, batch, tokens)
        total = sum(sequences) / len(sequences)
        return Loss(total, total, sequences)

    sums = [0] * network.decoder_layers
    head_sum, head_count = 0, 0
    for sentence in batch:
        memory, states, log_p = exits_of(parameters, network, sentence)
        for n, h in enumerate(states):
            own = log_probabilities(parameters, network, h, n + 1)
            sums[n] = sums[n] + token_losses(
                own, sentence["target"], objective.label_smoothing, network.pad).sum()
        if objective.heads is not None:
            if objective.heads.alpha is None:
                memory, states = memory.detach(), [h.detach() for h in states]
            part, count = head_loss(
                parameters, objective.heads, memory, states, log_p, sentence["target"])
            head_sum, head_count = head_sum + part, head_count + count

    per_exit = [s / tokens for s in sums]
    if objective.decoder_training == "baseline":
        decoder, per_exit = per_exit[-1], per_exit[-1:]
    else:
        weights = [WEIGHTS[objective.weights](n + 1) for n in range(len(per_exit))]
        decoder = sum(w * l for w, l in zip(weights, per_exit)) / sum(weights)
    if objective.heads is None:
        return Loss(decoder, decoder, per_exit)
    exits = head_sum / head_count
    if objective.heads.alpha is None:
        return Loss(exits, decoder, per_exit, exits)
    return Loss(decoder + objective.heads.alpha * exits, decoder, per_exit, exits)
