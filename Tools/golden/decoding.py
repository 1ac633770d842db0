"""Greedy and beam search over hypotheses that each pick their own exit at each step."""

from dataclasses import dataclass, field

import torch


@dataclass
class Hypothesis:
    ids: list = field(default_factory=list)
    exits: list = field(default_factory=list)
    log_probabilities: list = field(default_factory=list)
    total: float = 0.0

    def extended(self, id, exit, log_probability):
        return Hypothesis(
            self.ids + [id], self.exits + [exit], self.log_probabilities + [log_probability],
            self.total + log_probability)

    def score(self, length_penalty):
        return self.total / len(self.ids) ** length_penalty if self.ids else 0.0


class Rows:
    """The decoder's state of live hypotheses, all of one length, one row each."""

    def __init__(self, network, rule, sources):
        """One empty hypothesis for each of the sources [sentences, S]."""
        memory = network.encode(sources)
        layers = range(1, network.checkpoint.layers + 1)
        self.network, self.rule = network, rule
        self.length = 0
        self.planned = rule.before(memory)
        self.cross = [
            network.kept_keys_and_values(network.layer("decoder", n) + ".encoder_attn", memory)
            for n in layers]
        empty = memory[:, :0]
        self.own = [(empty, empty) for _ in layers]

    def keep(self, rows):
        """Leaves the given rows, in this order; one may come twice."""
        self.planned = self.planned[rows]
        self.cross = [tuple(tensor[rows] for tensor in pair) for pair in self.cross]
        self.own = [tuple(tensor[rows] for tensor in pair) for pair in self.own]

    def step(self, ids):
        """Reads the newest id of each row; log p of the next [rows, V], and the exits [rows]."""
        x = self.network.embed("decoder", torch.tensor(ids)[:, None], self.length)
        self.length += 1
        exits = self.planned.clone()
        log_p = [None] * len(ids)
        running = torch.arange(len(ids))
        for n in range(1, self.network.checkpoint.layers + 1):
            # Every row's state goes into this layer's keys and values; that of a row that has
            # exited is the one that it exited with.
            self._append(n, x)
            if len(running) == 0:
                continue
            own, cross = (
                tuple(tensor[running] for tensor in cache[n - 1])
                for cache in [self.own, self.cross])
            x[running] = self.network.decoder_layer(n, x[running], own, cross)
            exits[running] = self.rule.after(n, x[running, 0], exits[running])
            leaving = running[exits[running] == n]
            for row, values in zip(
                    leaving.tolist(), self.network.log_probabilities(n, x[leaving, 0])):
                log_p[row] = values
            running = running[exits[running] > n]
        return torch.stack(log_p), exits.tolist()

    def _append(self, n, x):
        name = self.network.layer("decoder", n) + ".self_attn"
        new = self.network.kept_keys_and_values(name, x)
        self.own[n - 1] = tuple(
            torch.cat(pair, dim=1) for pair in zip(self.own[n - 1], new))


def greedy(network, rule, sources):
    """The hypothesis of each source; all sources have the same length."""
    checkpoint = network.checkpoint
    rows = Rows(network, rule, torch.tensor(sources))
    done = [Hypothesis() for _ in sources]
    live = list(range(len(sources)))
    newest = [checkpoint.config["decoder_start_token_id"]] * len(sources)
    for _ in range(checkpoint.length_limit(len(sources[0]))):
        log_p, exits = rows.step(newest)
        best = log_p.argmax(dim=-1)  # the first of equals
        values = log_p.gather(1, best[:, None])[:, 0].tolist()
        newest = best.tolist()
        for row, sentence in enumerate(live):
            done[sentence] = done[sentence].extended(newest[row], exits[row], values[row])
        kept = [row for row, id in enumerate(newest) if id != checkpoint.eos]
        if not kept:
            break
        if len(kept) < len(live):
            rows.keep(kept)
            live, newest = [live[row] for row in kept], [newest[row] for row in kept]
    return done


def beam(network, rule, source, size, length_penalty):
    """The best hypothesis of one source."""
    checkpoint = network.checkpoint
    rows = Rows(network, rule, torch.tensor([source]))
    live, finished = [Hypothesis()], []  # live ones in the order of their rank
    newest = [checkpoint.config["decoder_start_token_id"]]

    def ranked():
        """The finished ones, best first; among equals the earlier (the sort is stable)."""
        return sorted(finished, key=lambda h: -h.score(length_penalty))

    for _ in range(checkpoint.length_limit(len(source))):
        log_p, exits = rows.step(newest)
        parents, next_live = [], []
        for rank, (row, id) in enumerate(best_continuations(live, log_p, 2 * size)):
            hypothesis = live[row].extended(id, exits[row], float(log_p[row, id]))
            if id == checkpoint.eos:
                if rank < size:
                    finished.append(hypothesis)
            elif len(next_live) < size:
                next_live.append(hypothesis)
                parents.append(row)
        live = next_live
        if not live or len(finished) >= size and all(
                h.score(length_penalty) <= ranked()[size - 1].score(length_penalty) for h in live):
            live = []
            break
        rows.keep(parents)
        newest = [hypothesis.ids[-1] for hypothesis in live]
    finished += live  # at the length limit
    return ranked()[0]


def best_continuations(live, log_p, count):
    """(row, id) of the best sums; among equals the higher row, then the lower id."""
    totals = torch.tensor([h.total for h in live], dtype=torch.float64)
    sums = (totals[:, None] + log_p.double()).flatten()
    values, order = sums.sort(descending=True, stable=True)
    width = log_p.shape[1]
    return [
        divmod(index, width)
        for value, index in zip(values[:count].tolist(), order[:count].tolist())
        if value > float("-inf")]
