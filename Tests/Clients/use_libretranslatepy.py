"""Calls every method of libretranslatepy: use_libretranslatepy.py URL."""

import json
import sys
import urllib.error

from libretranslatepy import LibreTranslateAPI

for api in (LibreTranslateAPI(sys.argv[1]), LibreTranslateAPI(sys.argv[1] + "/", api_key="any")):
    assert api.translate("Zwei Hunde spielen im Schnee.", "de", "en") == "Two dogs play in the snow."
    assert api.translate("Ein Hund.", "auto", "en", timeout=30) == "A dog is walking."
    languages = api.languages()
    assert [language["code"] for language in languages] == ["de", "en"], languages
    assert languages[0]["targets"] == ["en"], languages
    detections = api.detect("Zwei Hunde spielen im Schnee.")
    assert isinstance(detections, list), detections
    assert all(0 <= found["confidence"] <= 100 and found["language"] for found in detections), detections
    try:
        api.translate("Ein Hund.", "de", "fr")
        raise AssertionError("a language that the model does not know was taken")
    except urllib.error.HTTPError as refusal:
        assert refusal.code == 400, refusal
        assert list(json.loads(refusal.read())) == ["error"]
print("libretranslatepy: translates")
