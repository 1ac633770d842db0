const policyHints = {
  full: "Every token runs through all layers.",
  fixed: "Every token leaves at the layer you name.",
  sequence: "One layer for the whole sentence, predicted from the encoder's states.",
  token_multinomial: "One layer for each token, predicted after the first.",
  token_geometric: "After each layer a small head says whether to stop; above the threshold the token leaves.",
  speculative: "A lower exit drafts tokens, the last layer verifies several at once: the answer of full depth, sooner.",
  confidence: "A token leaves at the first layer whose classifier gives it at least the threshold.",
};

/** Where the faults of a request are shown: JSON pointers and the fields they belong to. */
const fieldOf = {
  "/text": "text", "/model": "model", "/exit/policy": "policy", "/exit/layer": "layer", "/exit/profile": "profile",
  "/exit/threshold": "threshold", "/exit/min_layer": "min-layer", "/exit/max_layer": "max-layer",
  "/beam_size": "beam", "/stream": "stream", "/include": "scores", "/source_lang": "from", "/target_lang": "to",
};

const examples = {
  de: [
    "Ich habe den Bus verpasst und musste zu Fuß gehen.",
    "Ich verstehe nicht, was du meinst.",
    "Klicken Sie auf die Schaltfläche, um das Dokument zu speichern.",
  ],
};

/** Colours from shallow to deep: lightness alone tells them apart, away from the ground in either theme. */
const scales = {
  light: ["#d9f1ee", "#a3d8d9", "#55abc7", "#2272a6", "#133f7c", "#0a1c47"],
  dark: ["#2b4350", "#1d6682", "#2b88a2", "#52b9c5", "#9fe2da", "#ecfbf5"],
};

const percent = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const decimals = (value, digits) => value.toFixed(digits).replace("-", "−");
const share = (value) => percent.format(value).replace("-", "−").replace("%", " %");
const wait = (seconds) => new Promise((resume) => setTimeout(resume, seconds * 1000));

let models = [];
/** What is translated into what, as /languages says. */
let languages = [];
let running = null;
/** Whether the answer that is shown was asked for with scores. */
let isScored = false;

/** Whether the server has more than one pair of languages, so that they are to be chosen. */
const hasPairs = () => languages.reduce((count, { targets }) => count + targets.length, 0) > 1;

const translates = ({ source_lang, target_lang, source_languages, target_languages }, from, to) =>
  (source_languages ?? [source_lang]).includes(from) && (target_languages ?? [target_lang]).includes(to);

/** The model that makes the answer: the one that is chosen, or the first for the pair, or over a pivot the first into its target. */
function model() {
  const chosen = models.find(({ id }) => id === byID("model").value);
  if (chosen || !hasPairs()) return chosen ?? models[0];
  const [from, to] = [byID("from").value, byID("to").value];
  return models.find((one) => translates(one, from, to))
    ?? models.find(({ target_lang, target_languages }) => (target_languages ?? [target_lang]).includes(to)) ?? models[0];
}

/** Whether the server will take that model, so that settings of depth can be made for it. */
const isModelKnown = () => !hasPairs() || byID("model").value !== ""
  || models.some((one) => translates(one, byID("from").value, byID("to").value));

// MARK: Colours

const channels = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

function mix(stops, position) {
  const place = position * (stops.length - 1);
  const below = Math.min(Math.floor(place), stops.length - 2);
  const [from, to] = [channels(stops[below]), channels(stops[below + 1])];
  return from.map((value, at) => value + (to[at] - value) * (place - below));
}

