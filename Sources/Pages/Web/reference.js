let root;

// MARK: Reading the document

/** What a schema, header, parameter or response says once its references are followed; fields beside `$ref` win. */
function resolve(part) {
  const { $ref: reference, ...own } = part;
  if (!reference) return part;
  const found = reference.slice(2).split("/").reduce((at, key) => at[unescaped(key)], root);
  return { ...resolve(found), ...own };
}

/** A key as RFC 6901 writes it in a pointer. */
const unescaped = (key) => decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~");

/** The name of the schema that a reference points to. */
const nameOf = ({ $ref: reference }) => reference?.match(/^#\/components\/schemas\/(.+)$/)?.[1];

/** A schema with its `allOf` merged into it. */
function merged(schema) {
  const { allOf = [], ...own } = resolve(schema);
  const parts = [...allOf.map(merged), own];
  return {
    ...Object.assign({}, ...parts),
    ...(parts.some((part) => part.properties) && {
      properties: Object.assign({}, ...parts.map((part) => part.properties)),
      required: parts.flatMap((part) => part.required ?? []),
    }),
  };
}

const identifier = (...words) => words.join("-").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "");

// MARK: Text

/** Text in which `code` is set as code. */
function inline(text) {
  return text.split(/`([^`]+)`/).map((part, at) => (at % 2 ? element("code", {}, part) : part));
}

/** Paragraphs and lists of a description. */
function prose(text = "") {
  return text.trim().split(/\n\s*\n/).filter(Boolean).map((block) => {
    if (!block.startsWith("- ")) return element("p", {}, ...inline(block));
    return element("ul", {}, ...block.split(/\n?^- /m).filter(Boolean).map((item) => element("li", {}, ...inline(item))));
  });
}

const codes = (values) => values.flatMap((value, at) => [at ? " " : "", element("code", {}, show(value))]);
const show = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function disclosure(summary, content, isOpen = false) {
  const made = element("details", {}, element("summary", {}, ...summary));
  // What is closed is drawn when it is first opened, so that schemas may contain themselves.
  made.addEventListener("toggle", () => made.append(...content()), { once: true });
  made.open = isOpen;
  return made;
}

// MARK: Schemas

/** The type in words, with links to named schemas. */
function typeOf(schema) {
  const name = nameOf(schema);
  if (name) return [element("a", { href: `#schema-${name}` }, name)];
  if (schema.oneOf) return schema.oneOf.flatMap((one, at) => [at ? " or " : "", ...typeOf(one)]);
  if (schema.items) return ["array of ", ...typeOf(schema.items)];
  if ("const" in schema) return ["constant"];
  return [[schema.type ?? (schema.enum ? "string" : "any")].flat().join(" or ")];
}

/** Bounds, default and allowed values as a list of [name, nodes]. */
function rules(schema) {
  const { minimum: low, maximum: high } = schema;
  const found = [];
  if (low !== undefined && high !== undefined) found.push(["from", [`${low} to ${high}`]]);
  else if (low !== undefined) found.push(["at least", [String(low)]]);
  else if (high !== undefined) found.push(["at most", [String(high)]]);
  for (const [key, label] of [["minLength", "shortest"], ["maxLength", "longest"], ["minItems", "fewest"],
    ["maxItems", "most"], ["pattern", "pattern"], ["default", "default"], ["const", "always"], ["example", "example"]]) {
    if (key in schema) found.push([label, codes([schema[key]])]);
  }
  const values = schema.enum ?? schema.items?.enum;
  if (values) found.push(["one of", codes(values)]);
  if (schema.examples) found.push(["examples", codes([schema.examples].flat())]);
  return found;
}

function ruleList(schema) {
  const found = rules(schema);
  if (found.length === 0) return [];
  const entries = found.map(([label, nodes]) => element("span", {}, element("span", { class: "muted" }, `${label} `), ...nodes));
  return [element("p", { class: "rules" }, ...entries)];
}

/** The schemas with properties of their own within a schema: itself, its items, or its alternatives. */
function objectsIn(schema) {
  const whole = merged(schema);
  if (whole.properties) return [[nameOf(schema) ?? "the object", whole]];
  return [...(whole.items ? [whole.items] : []), ...(whole.oneOf ?? [])].flatMap(objectsIn);
}

function propertyRow(name, schema, isRequired) {
  const whole = resolve(schema);
  const nested = objectsIn(schema).map(([title, inner]) => (
    disclosure([`Fields of ${title}`], () => [propertyTable(inner)])));
  const required = isRequired ? [element("span", { class: "required" }, "required")] : [];
  return element("tr", {},
    element("th", { scope: "row" }, element("code", {}, name), ...required),
    element("td", {}, element("p", { class: "type" }, ...typeOf(schema)), ...prose(whole.description),
      ...ruleList(whole), ...nested));
}

function propertyTable({ properties, required = [] }) {
  const rows = Object.entries(properties).map(([name, schema]) => propertyRow(name, schema, required.includes(name)));
  return element("table", { class: "fields" }, element("thead", { class: "unseen" },
    element("tr", {}, element("th", { scope: "col" }, "Field"), element("th", { scope: "col" }, "Meaning"))),
  element("tbody", {}, ...rows));
}

