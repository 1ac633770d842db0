"""Write the checkpoints and outputs of this folder anew, with PyTorch, SentencePiece and transformers 4: python3 Tests/Golden/languages/make.py

Each is a model of many languages as Hugging Face's library saves it, with random weights of the tests' size and the tokenizer of its family. outputs.json has texts with the
ids that the tokenizer gives for a pair of languages, and what `generate` makes of them with the token of the target's language forced, greedy and with a beam."""
import json
import os
import random
import sys

import sentencepiece
import torch
from transformers import (
    M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer, MBart50Tokenizer, MBartConfig, MBartForConditionalGeneration, MBartTokenizer, NllbTokenizer)

torch.set_num_threads(1)
here = os.path.dirname(os.path.abspath(__file__))


def spm(folder):
    draw = random.Random(3)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiouäé"]
    lines = [" ".join("".join(draw.choices(syllables, k=draw.randint(1, 3))) for _ in range(draw.randint(3, 9))) for _ in range(400)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=f"{folder}/sentencepiece.bpe", vocab_size=90, model_type="bpe", normalization_rule_name="identity", minloglevel=2,
        num_threads=1)
    os.remove(f"{folder}/sentencepiece.bpe.vocab")
    return lines


def tokenizer(name, folder):
    file = f"{folder}/sentencepiece.bpe.model"
    if name == "m2m_100":
        pieces = sentencepiece.SentencePieceProcessor(model_file=file)
        # fairseq's dictionary: special ones first, the pieces in an order of its own.
        listed = ["<s>", "<pad>", "</s>", "<unk>"] + [pieces.id_to_piece(id) for id in range(len(pieces) - 1, 2, -1)]
        with open(f"{folder}/vocab.json", "w") as out:
            json.dump({piece: id for id, piece in enumerate(listed)}, out, ensure_ascii=False)
        return M2M100Tokenizer(f"{folder}/vocab.json", file)
    return {"nllb": NllbTokenizer, "mbart": MBartTokenizer, "mbart50": MBart50Tokenizer}[name](file)


pairs = {"m2m_100": [("de", "en"), ("fr", "zh")], "nllb": [("deu_Latn", "eng_Latn"), ("arb_Arab", "zho_Hant")], "mbart": [("de_DE", "ro_RO")], "mbart50": [("de_DE", "en_XX"), ("zh_CN", "pt_XX")]}
for name in sys.argv[1:] or pairs:
    folder = f"{here}/{name}"
    os.makedirs(folder, exist_ok=True)
    lines = spm(folder)
    words = tokenizer(name, folder)
    known = getattr(words, "lang_token_to_id", None) or getattr(words, "lang_code_to_id", None)
    languages = known.values() if known else words.convert_tokens_to_ids(words.additional_special_tokens)
    size = max(len(words), 1 + max(languages))
    sizes = dict(
        vocab_size=size, d_model=16, encoder_layers=2, decoder_layers=3, encoder_attention_heads=2, decoder_attention_heads=4, encoder_ffn_dim=24, decoder_ffn_dim=40,
        max_position_embeddings=128, scale_embedding=True, pad_token_id=1, eos_token_id=2, bos_token_id=0, decoder_start_token_id=2, dropout=0.0, attention_dropout=0.0,
        activation_dropout=0.0, encoder_layerdrop=0.0, decoder_layerdrop=0.0, tie_word_embeddings=True)
    if name == "mbart":
        sizes["decoder_start_token_id"] = words.convert_tokens_to_ids("ro_RO")
    kind, config = (MBartForConditionalGeneration, MBartConfig) if name.startswith("mbart") else (M2M100ForConditionalGeneration, M2M100Config)
    model = kind(config(activation_function="relu", **sizes)).eval()
    model.generation_config.forced_eos_token_id = model.config.forced_eos_token_id = None
    texts = lines[:1] + ["dafé", "neu ?x §"]
    for seed in range(1000):
        torch.manual_seed(seed)
        with torch.no_grad():
            for key, tensor in model.named_parameters():
                tensor.normal_(0, 0.35 if tensor.dim() == 2 else 0.1) if not (key.endswith("norm.weight") or key.endswith("embedding.weight")) else tensor.uniform_(0.7, 1.3)
            embedding = model.get_input_embeddings().weight
            embedding[1] = 0
            embedding[2] *= 1.8
            if name.startswith("mbart"):
                model.final_logits_bias[0, 1] = -100
        cases = []
        for source, target in pairs[name]:
            words.src_lang = source
            for text in texts:
                ids = words(text)["input_ids"]
                for beam in (1, 4):
                    forced = {} if name == "mbart" else {"forced_bos_token_id": words.convert_tokens_to_ids(f"__{target}__" if name == "m2m_100" else target)}
                    output = model.generate(
                        torch.tensor([ids]), num_beams=beam, do_sample=False, early_stopping=False, length_penalty=1.0, max_new_tokens=2 * len(ids) + 10 + len(forced),
                        bad_words_ids=[[1]], **forced)[0].tolist()
                    kept = output[1 + len(forced):]
                    cases.append({
                        "source": source, "target": target, "text": text, "ids": ids, "beam": beam, "tokens": kept,
                        "output": words.decode(kept, skip_special_tokens=True, clean_up_tokenization_spaces=False)})
        if sum(case["tokens"][-1] == 2 and len(case["tokens"]) > 2 for case in cases) * 6 > len(cases):
            break
    words.save_pretrained(folder)
    model.save_pretrained(folder)
    for file in ("generation_config.json", "added_tokens.json"):
        if os.path.exists(f"{folder}/{file}"):
            os.remove(f"{folder}/{file}")
    # Smaller, and as the models that are out there have it: the tokens of languages in special_tokens_map.json alone, or
    # nowhere. NLLB's have the ids that a tokenizer made anew gives them, which differ from those of the published models.
    with open(f"{folder}/tokenizer_config.json") as file:
        settings = json.load(file)
    kept = ("tokenizer_class", "src_lang", "tgt_lang") + (("added_tokens_decoder",) if name == "nllb" else ())
    settings = {key: settings[key] for key in kept if key in settings}
    for id, token in settings.get("added_tokens_decoder", {}).items():
        settings["added_tokens_decoder"][id] = {"content": token["content"]}
    with open(f"{folder}/tokenizer_config.json", "w") as file:
        json.dump(settings, file)
        file.write("\n")
    with open(f"{folder}/outputs.json", "w") as file:
        json.dump(cases, file, ensure_ascii=False)
        file.write("\n")
    print(name, "seed", seed)