/** Black or white, whichever has the higher contrast (WCAG 2.2): always above 4.5 : 1. */
function inkOn(color) {
  const [red, green, blue] = color.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

function swatch(layer, ...children) {
  const made = element("span", { class: "swatch" }, ...children);
  const count = model().decoder_layers;
  for (const [theme, stops] of Object.entries(scales)) {
    const color = mix(stops, count > 1 ? Math.max(layer - 1, 0) / (count - 1) : 0);
    made.style.setProperty(`--${theme}`, `rgb(${color.join(" ")})`);
    made.style.setProperty(`--${theme}-ink`, inkOn(color));
  }
  return made;
}

// MARK: The server

class Problem extends Error {
  constructor(content) {
    super(content.detail);
    this.content = content;
  }

  static async of(response) {
    const content = await response.json().catch(() => ({ title: `HTTP ${response.status}` }));
    return new Problem({ status: response.status, ...content, retryAfter: response.headers.get("Retry-After") });
  }
}

/** Asks at a path of this server, which has no slash in front. */
async function call(path, options = {}) {
  const headers = { ...options.headers };
  if (byID("key").value) headers.Authorization = `Bearer ${byID("key").value}`;
  const response = await fetch(addressOf(path), { ...options, headers });
  if (!response.ok) throw await Problem.of(response);
  return response;
}

/** The events of a stream as [name, data] (HTML Standard §9.2, without what this server never sends). */
async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (pending + value).split("\n\n");
    pending = blocks.pop();
    for (const block of blocks) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
      if (name) yield [name, JSON.parse(data)];
    }
  }
}

async function loadModels() {
  while (models.length === 0) {
    try {
      models = (await (await call("models")).json()).models ?? [];
      if (models.length === 0) throw new SyntaxError("no models");
    } catch (failure) {
      if (failure.content?.status !== 503) throw failure;
      byID("loading").textContent = "The model is loading …";
      await wait(Number(failure.content.retryAfter) || 1);
    }
  }
  languages = await (await call("languages")).json();
  const entries = models.map(({ id }) => element("option", { value: id }, id));
  if (hasPairs()) entries.unshift(element("option", { value: "" }, "The first for the languages"));
  byID("model").replaceChildren(...entries);
  byID("model-field").hidden = models.length < 2;
  showLanguages();
  showModel();
}

// MARK: Languages

function showLanguages() {
  byID("pair-field").hidden = !hasPairs();
  if (!hasPairs()) return;
  const options = languages.filter(({ targets }) => targets.length > 0)
    .map(({ code }) => element("option", { value: code }, languageName(code, code)));
  byID("from").replaceChildren(element("option", { value: "" }, "Find it in the text"), ...options);
  byID("from").value = models[0].source_lang ?? "";
  showTargets();
}

/** Offers the targets of the source; where that is to be found, all. */
function showTargets() {
  const from = byID("from").value;
  const old = byID("to").value || models[0].target_lang;
  const targets = from === "" ? [...new Set(languages.flatMap((one) => one.targets))]
    : languages.find(({ code }) => code === from)?.targets ?? [];
  byID("to").replaceChildren(...targets.map((code) => element("option", { value: code }, languageName(code, code))));
  if (targets.includes(old)) byID("to").value = old;
}

// MARK: The form

function languageName(code, otherwise) {
  return code ? new Intl.DisplayNames("en", { type: "language" }).of(code) : otherwise;
}

function showModel() {
  const { id, encoder_layers, decoder_layers, side_branch_layers, limits, policies, default_policy } = model();
  const source_lang = hasPairs() ? byID("from").value || undefined : model().source_lang;
  const target_lang = hasPairs() ? byID("to").value : model().target_lang;
  byID("model-line").textContent = `${id}: ${encoder_layers} encoder and ${decoder_layers} decoder layers`;
  byID("source-name").textContent = languageName(source_lang, "Source");
  byID("target-name").textContent = languageName(target_lang, "Translation");
  if (source_lang) byID("text").lang = source_lang;
  if (target_lang) byID("translation").lang = byID("tokens").lang = target_lang;
  byID("example").hidden = !examples[source_lang];
  for (const id of ["layer", "min-layer", "max-layer"]) byID(id).max = decoder_layers;
  byID("layer").min = side_branch_layers > 0 ? 0 : 1;
  byID("min-layer").placeholder = 1;
  byID("max-layer").placeholder = decoder_layers;
  byID("beam").max = limits.max_beam;
  byID("policy").replaceChildren(...policies.map(({ policy, available, missing }) => {
    const option = element("option", { value: policy }, available ? policy : `${policy}: needs ${missing ?? "heads"}`);
    option.disabled = !available;
    option.selected = policy === default_policy;
    return option;
  }));
  for (const id of ["policy", "min-layer", "max-layer", "layer", "profile", "threshold"]) byID(id).disabled = !isModelKnown();
  showProfiles();
  showPolicy();
}