/** A schema in full: description, rules, and a table for each object in it. */
function schemaView(schema) {
  const whole = merged(schema);
  const objects = objectsIn(schema);
  const head = [...prose(whole.description), ...ruleList(whole)];
  if (objects.length === 1) return [...head, propertyTable(objects[0][1])];
  return [...head, ...objects.map(([title, inner], at) => (
    disclosure([`Fields of ${title}`], () => [...prose(inner.description), propertyTable(inner)], at === 0)))];
}

// MARK: Examples

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** JSON with everything on one line that fits there. */
function pretty(value, indent = "") {
  const line = JSON.stringify(value, null, 1).replace(/\n */g, " ");
  if (typeof value !== "object" || value === null || (indent + line).length <= 84) return line;
  const inner = `${indent}  `;
  const [open, close, parts] = Array.isArray(value)
    ? ["[", "]", value.map((item) => pretty(item, inner))]
    : ["{", "}", Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${pretty(item, inner)}`)];
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
}

const asText = (value) => (typeof value === "string" ? value : pretty(value));

/** A command that sends a request, with a body where there is one. */
function curl(method, path, type, body) {
  const target = path.replace(/\{(\w+)\}/g, (whole, name) => exampleOf(path, name) ?? whole);
  const parts = [`curl -s ${method === "head" ? "-I " : ""}${quoted(new URL(addressOf(target.slice(1)), location.href).href)}`];
  if (body !== undefined) parts.push(`-H ${quoted(`Content-Type: ${type}`)}`, `-d ${quoted(asText(body))}`);
  return parts.join(" \\\n  ");
}

function exampleOf(path, name) {
  const item = root.paths[path];
  const parameters = [...(item.parameters ?? []), ...(item.get?.parameters ?? [])].map(resolve);
  return parameters.find((parameter) => parameter.name === name)?.example;
}

function snippet(text) {
  const button = element("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  });
  const code = element("pre", { tabindex: "0" }, element("code", {}, text));
  // Only secure origins have a clipboard.
  return element("div", { class: "snippet" }, code, ...(navigator.clipboard ? [button] : []));
}

/** The examples of a body as [summary, value]. */
function examplesOf({ example, examples = {} }) {
  const named = Object.entries(examples).map(([name, { summary, value }]) => [summary ?? name, value]);
  return example === undefined ? named : [["Example", example], ...named];
}

// MARK: Authentication

/** Which keys an operation takes, as a line of its own; nothing where the document names none. */
function keyLine({ security = root.security ?? [] }) {
  const ways = security.map((way) => Object.keys(way).join(" and ") || "no key");
  if (ways.length === 0) return [];
  const link = element("a", { href: "#authentication" }, "Authentication");
  return [element("p", { class: "type" }, link, `: ${ways.join(", or ")}`)];
}

function schemeRow([name, { type, scheme, in: place, name: field, description }]) {
  const kind = [type, scheme, place && `${place} ${field}`].filter(Boolean).join(", ");
  return element("tr", {}, element("th", { scope: "row" }, element("code", {}, name)),
    element("td", {}, element("p", { class: "type" }, kind), ...prose(description)));
}

function authenticationView(schemes) {
  if (schemes.length === 0) return [];
  return [element("h2", { id: "authentication" }, "authentication"),
    element("table", { class: "fields" }, element("tbody", {}, ...schemes.map(schemeRow)))];
}

// MARK: Operations

function parameterTable(parameters, title) {
  if (parameters.length === 0) return [];
  const rows = parameters.map(({ name, in: place, required, description, schema, example }) => (
    element("tr", {},
      element("th", { scope: "row" }, element("code", {}, name),
        ...(required ? [element("span", { class: "required" }, "required")] : [])),
      element("td", {}, element("p", { class: "type" }, ...(place ? [`${place}, `] : []), ...typeOf(schema)),
        ...prose(description), ...ruleList({ ...resolve(schema), ...(example !== undefined && { example }) })))));
  return [element("h4", {}, title), element("table", { class: "fields" }, element("tbody", {}, ...rows))];
}

function requestView(path, method, body) {
  const media = Object.entries(resolve(body ?? {}).content ?? {})
    .sort(([, one], [, other]) => examplesOf(other).length - examplesOf(one).length);
  if (media.length === 0) return [element("h4", {}, "Example"), snippet(curl(method, path))];
  return media.flatMap(([type, content]) => [
    element("h4", {}, "Request ", element("code", {}, type)),
    ...examplesOf(content).flatMap(([summary, value]) => [
      element("p", { class: "caption" }, ...inline(summary)), snippet(curl(method, path, type, value))]),
    ...(content.schema ? schemaView(content.schema) : []),
  ]);
}

function responseContent(status, { headers = {}, content = {} }) {
  const fields = Object.entries(headers).map(([name, header]) => ({ ...resolve(header), name }));
  const bodies = Object.entries(content).flatMap(([type, body]) => [
    element("h4", {}, "Body ", element("code", {}, type), " ", ...(body.schema ? typeOf(body.schema) : [])),
    ...examplesOf(body).flatMap(([summary, value]) => [
      element("p", { class: "caption" }, ...inline(summary)), snippet(asText(value))]),
    ...(body.schema && status < "300" ? schemaView(body.schema) : []),
  ]);
  return [element("div", { class: "inside" }, ...bodies, ...parameterTable(fields, "Headers"))];
}

function responseView(status, reference) {
  const response = resolve(reference);
  const text = element("span", {}, ...inline(response.description.trim()));
  return disclosure(
    [element("b", { class: `status s${status[0]}` }, status), text], () => responseContent(status, response));
}

function operationView({ path, method, methods, operation, shared }) {
  const parameters = [...shared, ...(operation.parameters ?? [])].map(resolve);
  const badges = methods.map((name) => element("span", { class: "method" }, name.toUpperCase()));
  return element("section", { id: identifier(path, method), class: "operation" },
    element("h3", {}, ...badges, " ", element("code", {}, path)),
    element("p", { class: "summary" }, operation.summary ?? ""),
    ...prose(operation.description),
    ...keyLine(operation),
    ...requestView(path, method, operation.requestBody),
    ...parameterTable(parameters, "Parameters"),
    element("h4", {}, "Responses"),
    element("div", { class: "responses" },
      ...Object.entries(operation.responses).map(([status, response]) => responseView(status, response))));
}

/** All operations; HEAD beside GET is a badge of it, since it differs by the missing body alone. */
function operations() {
  const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
  return Object.entries(root.paths).flatMap(([path, item]) => {
    const present = methods.filter((method) => item[method]);
    const hasBoth = item.get && item.head;
    return present.filter((method) => method !== "head" || !hasBoth).map((method) => ({
      path, method, operation: item[method], shared: item.parameters ?? [],
      methods: method === "get" && hasBoth ? ["get", "head"] : [method],
    }));
  });
}

// MARK: The page

function contentsList(title, entries) {
  const items = entries.map(([target, ...label]) => element("li", {}, element("a", { href: `#${target}` }, ...label)));
  return [element("h2", {}, title), element("ul", {}, ...items)];
}

// MARK: Search

/** What can be found: sections with the text that the document has for them. */
let findable = [];

/** Shows the sections that have all words, and their entries in the contents. */
function search() {
  const words = byID("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { id, text } of findable) {
    const isFound = words.every((word) => text.includes(word));
    count += isFound;
    byID(id).hidden = !isFound;
    const entry = document.querySelector(`#contents a[href="#${CSS.escape(id)}"]`);
    if (entry) entry.parentElement.hidden = !isFound;
  }
  byID("found").textContent = words.length === 0 ? "" : `${count} of ${findable.length} sections`;
}

function draw() {
  const all = operations();
  const tags = root.tags.map((tag) => ({
    ...tag, entries: all.filter(({ operation }) => operation.tags?.includes(tag.name)),
  }));
  const schemas = Object.entries(root.components.schemas);
  const schemes = Object.entries(root.components.securitySchemes ?? {});
  byID("version").textContent = `${root.info.version} · ${root.info.summary ?? "Reference of the HTTP interface"}`;
  byID("contents").replaceChildren(
    ...tags.flatMap(({ name, entries }) => contentsList(name, entries.map(({ path, method }) => (
      [identifier(path, method), element("span", { class: "method" }, method.toUpperCase()), " ", path])))),
    ...(schemes.length > 0 ? contentsList("keys", [["authentication", "Authentication"]]) : []),
    ...contentsList("schemas", schemas.map(([name]) => [`schema-${name}`, name])));
  byID("document").replaceChildren(
    element("div", { class: "lead" }, ...prose(root.info.description)),
    ...tags.flatMap(({ name, description, entries }) => [
      element("h2", { id: identifier("tag", name) }, name), ...prose(description), ...entries.map(operationView)]),
    ...authenticationView(schemes),
    element("h2", {}, "schemas"),
    ...schemas.map(([name, schema]) => element("section", { id: `schema-${name}`, class: "operation" },
      element("h3", {}, element("code", {}, name)), ...schemaView(schema))));
  findable = [
    ...all.map(({ path, method, operation }) => ({
      id: identifier(path, method), text: `${method} ${path} ${JSON.stringify(operation)}`.toLowerCase() })),
    ...schemas.map(([name, schema]) => ({ id: `schema-${name}`, text: `${name} ${JSON.stringify(schema)}`.toLowerCase() })),
  ];
  byID("search").hidden = false;
  byID("search").addEventListener("input", search);
}

byID("loading").textContent = "Reading the document …";
try {
  const response = await fetch(addressOf("openapi.json"));
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  root = await response.json();
  draw();
  // The place in the address did not exist when the browser looked for it.
  if (location.hash) byID(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
} catch (failure) {
  byID("loading").textContent = `The document cannot be shown (${failure.message}); it is at openapi.yaml beside this page.`;
}
