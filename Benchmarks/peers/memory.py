"""Resident memory of a Python process that serves a model with CTranslate2, in KiB: nothing else is loaded.

    python memory.py CONVERTED_MODEL CHECKPOINT SOURCE.txt THREADS FIXED_LENGTH
"""
import re
import sys

import ctranslate2
import sentencepiece

converted, checkpoint, source, threads, length = sys.argv[1:]
pieces = sentencepiece.SentencePieceProcessor(model_file=f"{checkpoint}/source.spm")
target = sentencepiece.SentencePieceProcessor(model_file=f"{checkpoint}/target.spm")
translator = ctranslate2.Translator(converted, inter_threads=int(threads), intra_threads=1)
lengths = {"min_decoding_length": int(length), "max_decoding_length": int(length)} if int(length) else {}
texts = open(source, encoding="utf-8").read().splitlines()
sources = [pieces.encode(text, out_type=str) + ["</s>"] for text in texts]
for result in translator.translate_batch(sources, beam_size=1, max_batch_size=64, **lengths):
    target.decode(result.hypotheses[0])
print(re.search(r"VmRSS:\s+(\d+)", open("/proc/self/status").read())[1])
