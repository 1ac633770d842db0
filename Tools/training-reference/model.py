"""The Marian network with an exit after every decoder layer, in plain PyTorch, one sentence at a time.

Without padding and without batching there is nothing to mask but the future, so every line can be
read against the equations. S: source tokens, T: target tokens, d: model width, N: decoder layers,
A: allowed ids (the vocabulary without the banned ones).
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

ACTIVATIONS = {
    "relu": torch.relu,
    "swish": lambda x: x * torch.sigmoid(x),
    "gelu": lambda x: F.gelu(x, approximate="none"),
}


@dataclass(frozen=True)
class Network:
    """What the parameters' shapes do not tell."""

    encoder_layers: int = 2
    decoder_layers: int = 3
    encoder_heads: int = 2
    decoder_heads: int = 4
    eos: int = 0
    pad: int = 39
    activation: str = "relu"
    shared_layers: bool = False
    separate_classifiers: bool = False

    def with_(self, **changes):
        return replace(self, **changes)


def positions(length, width, dtype):
    """Row p: sin(p / 10000^(2k/d)) for k = 0 … d/2 − 1, then cos of the same. [length, width]"""
    k = torch.arange(width // 2, dtype=torch.float64)
    angle = torch.arange(length, dtype=torch.float64)[:, None] / 10000 ** (2 * k / width)
    return torch.cat([angle.sin(), angle.cos()], dim=1).to(dtype)


def embed(parameters, ids):
    table = parameters["model.shared.weight"]
    width = table.shape[1]
    return table[torch.tensor(ids)] * width**0.5 + positions(len(ids), width, table.dtype)


def linear(parameters, name, x):
    return x @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]


def add_and_normalise(parameters, name, x, update):
    weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    return F.layer_norm(x + update, weight.shape, weight, bias, eps=1e-5)


def attention(parameters, name, x, source, heads, causal):
    """x [Q, d] attends to source [K, d]."""

    def split(y):
        return y.view(len(y), heads, -1).transpose(0, 1)

    query = split(linear(parameters, f"{name}.q_proj", x))
    key = split(linear(parameters, f"{name}.k_proj", source))
    value = split(linear(parameters, f"{name}.v_proj", source))
    scores = query @ key.transpose(1, 2) / query.shape[-1] ** 0.5
    if causal:
        future = torch.ones(scores.shape[1:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(future, float("-inf"))
    mixed = (scores.softmax(dim=-1) @ value).transpose(0, 1).reshape(len(x), -1)
    return linear(parameters, f"{name}.out_proj", mixed)


def feed_forward(parameters, name, x, activation):
    hidden = ACTIVATIONS[activation](linear(parameters, f"{name}.fc1", x))
    return linear(parameters, f"{name}.fc2", hidden)


def encode(parameters, network, source):
    """The encoder's states [S, d]."""
    x = embed(parameters, source)
    for i in range(network.encoder_layers):
        name = f"model.encoder.layers.{0 if network.shared_layers else i}"
        update = attention(parameters, f"{name}.self_attn", x, x, network.encoder_heads, False)
        x = add_and_normalise(parameters, f"{name}.self_attn_layer_norm", x, update)
        update = feed_forward(parameters, name, x, network.activation)
        x = add_and_normalise(parameters, f"{name}.final_layer_norm", x, update)
    return x


def decoder_block(parameters, network, i, x, memory):
    name = f"model.decoder.layers.{0 if network.shared_layers else i}"
    heads = network.decoder_heads
    update = attention(parameters, f"{name}.self_attn", x, x, heads, True)
    x = add_and_normalise(parameters, f"{name}.self_attn_layer_norm", x, update)
    update = attention(parameters, f"{name}.encoder_attn", x, memory, heads, False)
    x = add_and_normalise(parameters, f"{name}.encoder_attn_layer_norm", x, update)
    update = feed_forward(parameters, name, x, network.activation)
    return add_and_normalise(parameters, f"{name}.final_layer_norm", x, update)


def decode(parameters, network, memory, target, exits=None):
    """The decoder's states after each layer, N tensors [T, d].

    exits holds one exit in 1 … N per position. A position that has exited keeps its state in the
    layers above, where it is still attended to through those layers' own keys and values.
    """
    x = embed(parameters, [network.pad] + target[:-1])
    states = []
    for i in range(network.decoder_layers):
        after = decoder_block(parameters, network, i, x, memory)
        if exits is not None:
            runs = torch.tensor(exits)[:, None] >= i + 1
            after = torch.where(runs, after, x)
        x = after
        states.append(x)
    return states


def log_probabilities(parameters, network, state, n):
    """log p_n over all ids, −∞ at the banned one. state [T, d] → [T, V]; n counts from 1."""
    if network.separate_classifiers and n < network.decoder_layers:
        name = f"exits.classifiers.{n - 1}"
        weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    else:
        weight, bias = parameters["model.shared.weight"], parameters["final_logits_bias"][0]
    logits = state @ weight.T + bias
    banned = torch.zeros(logits.shape[-1], dtype=torch.bool)
    banned[network.pad] = True
    return logits.masked_fill(banned, float("-inf")).log_softmax(dim=-1)