function showProfiles() {
  const measured = ({ bleu, average_exit }) => [
    bleu === undefined ? "" : `BLEU ${decimals(bleu, 1)}`,
    average_exit === undefined ? "" : `average layer ${decimals(average_exit, 2)}`,
  ].filter(Boolean).join(", ");
  const entries = model().profiles.map((profile) => {
    const facts = measured(profile);
    return element("option", { value: profile.name }, facts ? `${profile.name} (${facts})` : profile.name);
  });
  byID("profile").replaceChildren(element("option", { value: "" }, "None"), ...entries);
}

function showPolicy() {
  const policy = byID("policy").value;
  byID("policy-hint").textContent = policyHints[policy] ?? "";
  for (const field of document.querySelectorAll("[data-policies]")) {
    field.hidden = !field.dataset.policies.split(" ").includes(policy);
  }
  const thresholds = model().policies.find((entry) => entry.policy === policy)?.thresholds;
  const byProfile = policy === "confidence" && byID("profile").value !== "";
  byID("threshold").disabled = byProfile || !isModelKnown();
  byID("threshold-hint").textContent = byProfile ? "The profile sets it."
    : `A number from 0 to 1, or ${model().decoder_layers - 1} of them with commas between, one for each layer below the last.`
      + (thresholds ? ` Left empty, the model’s own: ${thresholds.join(", ")}.` : "");
}

/** What a field holds; what is no number goes as it is, so that the server says what is wrong with it. */
function numberIn(id) {
  const { value } = byID(id);
  return value === "" ? undefined : Number.isNaN(Number(value)) ? value : Number(value);
}

function thresholdIn() {
  const text = byID("threshold").value.trim();
  if (text === "" || byID("threshold").disabled) return undefined;
  const numbers = text.split(/[\s,;]+/).map(Number);
  if (numbers.some(Number.isNaN)) return text;
  return numbers.length === 1 ? numbers[0] : numbers;
}

/** The body of the request; what is undefined is left out of the JSON. */
function requestBody() {
  const isFor = (id, value) => (byID(id).closest("[data-policies]").hidden ? undefined : value);
  const beam = numberIn("beam");
  return {
    text: byID("text").value,
    model: byID("model").value && models.length > 1 ? model().id : undefined,
    source_lang: hasPairs() ? byID("from").value || "auto" : undefined,
    target_lang: hasPairs() ? byID("to").value : undefined,
    // A model that is found from the text, or over a pivot, has its own settings.
    exit: !isModelKnown() ? undefined : {
      policy: byID("policy").value,
      layer: isFor("layer", numberIn("layer")),
      profile: isFor("profile", byID("profile").value || undefined),
      threshold: isFor("threshold", thresholdIn()),
      min_layer: numberIn("min-layer"),
      max_layer: numberIn("max-layer"),
    },
    beam_size: beam,
    include: byID("scores").checked ? ["tokens", "scores", "timings"] : ["tokens", "timings"],
    // With a beam there is no token before the end.
    stream: (byID("stream").checked && (beam ?? 1) === 1) || undefined,
  };
}

// MARK: The answer

function clearAnswer() {
  for (const id of ["translation", "tokens", "status", "problem", "route"]) byID(id).replaceChildren();
  for (const id of ["result", "measures", "problem", "copy"]) byID(id).hidden = true;
  for (const field of document.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const message of document.querySelectorAll(".error")) message.textContent = "";
}

/** Shows a token, before the one at a place or behind all. */
function addToken({ piece, exit_layer, logprob }, place) {
  const isEnd = piece === "</s>";
  const opens = piece.startsWith("▁");
  const text = isEnd ? "end" : opens ? piece.slice(1) : piece;
  const probability = isScored && logprob !== undefined ? share(Math.exp(logprob)) : undefined;
  const item = element(
    "li",
    {
      class: `token${opens || isEnd ? " opens" : ""}${isEnd ? " ends" : ""}`,
      title: `left at layer ${exit_layer} of ${model().decoder_layers}`
        + (probability ? `, log p = ${decimals(logprob, 3)}` : ""),
    },
    swatch(exit_layer, text || " "),
    element("small", {}, element("span", { class: "unseen" }, " layer "), String(exit_layer)));
  if (probability) item.append(element("small", {}, probability));
  byID("tokens").insertBefore(item, byID("tokens").children[place] ?? null);
  byID("result").hidden = false;
  byID("intro").hidden = true;
  byID("tokens").classList.toggle("scored", isScored);
  byID("tokens-legend").textContent = `Below each token: the layer that it left at, 1 to ${model().decoder_layers}${model().side_branch_layers > 0 ? ", or 0, the side branch" : ""}`
    + (isScored ? ", and the probability that the model gave it there." : ".");
}

