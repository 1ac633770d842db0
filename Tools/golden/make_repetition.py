"""Outputs of transformers with a repetition penalty and banned n-grams, for Tests/Golden/repetition.json.

Needs transformers, torch and sentencepiece. Nothing here uses Shoal.
"""
import argparse
import json
import sys
import warnings

try:
    import sentencepiece
    import torch
    from transformers import MarianMTModel
except ImportError as error:
    sys.exit(f"{error}: pip install sentencepiece torch transformers")

SETTINGS = [
    {"repetition_penalty": penalty, "no_repeat_ngram_size": size, "beam_size": beam}
    for beam in (1, 4)
    for penalty, size in [(1.0, 0), (1.1, 0), (1.5, 0), (3.0, 0), (0.8, 0), (1.0, 1), (1.0, 2), (1.0, 3), (1.3, 2)]
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--cases", required=True, help="a file that this made: its texts are taken again")
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    model = MarianMTModel.from_pretrained(arguments.model).eval()
    pad, end = model.config.pad_token_id, model.config.eos_token_id
    # Never produced: the bias carries it, before the softmax, as checkpoint-format.md says.
    model.final_logits_bias[0, pad] = -float("inf")
    pieces = sentencepiece.SentencePieceProcessor(model_file=f"{arguments.model}/source.spm")
    vocabulary = json.load(open(f"{arguments.model}/vocab.json", encoding="utf-8"))
    cases = json.load(open(arguments.cases, encoding="utf-8"))
    texts = [sentence["text"] for sentence in cases[0]["sentences"]]
    cases = []
    for setting in SETTINGS:
        sentences = []
        for text in texts:
            source = [vocabulary.get(p, vocabulary["<unk>"]) for p in pieces.encode(text, out_type=str)] + [end]
            output = model.generate(
                input_ids=torch.tensor([source]), num_beams=setting["beam_size"], do_sample=False,
                repetition_penalty=setting["repetition_penalty"],
                no_repeat_ngram_size=setting["no_repeat_ngram_size"], length_penalty=1.0,
                max_new_tokens=min(model.config.max_position_embeddings - 1, 2 * len(source) + 10),
                bad_words_ids=None, forced_eos_token_id=None, output_scores=True, return_dict_in_generate=True)
            ids = output.sequences[0].tolist()[1:]
            while ids and ids[-1] == pad:
                ids.pop()
            sentence = {"text": text, "source_ids": source, "target_ids": ids}
            if setting["beam_size"] > 1:
                sentence["score"] = round(output.sequences_scores[0].item(), 5)
            else:
                steps = [torch.log_softmax(s[0], dim=-1)[i].item() for s, i in zip(output.scores, ids)]
                sentence["logprobs"] = [round(value, 5) for value in steps]
            sentences.append(sentence)
        cases.append({**setting, "sentences": sentences})
    with open(arguments.output, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n")


if __name__ == "__main__":
    main()
