"""The Marian network with an exit after every decoder layer, batched and as fast as PyTorch gets it
on a CPU. B: sentences, S, T: padded lengths, d: width, N: decoder layers."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    """Queries, keys and values are one product where they have one input."""

    def __init__(self, width, heads, cross):
        super().__init__()
        self.heads, self.cross = heads, cross
        self.query = nn.Linear(width, width if cross else 3 * width)
        self.key_value = nn.Linear(width, 2 * width) if cross else None
        self.out = nn.Linear(width, width)

    def forward(self, x, memory, mask, causal):
        def split(y):
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        if self.cross:
            query = self.query(x)
            key, value = self.key_value(memory).chunk(2, dim=-1)
        else:
            query, key, value = self.query(x).chunk(3, dim=-1)
        mixed = F.scaled_dot_product_attention(
            split(query), split(key), split(value), attn_mask=mask, is_causal=causal)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """Post-norm, ReLU, dropout after every sublayer."""

    def __init__(self, shape, decoder):
        super().__init__()
        width, ffn, heads = shape["d_model"], shape["ffn"], shape["heads"]
        self.attention = Attention(width, heads, cross=False)
        self.attention_norm = nn.LayerNorm(width)
        self.cross = Attention(width, heads, cross=True) if decoder else None
        self.cross_norm = nn.LayerNorm(width) if decoder else None
        self.fc1, self.fc2 = nn.Linear(width, ffn), nn.Linear(ffn, width)
        self.final_norm = nn.LayerNorm(width)
        self.dropout = shape["dropout"]

    def forward(self, x, memory, own_mask, memory_mask):
        def drop(y):
            return F.dropout(y, self.dropout, self.training)

        # Padding is at the end, so that the future's mask hides it from every real position.
        causal = self.cross is not None
        x = self.attention_norm(x + drop(self.attention(x, x, own_mask, causal)))
        if self.cross is not None:
            x = self.cross_norm(x + drop(self.cross(x, memory, memory_mask, False)))
        return self.final_norm(x + drop(self.fc2(torch.relu(self.fc1(x)))))


class Network(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        width, vocabulary = shape["d_model"], shape["vocabulary"]
        self.embedding = nn.Parameter(torch.randn(vocabulary, width) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.encoder = nn.ModuleList(Layer(shape, False) for _ in range(shape["layers"]))
        self.decoder = nn.ModuleList(Layer(shape, True) for _ in range(shape["layers"]))
        with torch.no_grad():
            self.embedding[shape["pad"]] = 0
            k = torch.arange(width // 2)
            angle = torch.arange(256)[:, None] / 10000 ** (2 * k / width)
        self.register_buffer("positions", torch.cat([angle.sin(), angle.cos()], dim=1))

    def embed(self, ids):
        x = F.embedding(ids, self.embedding) * self.shape["d_model"] ** 0.5
        x = x + self.positions[: ids.shape[1]]
        return F.dropout(x, self.shape["dropout"], self.training)

    def forward(self, source, decoder_input):
        """The decoder's states after each of its layers, N tensors [B, T, d]."""
        real = source != self.shape["pad"]
        mask = None if bool(real.all()) else real[:, None, None, :]
        x = self.embed(source)
        for layer in self.encoder:
            x = layer(x, None, mask, None)
        memory, states = x, []
        x = self.embed(decoder_input)
        for layer in self.decoder:
            x = layer(x, memory, None, mask)
            states.append(x)
        return states


class FusedCrossEntropy(torch.autograd.Function):
    """Projection and label-smoothed cross-entropy, a block of rows at a time.

    The gradient of a block is computed from its logits while they are in the cache, so that the
    [rows, V] matrix never exists whole. The smoothed mass ε/V, the same in every entry of the
    gradient, and the mean logit are taken from the means of weight and bias instead of passes.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, target, smoothing, block):
        rows, count = len(x), len(weight)
        mean_weight, mean_bias = weight.mean(dim=0), bias.mean()
        total = -smoothing * ((x @ mean_weight).sum() + rows * mean_bias)
        dx, dweight, dbias = torch.empty_like(x), torch.zeros_like(weight), torch.zeros_like(bias)
        ones = torch.ones(block)
        for start in range(0, rows, block):
            part, y = x[start : start + block], target[start : start + block, None]
            logits = torch.addmm(bias, part, weight.T)
            log_p = logits.log_softmax(dim=1)
            log_sum = (logits[:, 0] - log_p[:, 0]).sum()
            total += smoothing * log_sum - (1 - smoothing) * log_p.gather(1, y).sum()
            gradient = log_p.exp_()
            gradient.scatter_add_(1, y, torch.full_like(y, smoothing - 1, dtype=x.dtype))
            torch.mm(gradient, weight, out=dx[start : start + block])
            dweight.addmm_(gradient.T, part)
            dbias.addmv_(gradient.T, ones[: len(part)])
        dx -= smoothing * mean_weight
        dweight -= (smoothing / count) * x.sum(dim=0)
        dbias -= smoothing * rows / count
        ctx.save_for_backward(dx, dweight, dbias)
        return total

    @staticmethod
    def backward(ctx, upstream):
        dx, dweight, dbias = ctx.saved_tensors
        return dx.mul_(upstream), dweight.mul_(upstream), dbias.mul_(upstream), None, None, None


def aligned_loss(network, states, target, smoothing=0.1, method="fused", block=128):
    """The mean over exits and target tokens of the label-smoothed losses. The pad id is the last of
    the vocabulary and never produced, so that the logits leave it out."""
    pad = network.shape["pad"]
    real = target != pad
    y = target[real]
    weight, bias = network.embedding[:pad], network.bias[:pad]
    chosen = [h[real] for h in states]
    if method == "fused":
        every = FusedCrossEntropy.apply(
            torch.cat(chosen), weight, bias, y.repeat(len(states)), smoothing, block)
        return every / (len(y) * len(states))
    if method == "stacked":
        return F.cross_entropy(F.linear(torch.cat(chosen), weight, bias), y.repeat(len(states)),
                               label_smoothing=smoothing)
    losses = [F.cross_entropy(F.linear(h, weight, bias), y, label_smoothing=smoothing)
              for h in chosen]
    return sum(losses) / len(losses)