function fact(name, value, note) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value, element("small", {}, note)));
}

function showFacts({ compute, score }, timings) {
  const facts = [
    fact("Operations saved", share(compute.compute_saved),
      `${compact.format(compute.decoder_flops)} of ${compact.format(compute.decoder_flops_full_depth)} run`),
    fact("Average layer", decimals(compute.average_exit_layer, 2), `of ${compute.decoder_layers}`),
  ];
  const drafts = compute.speculation;
  if (!drafts) {
    facts.unshift(
      fact("Layers saved", share(compute.layers_saved), `${compute.layers_run} of ${compute.layers_full_depth} run`));
  } else {
    facts.push(fact("Drafts accepted", `${drafts.accepted} of ${drafts.drafted}`,
      `${drafts.passes} passes for ${compute.target_tokens} tokens`));
  }
  if (timings) {
    facts.push(fact("Time", `${decimals(timings.total_ms, 1)} ms`, `${decimals(timings.decode_ms, 1)} ms decoding`));
  }
  if (score !== undefined) facts.push(fact("Score", decimals(score, 3), "mean log p of a token"));
  byID("facts").replaceChildren(...facts);
  byID("cost-note").textContent = compute.compute_saved < 0
    ? drafts ? "Negative: drafts that were rejected were computed, too. What they save is passes over the weights."
      : "Negative: asking when to leave cost more operations than leaving early saved." : "";
}

function showHistogram({ exit_histogram, branch_tokens }) {
  const layers = exit_histogram.map((count, at) => [at + 1, count]);
  const exits = branch_tokens ? [[0, branch_tokens], ...layers] : layers;
  const most = Math.max(...exits.map(([, count]) => count), 1);
  byID("histogram").replaceChildren(...exits.map(([exit, count]) => {
    const [key, bar] = [swatch(exit, String(exit)), swatch(exit)];
    key.classList.add("key");
    bar.classList.add("bar");
    bar.style.setProperty("--share", count / most);
    return element("li", {}, element("span", { class: "unseen" }, "Layer "), key, bar, String(count));
  }));
}

/** By which models a text went, where it was more than one, and what was found of its language. */
function showRoute({ route, translations: [{ detected_language }] }) {
  const steps = (route ?? []).map(({ model: name, target_lang }) => `${languageName(target_lang, name)} by ${name}`);
  const found = detected_language && `The text is in ${languageName(detected_language.language, "an unknown language")}.`;
  byID("route").textContent = [found, steps.length > 0 && `First ${steps.join(", then ")}.`].filter(Boolean).join(" ");
}

function showAnswer(answer) {
  const { translations: [translation], timings } = answer;
  showRoute(answer);
  byID("translation").textContent = translation.text;
  if (translation.tokens) {
    byID("tokens").replaceChildren();
    translation.tokens.forEach((token) => addToken(token));
  }
  byID("copy").hidden = !navigator.clipboard || translation.text === "";
  const { compute } = translation;
  byID("measures").hidden = compute.target_tokens === 0;
  showFacts(translation, timings);
  showHistogram(compute);
  byID("status").textContent = translation.finish_reason === "length"
    ? "Cut at the length limit." : compute.speculation ? `${compute.target_tokens} tokens in ${compute.speculation.passes} passes.`
    : `${compute.target_tokens} tokens, ${share(compute.layers_saved)} of the layers saved.`;
}

async function showStream(body) {
  // Sentences come side by side; each is shown in its place.
  const texts = [];
  const tokens = [];
  for await (const [name, data] of eventsOf(body)) {
    if (name === "token") {
      texts[data.sentence] = (texts[data.sentence] ?? "") + data.text;
      byID("translation").textContent = texts.filter(Boolean).join(" ");
      const next = tokens.findIndex(({ sentence }) => sentence > data.sentence);
      addToken(data, next < 0 ? undefined : next);
      tokens.splice(next < 0 ? tokens.length : next, 0, data);
    } else if (name === "error") {
      throw new Problem(data);
    } else if (name === "done") {
      return showAnswer(data);
    }
  }
  throw new Problem({ title: "The answer broke off", detail: "The connection was closed before its end." });
}

