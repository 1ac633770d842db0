"""Translates with deep-translator's client of LibreTranslate: use_deep_translator.py URL."""

import os
import sys
import tempfile

from deep_translator import LibreTranslator
from deep_translator.exceptions import ServerException

translator = LibreTranslator(source="de", target="en", custom_url=sys.argv[1] + "/", api_key="any")
assert translator.translate("Zwei Hunde spielen im Schnee.") == "Two dogs play in the snow."
assert translator.translate_batch(["Ein Hund.", "Ein Hund."]) == ["A dog is walking."] * 2
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "text.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write("Ein Hund.")
    assert translator.translate_file(path) == "A dog is walking."
try:
    LibreTranslator(source="de", target="fr", custom_url=sys.argv[1] + "/", api_key="any").translate("Ein Hund.")
    raise AssertionError("a language that the model does not know was taken")
except ServerException:
    pass
print("deep-translator: translates")
