const byID = (id) => document.getElementById(id);
const meta = (name) => document.querySelector(`meta[name=${name}]`)?.content ?? "";

/** The address of a path of this server: relative to the page, or below the path that a proxy has named. */
const addressOf = (path) => (meta("prefix") ? `${meta("prefix")}/${path}` : path || "./");

for (const link of document.querySelectorAll("a[data-path]")) link.href = addressOf(link.dataset.path);
if (byID("server-version")) byID("server-version").textContent = meta("version");

/** An element with attributes (undefined ones are left out) and children; strings become text, never markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