/** What to do about a fault at a field, in words for people; what is not known here is said as the server says it. */
function advice(id, { code, detail }) {
  const { decoder_layers: layers, side_branch_layers: branch, limits } = model() ?? {};
  if (code === "text_too_long") {
    return `This text is too long: at most ${limits.max_characters.toLocaleString("en")} characters are translated at once. `
      + "Send it in parts.";
  }
  if (code === "conflicting_options" && id === "min-layer") return "The lowest layer is above the highest.";
  if (code === "conflicting_options" && id === "layer") return "The layer has to lie between the lowest and the highest.";
  if (code !== "out_of_range" && code !== "wrong_type") return detail;
  const wanted = {
    threshold: `Enter a number from 0 to 1, such as 0.5, or ${layers - 1} of them with commas between.`,
    layer: `Enter a layer from ${branch > 0 ? 0 : 1} to ${layers}.`,
    "min-layer": `Enter a layer from 1 to ${layers}, or nothing.`,
    "max-layer": `Enter a layer from 1 to ${layers}, or nothing.`,
    beam: `Enter a whole number from 1 to ${limits?.max_beam}.`,
  };
  return wanted[id] ?? detail;
}

/** Titles and sentences for refusals that concern the whole request. */
const refusals = {
  unauthorized: ["A key is needed", "This server translates for those who have a key. Enter yours below the text."],
  rate_limited: ["Too many requests", "More requests came from you than are allowed in that time."],
  overloaded: ["The server is busy", "Too many others are waiting."],
  not_ready: ["The model is loading", "It takes a moment after the server has started."],
  shutting_down: ["The server is stopping", "Another one may answer soon."],
  deadline_exceeded: ["This took too long", "The server gave up after the time that it has for a request."],
  content_too_large: ["The text is too large", "The server takes no request of this size."],
};

/** Shows a fault at its field. Returns the field, or undefined where the page has none for it. */
function showFault(fault) {
  const { pointer } = fault;
  const known = Object.keys(fieldOf).find((prefix) => pointer === prefix || pointer.startsWith(`${prefix}/`));
  if (!known) return undefined;
  const field = byID(fieldOf[known]);
  if (field.closest("[hidden]")) return undefined;
  field.setAttribute("aria-invalid", "true");
  byID(`${fieldOf[known]}-error`).textContent = advice(fieldOf[known], fault);
  return field;
}

function showProblem({ title, detail, status, code, errors = [], request_id, retryAfter }) {
  const fields = errors.map(showFault);
  const isAllShown = fields.length > 0 && fields.every(Boolean);
  const notes = [retryAfter && `Try again in ${retryAfter} s.`, request_id && `Request ${request_id}`];
  byID("problem").replaceChildren(
    element("strong", {}, isAllShown ? "Something has to be changed" : refusals[code]?.[0] ?? title ?? "The request failed"),
    isAllShown ? "See the field that is marked." : refusals[code]?.[1] ?? detail ?? "",
    element("small", {}, notes.filter(Boolean).join(" ")));
  byID("problem").hidden = false;
  if (status === 401) byID("key-field").hidden = false;
  const first = status === 401 ? byID("key") : fields.find(Boolean);
  first?.focus();
}

function showFailure(failure) {
  if (failure.name === "AbortError") {
    byID("status").textContent = "Stopped.";
  } else {
    showProblem(failure.content ?? { title: "The server cannot be reached", detail: failure.message });
  }
}

async function translate(signal) {
  if (models.length === 0) await loadModels();
  const response = await call("translate", {
    method: "POST", signal, headers: { "Content-Type": "application/json" }, body: JSON.stringify(requestBody()),
  });
  if (response.headers.get("Content-Type")?.startsWith("text/event-stream")) await showStream(response.body);
  else showAnswer(await response.json());
}

async function send() {
  running?.abort();
  const own = running = new AbortController();
  clearAnswer();
  isScored = byID("scores").checked;
  byID("send").textContent = "Stop";
  byID("translation").setAttribute("aria-busy", "true");
  try {
    await translate(own.signal);
  } catch (failure) {
    if (running === own) showFailure(failure);
  }
  if (running !== own) return;
  running = null;
  byID("send").textContent = "Translate";
  byID("translation").removeAttribute("aria-busy");
}

