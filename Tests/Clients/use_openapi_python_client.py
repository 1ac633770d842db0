"""Translates with the client that openapi-python-client made: use_openapi_python_client.py FOLDER URL."""

import sys

sys.path.insert(0, sys.argv[1])
from shoal_python_client import Client  # noqa: E402
from shoal_python_client.api.models import list_models  # noqa: E402
from shoal_python_client.api.translation import translate  # noqa: E402
from shoal_python_client.models import (  # noqa: E402
    LibreTranslateRequest, LibreTranslateResponse, Problem, TranslateRequest, TranslateResponse)

client = Client(base_url=sys.argv[2])

answer = translate.sync_detailed(client=client, body=TranslateRequest(text="Zwei Hunde spielen im Schnee."))
assert answer.status_code == 200 and isinstance(answer.parsed, TranslateResponse), answer
assert answer.parsed.translations[0].text == "Two dogs play in the snow.", answer.parsed
assert answer.parsed.translations[0].tokens, answer.parsed

nothing_set = TranslateRequest(text="Ein Hund.", model=None, beam_size=None, exit_=None, include=None, stream=None)
answer = translate.sync_detailed(client=client, body=nothing_set)
assert answer.status_code == 200 and isinstance(answer.parsed, TranslateResponse), answer

answer = translate.sync_detailed(client=client, body=LibreTranslateRequest(q="Ein Hund.", target="en"))
assert answer.status_code == 200 and isinstance(answer.parsed, LibreTranslateResponse), answer
assert answer.parsed.translated_text == "A dog is walking.", answer.parsed

answer = translate.sync_detailed(client=client, body=TranslateRequest(text="Ein Hund.", beam_size=9))
assert answer.status_code == 422 and isinstance(answer.parsed, Problem), answer
assert answer.parsed.errors[0].pointer == "/beam_size", answer.parsed

assert list_models.sync(client=client).models[0].decoder_layers == 6
print("openapi-python-client: translates")
