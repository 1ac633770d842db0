"""Calls what this server has of DeepL's API with DeepL's own client: use_deepl.py URL."""

import io
import sys

import deepl
from deepl.api_data import MultilingualGlossaryDictionaryEntries

client = deepl.DeepLClient("any", server_url=sys.argv[1])

result = client.translate_text("Zwei Hunde spielen im Schnee.", target_lang="EN-US")
assert result.text == "Two dogs play in the snow.", result
assert result.detected_source_lang == "DE" and result.billed_characters == 29, result
results = client.translate_text(
    ["Ein Hund.", "Ein Hund."], source_lang="de", target_lang="EN-GB", split_sentences=deepl.SplitSentences.OFF,
    preserve_formatting=True, formality=deepl.Formality.PREFER_LESS, context="Tiere",
    model_type=deepl.ModelType.LATENCY_OPTIMIZED)
assert [result.text for result in results] == ["A dog is walking."] * 2, results
assert results[0].model_type_used == "latency_optimized"

result = client.translate_text(
    "<p>Ein <b>Mann</b> liest ein Buch.</p><code>x = 1</code>", target_lang="EN-US", tag_handling="html")
assert result.text.startswith("<p>") and result.text.endswith("</p><code>x = 1</code>"), result
assert result.text.count("<b>") == result.text.count("</b>") == 1, result
result = client.translate_text(
    "<x>Ein Hund.</x><keep>Ein Hund.</keep>", target_lang="EN-US", tag_handling="xml", ignore_tags=["keep"])
assert result.text == "<x>A dog is walking.</x><keep>Ein Hund.</keep>", result

assert [language.code for language in client.get_source_languages()] == ["DE"]
assert [language.code for language in client.get_target_languages()] == ["EN-GB", "EN-US"]
usage = client.get_usage()
assert usage.character.valid and usage.character.count > 29 + 18 and not usage.any_limit_reached, usage

assert [(pair.source_lang, pair.target_lang) for pair in client.get_glossary_languages()] == [("de", "en")]
glossary = client.create_glossary("Tiere", "DE", "EN", {"Hund": "hound", "Katze": "cat"})
assert glossary.ready and glossary.entry_count == 2 and (glossary.source_lang, glossary.target_lang) == ("DE", "EN")
assert client.get_glossary(glossary.glossary_id).name == "Tiere"
assert [entry.glossary_id for entry in client.list_glossaries()] == [glossary.glossary_id]
assert client.get_glossary_entries(glossary) == {"Hund": "hound", "Katze": "cat"}
with_glossary = client.translate_text_with_glossary("Ein Hund spielt.", glossary)
assert "hound" in with_glossary.text, with_glossary
client.delete_glossary(glossary)
try:
    client.get_glossary(glossary.glossary_id)
    raise AssertionError("a deleted glossary was found")
except deepl.GlossaryNotFoundException:
    pass
from_file = client.create_glossary_from_csv("CSV", "DE", "EN", io.StringIO('"Hund, groß",hound,DE,EN\n'))
assert client.get_glossary_entries(from_file) == {"Hund, groß": "hound"}
client.delete_glossary(from_file)

dictionary = MultilingualGlossaryDictionaryEntries("DE", "EN", {"Hund": "hound"})
several = client.create_multilingual_glossary("Viele", [dictionary])
assert several.dictionaries[0].entry_count == 1
assert client.list_multilingual_glossaries()[0].glossary_id == several.glossary_id
more = MultilingualGlossaryDictionaryEntries("DE", "EN", {"Katze": "cat"})
assert client.update_multilingual_glossary_dictionary(several, more).dictionaries[0].entry_count == 2
assert client.update_multilingual_glossary_name(several, "Alle").name == "Alle"
entries = client.get_multilingual_glossary_entries(several, "DE", "EN").dictionaries[0].entries
assert entries == "Katze\tcat\nHund\thound", entries
assert client.replace_multilingual_glossary_dictionary(several, dictionary).entry_count == 1
client.delete_multilingual_glossary_dictionary(several, source_lang="DE", target_lang="EN")
assert client.get_multilingual_glossary(several.glossary_id).dictionaries == []
client.delete_multilingual_glossary(several)

try:
    client.translate_document(io.BytesIO(b"Ein Hund."), io.BytesIO(), target_lang="EN-US", filename="a.txt")
    raise AssertionError("a document was taken")
except deepl.DeepLException as refusal:
    assert "/translate_file" in str(refusal), refusal
try:
    client.translate_text("Ein Hund.", target_lang="FR")
    raise AssertionError("a language that the model does not know was taken")
except deepl.DeepLException as refusal:
    assert "Bad request" in str(refusal), refusal
print("deepl: translates")
