"""The pages of a running server in headless Chromium.

    python test_pages.py http://127.0.0.1:8080 [--several URL] [--screenshots FOLDER] [--chromium PATH]
"""

import argparse
import json
import pathlib
import sys
import traceback
import urllib.request
from contextlib import contextmanager

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sys.exit(f"needs playwright: pip install -r {pathlib.Path(__file__).with_name('requirements.txt')}")

TEXT = "Eine Frau in einem roten Kleid verkauft Obst auf einem Markt in der Stadt."
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

# The lowest contrast ratio (WCAG 2.2, 1.4.3) over all visible text, with the text that has it.
LOWEST_CONTRAST = """() => {
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$/.test(color)) return color;
    }
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let lowest = [21, ""];
  while (walker.nextNode()) {
    const holder = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !holder.checkVisibility() || holder.closest("script, style")) continue;
    const [a, b] = [getComputedStyle(holder).color, ground(holder)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < lowest[0]) lowest = [ratio, walker.currentNode.data.trim()];
  }
  return lowest;
}"""


class Browser:
    def __init__(self, chromium, url, several, folder):
        self.chromium = chromium
        self.url = url.rstrip("/")
        self.several = several
        self.folder = folder

    @contextmanager
    def visit(self, path, scheme="light", viewport=DESKTOP, scripts=True, refusals=()):
        """A page in a fresh context; afterwards no complaint may stand on its console but the `refusals`
        (statuses), and every request must have gone to the server."""
        context = self.chromium.new_context(
            color_scheme=scheme, viewport=viewport, java_script_enabled=scripts)
        page = context.new_page()
        complaints, requests = [], []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        response = page.goto(self.url + path)
        assert response.status == 200, response.status
        assert "default-src 'none'" in response.headers["content-security-policy"]
        yield page
        expected = [f"status of {status} " for status in refusals]
        complaints = [text for text in complaints if not any(part in text for part in expected)]
        assert not complaints, complaints
        foreign = [url for url in requests if not url.startswith((self.url + "/", "data:"))]
        assert not foreign, foreign
        context.close()

    def shoot(self, page, name):
        if self.folder:
            page.screenshot(path=self.folder / f"{name}.png", full_page=True, timeout=120_000)

    def ask(self, path, body=None):
        request = urllib.request.Request(
            self.url + path, headers={"Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request) as response:
            return json.load(response)


def translate(page, text=TEXT):
    page.wait_for_selector("#form:not([hidden])")
    page.fill("#text", text)
    page.press("#text", "Control+Enter")
    page.wait_for_selector("#measures:not([hidden])")


def tab_to(page, selector, limit=40):
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"the focus on {selector} cannot be seen"
            return
    raise AssertionError(f"{selector} is not reached with the Tab key")


def shown_tokens(page):
    """Of each token its layer and its colour."""
    return page.eval_on_selector_all("#tokens > .token", """(tokens) => tokens.map((token) => [
      Number(token.querySelector("small").textContent.replace(/\\D/g, "")),
      getComputedStyle(token.querySelector(".swatch")).backgroundColor])""")


def fulfil_translate(page, status, content):
    kind = "application/json" if status == 200 else "application/problem+json"
    page.route("**/translate", lambda route: route.fulfill(
        status=status, content_type=kind, body=json.dumps(content)))


def check_tokens_are_coloured_by_layer(browser):
    expected = browser.ask("/translate", {"text": TEXT})["translations"][0]
    with browser.visit("/") as page:
        translate(page)
        tokens = shown_tokens(page)
        assert [layer for layer, _ in tokens] == expected["exit_layers"], tokens
        assert len({color for _, color in tokens}) == len(set(expected["exit_layers"])), tokens
        assert page.text_content("#translation") == expected["text"]
        counts = page.eval_on_selector_all(
            "#histogram > li", "(rows) => rows.map((row) => Number(row.lastChild.data))")
        assert counts == expected["compute"]["exit_histogram"], counts
        browser.shoot(page, "home-light")


def check_streamed_and_plain_answers_look_the_same(browser):
    kinds = []
    shown = []
    for stream in (True, False):
        with browser.visit("/") as page:
            page.on("response", lambda response: kinds.append(response.headers["content-type"])
                    if response.url.endswith("/translate") else None)
            page.set_checked("#stream", stream)
            page.set_checked("#scores", True)
            translate(page)
            shown.append((shown_tokens(page), page.text_content("#translation"), page.text_content("#tokens")))
    assert [kind.split(";")[0] for kind in kinds] == ["text/event-stream", "application/json"], kinds
    assert shown[0] == shown[1], shown


def check_server_that_does_not_stream(browser):
    def without_stream(route):
        body = json.loads(route.request.post_data)
        assert body.pop("stream") is True
        route.continue_(post_data=json.dumps(body))

    with browser.visit("/") as page:
        page.route("**/translate", without_stream)
        translate(page)
        assert shown_tokens(page)


def check_keyboard_alone(browser):
    with browser.visit("/") as page:
        page.wait_for_selector("#form:not([hidden])")
        tab_to(page, "#text")
        page.keyboard.type(TEXT)
        tab_to(page, "#policy")
        page.keyboard.type("full")
        tab_to(page, "#beam")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("#measures:not([hidden])")
        layers = browser.ask("/models")["models"][0]["decoder_layers"]
        assert all(layer == layers for layer, _ in shown_tokens(page))
        unnamed = page.eval_on_selector_all("input, select, textarea", """(fields) => (
          fields.filter((field) => !field.labels.length).map(({ id }) => id))""")
        assert not unnamed, unnamed


def check_fault_is_shown_at_its_field(browser):
    with browser.visit("/", refusals=[422]) as page:
        page.wait_for_selector("#form:not([hidden])")
        page.select_option("#policy", "confidence")
        page.fill("#text", TEXT)
        page.fill("#threshold", "3")
        page.press("#threshold", "Control+Enter")
        page.wait_for_selector("#threshold[aria-invalid=true]")
        assert "0 to 1" in page.text_content("#threshold-error")
        assert page.evaluate("() => document.activeElement.id") == "threshold"
        assert page.is_visible("#problem[role=alert]")
        browser.shoot(page, "home-fault")
        page.fill("#threshold", "0.5")
        translate(page)
        assert not page.query_selector("[aria-invalid]") and page.is_hidden("#problem")


def check_key_is_asked_for_after_401(browser):
    with browser.visit("/", refusals=[401]) as page:
        page.wait_for_selector("#form:not([hidden])")
        assert page.is_hidden("#key")
        fulfil_translate(page, 401, {"title": "Unauthorized", "status": 401, "detail": "a key is needed"})
        page.fill("#text", TEXT)
        page.press("#text", "Control+Enter")
        page.wait_for_selector("#key:focus")
        page.unroute("**/translate")
        page.keyboard.type("secret")
        with page.expect_request("**/translate") as sent:
            page.keyboard.press("Enter")
        assert sent.value.headers["authorization"] == "Bearer secret"
        page.wait_for_selector("#measures:not([hidden])")


def check_losses_and_markup_are_shown_as_they_are(browser):
    answer = browser.ask("/translate", {"text": TEXT})
    translation = answer["translations"][0]
    translation["compute"]["compute_saved"] = -0.05
    translation["text"] = translation["tokens"][0]["piece"] = "<img src=x onerror=alert(1)>"
    with browser.visit("/") as page:
        fulfil_translate(page, 200, answer)
        translate(page)
        assert "−5.0 %" in page.text_content("#facts")
        assert "Negative" in page.text_content("#cost-note")
        assert page.text_content("#translation") == translation["text"]
        assert not page.query_selector("img")


def check_percentages_come_with_scores_alone(browser):
    for scores in (False, True):
        with browser.visit("/") as page:
            page.wait_for_selector("#form:not([hidden])")
            page.set_checked("#scores", scores)
            translate(page)
            assert ("%" in page.text_content("#tokens")) == scores
            assert ("probability" in page.text_content("#tokens-legend")) == scores
            boxes = page.eval_on_selector_all("#tokens small", """(all) => all.map((one) => {
              const range = document.createRange(); range.selectNodeContents(one);
              const { left, right, top, bottom } = range.getBoundingClientRect(); return [left, right, top, bottom]; })""")
            collisions = [(a, b) for at, a in enumerate(boxes) for b in boxes[at + 1:]
                          if a[0] < b[1] - 1 and b[0] < a[1] - 1 and a[2] < b[3] - 1 and b[2] < a[3] - 1]
            assert not collisions, collisions


def check_link_brings_text_and_settings_back(browser):
    with browser.visit("/") as page:
        sent = []
        page.on("request", lambda request: sent.append(request.url))
        page.wait_for_selector("#form:not([hidden])")
        page.select_option("#policy", "confidence")
        page.fill("#threshold", "0.7")
        page.fill("#beam", "2")
        page.fill("#text", "Ä & ein #Hund = 1\nzwei")
        page.set_checked("#stream", False)
        page.wait_for_function("() => location.hash.includes('text=')")
        page.reload()
        page.wait_for_selector("#form:not([hidden])")
        assert page.input_value("#text") == "Ä & ein #Hund = 1\nzwei"
        assert page.input_value("#policy") == "confidence" and page.input_value("#threshold") == "0.7"
        assert page.input_value("#beam") == "2" and not page.is_checked("#stream")
        assert page.is_visible("#threshold")
        assert not any("Hund" in url or "#" in url.removesuffix(page.url) for url in sent if url != page.url), sent
        page.click("#clear")
        assert page.input_value("#text") == "" and page.evaluate("() => document.activeElement.id") == "text"


def check_counter_and_copy(browser):
    with browser.visit("/") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.wait_for_selector("#form:not([hidden])")
        page.fill("#text", "Hund 🐶")
        assert page.text_content("#counter").startswith("6 of "), page.text_content("#counter")
        translate(page)
        page.click("#copy")
        page.wait_for_function("() => document.querySelector('#copy').textContent === 'Copied'")
        assert page.evaluate("() => navigator.clipboard.readText()") == page.text_content("#translation")
        assert page.get_attribute("#text", "dir") == page.get_attribute("#translation", "dir") == "auto"
        assert page.text_content("footer").strip() == f"Shoal {browser.ask('/openapi.json')['info']['version']}"


def check_failing_models_are_told_and_tried_again(browser):
    answers = [{"status": 404, "content_type": "text/html", "body": "<p>"},
               {"status": 200, "content_type": "text/html", "body": "<p>not it"}, None]
    for answer, words in zip(answers, ("does not say", "not this server", "cannot be reached")):
        context = browser.chromium.new_context()
        page = context.new_page()
        page.route("**/models", lambda route: route.fulfill(**answer) if answer else route.abort())
        page.goto(browser.url + "/")
        page.wait_for_selector("#again:not([hidden])")
        assert words in page.text_content("#loading"), page.text_content("#loading")
        assert page.is_hidden("#form")
        page.unroute("**/models")
        page.click("#again")
        page.wait_for_selector("#form:not([hidden])")
        context.close()


def check_pages_below_a_path(browser):
    def forward(route):
        path = route.request.url.removeprefix(browser.url)
        assert path.startswith("/mt/"), path
        route.fulfill(response=route.fetch(url=browser.url + path.removeprefix("/mt")))

    for path, ready in (("/mt/", "#form:not([hidden])"), ("/mt/docs", ".operation")):
        context = browser.chromium.new_context()
        page = context.new_page()
        page.route("**/*", lambda route: forward(route) if route.request.url.startswith("http") else route.continue_())
        page.goto(browser.url + path)
        page.wait_for_selector(ready)
        if path == "/mt/":
            translate(page)
        else:
            assert f"curl -s '{browser.url}/mt/translate'" in page.text_content("#translate-post")
        hrefs = page.eval_on_selector_all("nav[aria-label=Pages] a", "(links) => links.map((link) => link.href)")
        assert hrefs == [browser.url + "/mt/" + name for name in ("", "docs", "openapi.yaml")], hrefs
        context.close()


def check_search_in_the_reference(browser):
    with browser.visit("/docs") as page:
        page.wait_for_selector(".operation")
        everything = page.locator(".operation:visible").count()
        page.fill("#search", "beam_size  TRANSLATE")
        page.wait_for_function("() => document.querySelector('#found').textContent !== ''")
        assert 0 < page.locator(".operation:visible").count() < everything / 2
        assert page.is_visible("#schema-TranslateRequest") and page.is_hidden("#livez-get")
        page.fill("#search", "")
        assert page.locator(".operation:visible").count() == everything


def check_forced_colours_keep_the_histogram(browser):
    context = browser.chromium.new_context(forced_colors="active")
    page = context.new_page()
    page.goto(browser.url + "/")
    translate(page)
    colours = page.eval_on_selector_all(
        "#histogram .bar", "(bars) => bars.map((bar) => getComputedStyle(bar).backgroundColor)")
    assert len(set(colours)) > 1, colours
    browser.shoot(page, "home-forced-colours")
    context.close()


def check_faults_are_told_in_words_for_people(browser):
    with browser.visit("/", refusals=[422, 503]) as page:
        page.wait_for_selector("#form:not([hidden])")
        page.fill("#text", "Hund " * 2500)
        page.press("#text", "Control+Enter")
        page.wait_for_selector("#text[aria-invalid=true]")
        assert "in parts" in page.text_content("#text-error")
        fulfil_translate(page, 503, {"title": "Overloaded", "status": 503, "code": "overloaded", "detail": "x"})
        page.press("#text", "Control+Enter")
        page.wait_for_selector("#problem:not([hidden])")
        assert "busy" in page.text_content("#problem")


def check_contrast_and_width(browser):
    for scheme in ("light", "dark"):
        for size, viewport in (("", DESKTOP), ("-phone", PHONE)):
            for path, name in (("/", "home"), ("/docs", "docs")):
                with browser.visit(path, scheme, viewport) as page:
                    if name == "home":
                        page.set_checked("#scores", True)
                        translate(page)
                    else:
                        page.wait_for_selector(".operation")
                    ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
                    assert (sum(map(int, ground[4:-1].split(","))) < 150) == (scheme == "dark"), ground
                    ratio, text = page.evaluate(LOWEST_CONTRAST)
                    assert ratio >= 4.5, f"{name}, {scheme}: {ratio:.2f} at “{text}”"
                    width = page.evaluate("() => document.documentElement.scrollWidth")
                    assert width <= viewport["width"], f"{name} is {width} wide"
                    browser.shoot(page, f"{name}-{scheme}{size}")


def check_reference_holds_the_whole_document(browser):
    document = browser.ask("/openapi.json")
    with browser.visit("/docs") as page:
        page.wait_for_selector(".operation")
        headings = page.eval_on_selector_all(".operation > h3 > code", "(all) => all.map((one) => one.textContent)")
        assert set(headings) == {*document["paths"], *document["components"]["schemas"]}, headings
        broken = page.eval_on_selector_all("a[href^='#']", """(links) => (
          links.map((link) => link.hash.slice(1)).filter((id) => !document.getElementById(id)))""")
        assert not broken, broken
        commands = page.text_content("#translate-post")
        body = document["paths"]["/translate"]["post"]["requestBody"]["content"]["application/json"]
        for example in body["examples"].values():
            assert example["summary"] in commands
        assert f"curl -s '{browser.url}/translate'" in commands
        tab_to(page, "#translate-post .responses summary", limit=200)
        page.keyboard.press("Enter")
        page.wait_for_selector("#translate-post .responses details[open] table")


def check_without_scripts(browser):
    for path in ("/", "/docs"):
        with browser.visit(path, scripts=False) as page:
            assert page.is_visible("main a[href='openapi.yaml']")


def check_languages_are_offered_and_found(browser):
    """On a server of models de to en, aa to bb and en to cc, with the pivot en."""
    if not browser.several:
        return
    other = Browser(browser.chromium, browser.several, None, browser.folder)
    with other.visit("/") as page:
        page.wait_for_selector("#form:not([hidden])")
        page.select_option("#from", "de")
        assert page.eval_on_selector_all("#to > option", "(all) => all.map(({ value }) => value)") == ["en", "cc"]
        page.select_option("#to", "cc")
        translate(page, "Ein Mann liest.")
        page.wait_for_selector('#route:has-text("deen")')
        page.select_option("#from", "")
        page.select_option("#to", "en")
        assert page.is_disabled("#policy")
        translate(page)
        page.wait_for_selector('#route:has-text("German")')
        other.shoot(page, "languages")
    with browser.visit("/") as page:
        page.wait_for_selector("#form:not([hidden])")
        assert page.is_hidden("#pair-field")


def main():
    parser = argparse.ArgumentParser(description="The pages of a running server in headless Chromium.")
    parser.add_argument("url")
    parser.add_argument("--several", metavar="URL", help="a server of several models, as scripts/test-pages starts it")
    parser.add_argument("--screenshots", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--chromium", default="/usr/bin/chromium", metavar="PATH")
    options = parser.parse_args()
    if not pathlib.Path(options.chromium).exists():
        parser.error(f"there is no {options.chromium}: install Debian's chromium, or name another with --chromium")
    try:
        urllib.request.urlopen(options.url, timeout=10).close()
    except (OSError, ValueError) as error:
        parser.error(f"{options.url} does not answer: {error}")
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    failures = 0
    with sync_playwright() as playwright:
        # Chromium's sandbox needs rights that containers seldom give, and only the given server is visited.
        chromium = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        browser = Browser(chromium, options.url, options.several, options.screenshots)
        for check in (value for name, value in globals().items() if name.startswith("check_")):
            name = check.__name__.removeprefix("check_").replace("_", " ")
            try:
                check(browser)
                print(f"ok      {name}", flush=True)
            except Exception:
                failures += 1
                print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
        chromium.close()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
