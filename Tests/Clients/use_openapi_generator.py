"""Translates with the client that OpenAPI Generator made: use_openapi_generator.py FOLDER URL."""

import sys

sys.path.insert(0, sys.argv[1])
import shoal_generated_client as shoal  # noqa: E402

with shoal.ApiClient(shoal.Configuration(host=sys.argv[2])) as client:
    api = shoal.TranslationApi(client)

    def translate(body):
        return api.translate(shoal.TranslateBody(body)).actual_instance

    answer = translate(shoal.TranslateRequest(text=shoal.TranslateRequestText("Zwei Hunde spielen im Schnee.")))
    assert isinstance(answer, shoal.TranslateResponse), answer
    assert answer.translations[0].text == "Two dogs play in the snow.", answer
    assert answer.translations[0].tokens, answer

    answer = translate(shoal.TranslateRequest(
        text=shoal.TranslateRequestText(["Ein Hund."]), model=None, beam_size=None, exit=None, include=None, stream=None))
    assert answer.translations[0].text == "A dog is walking.", answer

    answer = translate(shoal.LibreTranslateRequest(q=shoal.TranslateRequestText("Ein Hund."), target="en"))
    assert answer.translated_text.actual_instance == "A dog is walking.", answer

    try:
        translate(shoal.TranslateRequest(text=shoal.TranslateRequestText("Ein Hund."), min_output_tokens=100_000))
        raise AssertionError("what is out of range was taken")
    except shoal.exceptions.UnprocessableEntityException as refusal:
        assert refusal.data.errors[0].pointer == "/min_output_tokens", refusal

    assert shoal.ModelsApi(client).list_models().models[0].decoder_layers == 6
print("openapi-generator: translates")
