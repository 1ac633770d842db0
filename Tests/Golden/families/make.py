"""Write the checkpoints and outputs of this folder anew, with PyTorch and transformers 4: python3 Tests/Golden/families/make.py

Each family gets random weights of the tests' size, drawn so that outputs differ in length and depth. Outputs are those of transformers itself, greedy and with a beam,
at full depth and at each exit: a decoder that ends after its first n layers."""
import json
import os

import torch
from transformers import M2M100Config, M2M100ForConditionalGeneration, MBartConfig, MBartForConditionalGeneration

torch.set_num_threads(1)
here = os.path.dirname(os.path.abspath(__file__))
sizes = dict(
    vocab_size=140, d_model=16, encoder_layers=2, decoder_layers=3, encoder_attention_heads=2, decoder_attention_heads=4, encoder_ffn_dim=24, decoder_ffn_dim=40,
    max_position_embeddings=64, scale_embedding=True, pad_token_id=1, eos_token_id=2, bos_token_id=0, decoder_start_token_id=2, 
    dropout=0.0, attention_dropout=0.0,
    activation_dropout=0.0, encoder_layerdrop=0.0, decoder_layerdrop=0.0, tie_word_embeddings=True)
families = {
    "m2m_100": (M2M100ForConditionalGeneration, M2M100Config(activation_function="relu", **sizes)),
    "mbart": (MBartForConditionalGeneration, MBartConfig(activation_function="gelu", **sizes)),
}
generator = torch.Generator().manual_seed(5)
sources = [torch.randint(3, 140, (length,), generator=generator).tolist() + [2] for length in (1, 4, 7, 12, 19, 3)]



def score(model, source, output):
    """The mean log-probability of an output, where the pad id cannot be."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([source]), decoder_input_ids=output[None, :-1]).logits[0]
    logits[:, model.config.pad_token_id] = -torch.inf
    return float(logits.log_softmax(-1).gather(1, output[1:, None]).mean())


def outputs(model, beam):
    found = []
    for source in sources:
        limit = min(model.config.max_position_embeddings - 1, 2 * len(source) + 10)
        output = model.generate(
            torch.tensor([source]), num_beams=beam, do_sample=False, early_stopping=False, length_penalty=1.0, max_new_tokens=limit,
            bad_words_ids=[[model.config.pad_token_id]])[0]
        found.append({"source": source, "tokens": output[1:].tolist(), "score": score(model, source, output)})
    return found


def randomise(model, seed):
    torch.manual_seed(seed)
    with torch.no_grad():
        for key, tensor in model.named_parameters():
            if tensor.dim() == 2:
                tensor.normal_(0, 0.35)
            elif key.endswith("bias"):
                tensor.normal_(0, 0.1)
            else:
                tensor.uniform_(0.7, 1.3)
        model.get_input_embeddings().weight[model.config.pad_token_id] = 0
        # So that outputs end now and then.
        model.get_input_embeddings().weight[model.config.eos_token_id] *= 1.6
        if model.config.model_type == "mbart":
            model.final_logits_bias.normal_(0, 0.5)
            # transformers bans an id behind the softmax, where it still has its share.
            model.final_logits_bias[0, model.config.pad_token_id] = -100


def cases(model):
    layers = model.get_decoder().layers
    found = []
    for depth in range(1, len(layers) + 1):
        model.get_decoder().layers = layers[:depth]
        found += [{"exit": depth, "beam": beam, "outputs": outputs(model, beam)} for beam in (1, 4)]
    model.get_decoder().layers = layers
    return found


def early(model, threshold):
    """Greedy outputs where a token leaves at the first layer whose best id has the threshold's probability; written anew, without a cache: the state that a token left
    with stands for it in all layers above."""
    decoder, kind = model.get_decoder(), model.config.model_type
    found = []
    for source in sources:
        memory = model.get_encoder()(torch.tensor([source])).last_hidden_state
        tokens, exits = [model.config.decoder_start_token_id], []
        while len(exits) < 2 * len(source) + 10 and (not exits or tokens[-1] != model.config.eos_token_id):
            ids = torch.tensor([tokens])
            embedded = decoder.embed_tokens(ids)
            if kind == "mbart":
                state = decoder.layernorm_embedding(embedded + decoder.embed_positions(ids, 0))
            else:
                state = embedded + decoder.embed_positions(ids, embedded, 0)
            mask = torch.full((len(tokens), len(tokens)), -torch.inf).triu(1)[None, None]
            for number, layer in enumerate(decoder.layers, 1):
                above = layer(state, attention_mask=mask, encoder_hidden_states=memory)[0]
                stays = torch.tensor([exit >= number for exit in exits] + [True])
                state = torch.where(stays[None, :, None], above, state)
                logits = model.lm_head(decoder.layer_norm(state[0, -1])) + getattr(model, "final_logits_bias", torch.zeros(1))[0]
                logits[model.config.pad_token_id] = -torch.inf
                best = logits.softmax(-1).max(-1)
                if number == len(decoder.layers) or best.values >= threshold:
                    break
            exits.append(number)
            tokens.append(int(best.indices))
        found.append({"source": source, "tokens": tokens[1:], "exits": exits})
    return found


def ended(outputs):
    """How many outputs end of themselves, after several tokens."""
    return sum(output["tokens"][-1] == 2 and len(output["tokens"]) > 3 for output in outputs)


for name, (kind, config) in families.items():
    model = kind(config).eval()
    # What generates is said above; here are sizes and ids alone.
    model.generation_config.forced_eos_token_id = model.config.forced_eos_token_id = None
    # Those before give no outputs that end.
    for seed in range({"m2m_100": 13, "mbart": 107}[name], 1000):
        randomise(model, seed)
        if not ended(outputs(model, 1)):
            continue
        found = cases(model)
        if sum(ended(case["outputs"]) for case in found) >= 5:
            break
    else:
        raise SystemExit(f"{name}: no seed gives outputs that tell anything")
    folder = f"{here}/{name}"
    model.save_pretrained(folder)
    os.remove(f"{folder}/generation_config.json")
    with open(f"{folder}/outputs.json", "w") as file:
        with torch.no_grad():
            json.dump({"fixed": found, "confidence": [{"threshold": t, "outputs": early(model, t)} for t in (0.1, 0.15, 0.2)]}, file)
        file.write("\n")
    print(name, "seed", seed)