function useExample() {
  const choices = examples[hasPairs() ? byID("from").value : model().source_lang];
  byID("text").value = choices[(choices.indexOf(byID("text").value) + 1) % choices.length];
  noteChange();
  send();
}

function clearAll() {
  running?.abort();
  byID("text").value = "";
  clearAnswer();
  byID("intro").hidden = false;
  noteChange();
  byID("text").focus();
}

/** Says for a moment on a button that something was copied. */
async function copy(button, text) {
  await navigator.clipboard.writeText(text);
  const label = button.textContent;
  button.textContent = "Copied";
  await wait(1.5);
  button.textContent = label;
}

// MARK: The address

/** The fields that the fragment of the address keeps, which browsers never send; the key is not among them. */
const kept = ["text", "from", "to", "model", "policy", "layer", "profile", "threshold", "min-layer", "max-layer", "beam", "stream", "scores"];
const defaults = {};
const valueOf = (field) => (field.type === "checkbox" ? String(field.checked) : field.value);

function showCount() {
  const count = [...byID("text").value].length;
  const most = model().limits.max_characters;
  byID("counter").textContent = `${count.toLocaleString("en")} of ${most.toLocaleString("en")} characters`;
  byID("counter").classList.toggle("over", count > most);
}

let pendingNote;

/** Keeps what differs from the start in the address, so that a reload or a link brings it back. */
function noteChange() {
  showCount();
  clearTimeout(pendingNote);
  pendingNote = setTimeout(keepInAddress, 300);
}

function keepInAddress() {
  clearTimeout(pendingNote);
  const changed = kept.map((id) => [id, valueOf(byID(id))]).filter(([id, value]) => value !== defaults[id]);
  const fragment = new URLSearchParams(changed).toString();
  history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search);
}

/** Takes what the address keeps; a field that does not know a value stays as it is. */
function restore() {
  for (const id of kept) defaults[id] = valueOf(byID(id));
  if (!location.hash.includes("=")) return;
  const values = new URLSearchParams(location.hash.slice(1));
  for (const id of kept.filter((name) => values.has(name))) {
    const [field, value] = [byID(id), values.get(id)];
    if (field.type === "checkbox") field.checked = value === "true";
    else if (field.localName !== "select" || [...field.options].some((option) => option.value === value && !option.disabled)) {
      field.value = value;
    }
    if (id === "from" && hasPairs()) showTargets();
    if (["from", "to", "model"].includes(id)) showModel();
    if (id === "policy") showPolicy();
  }
  showPolicy();
}

byID("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (running && event.submitter) running.abort();
  else send();
});
byID("form").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  send();
});
byID("example").addEventListener("click", useExample);
byID("clear").addEventListener("click", clearAll);
byID("copy").addEventListener("click", () => copy(byID("copy"), byID("translation").textContent));
byID("link").addEventListener("click", () => {
  keepInAddress();
  copy(byID("link"), location.href);
});
byID("form").addEventListener("input", noteChange);
byID("form").addEventListener("change", keepInAddress);
byID("again").addEventListener("click", start);
byID("from").addEventListener("change", showTargets);
for (const id of ["from", "to", "model"]) byID(id).addEventListener("change", showModel);
for (const id of ["policy", "profile"]) byID(id).addEventListener("change", showPolicy);

/** Why there are no models to choose from. */
function reasonOf(failure) {
  if (failure.content) return `The server does not say what it can translate (${failure.content.title ?? "no reason given"}).`;
  if (failure instanceof SyntaxError) return "What answers here is not this server, or not all of it.";
  return "The server cannot be reached.";
}

async function start() {
  byID("again").hidden = true;
  byID("loading").textContent = "Asking the server for its models …";
  try {
    await loadModels();
  } catch (failure) {
    models = [];
    byID("loading").textContent = `${reasonOf(failure)} Without its models there is nothing to try.`;
    byID("again").hidden = false;
    return;
  }
  byID("loading").textContent = "";
  byID("link").hidden = !navigator.clipboard;
  restore();
  showCount();
  byID("form").hidden = false;
}

await start();
