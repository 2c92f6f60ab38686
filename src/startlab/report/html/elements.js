// Making elements. What came from a program becomes text and never markup.

const SVG = "http://www.w3.org/2000/svg";

// Control characters, and what is invisible or changes the direction of writing.
const UNSHOWN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Have control characters seen, not obeyed. */
function shown(text) {
  return String(text).replace(
    UNSHOWN, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, shown(value));
    }
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : shown(child));
  }
  return element;
}

function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/** An outcome as glyph and word. */
function badge(outcome, word = outcome) {
  return h("span", {class: `badge ${outcome}`},
    h("span", {"aria-hidden": "true"}, GLYPHS[outcome]), ` ${word}`);
}

function hidden(text) {
  return h("span", {class: "visually-hidden"}, text);
}

/** Have what is between backticks look like code. */
function prose(text) {
  return text.split("`").map((part, number) => (number % 2 ? h("code", {}, part) : part));
}

/** A line to copy. */
function copyable(text, label) {
  const line = h("pre", {class: "reproduce", role: "group", "aria-label": label}, text);
  const button = h("button", {type: "button", onclick: async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(line);
      button.textContent = "Selected";
    }
  }}, "Copy");
  return h("div", {class: "copyable"}, line, button);
}

/** A folded part, made when it is first opened. */
function folded(summary, make, open = false) {
  const details = h("details", {class: "folded"}, h("summary", {}, summary));
  const once = () => {
    if (details.open && details.children.length === 1) details.append(...[make()].flat());
  };
  details.addEventListener("toggle", once);
  if (open) {
    details.open = true;
    once();
  }
  return details;
}

/** A table of texts, with its columns' headings. */
function table(caption, headings, rows) {
  return h("div", {class: "scroll", tabindex: "0", role: "group", "aria-label": caption},
    h("table", {},
      h("caption", {}, caption),
      h("thead", {}, h("tr", {}, headings.map((each) => h("th", {scope: "col"}, each)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((each, column) =>
        h(column ? "td" : "th", column ? {} : {scope: "row"}, each)))))));
}

function facts(pairs) {
  return h("dl", {class: "facts"}, pairs.filter(([, value]) => value || value === 0).map(
    ([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function output(name, text) {
  return h("figure", {class: "output"},
    h("figcaption", {}, name),
    h("pre", {tabindex: "0", role: "group", "aria-label": name}, text));
}

/** A program with numbered lines, one of which may be marked. */
function listing(text, name, marked = null) {
  const lines = text.replace(/\n$/, "").split("\n");
  return h("figure", {class: "output"},
    h("figcaption", {}, name),
    h("pre", {class: "listing", tabindex: "0", role: "group", "aria-label": name},
      lines.map((line, number) => h("span",
        {class: number + 1 === marked ? "source-line marked" : "source-line"},
        h("span", {class: "line-number"}, String(number + 1).padStart(4), number + 1 === marked ? "▸" : " "),
        line, "\n"))));
}

/** Seconds, with as many digits as mean something. */
function seconds(value) {
  if (value === null || value === undefined) return "";
  if (value >= 100) return `${Math.round(value)} s`;
  if (value >= 1) return `${value.toFixed(2)} s`;
  return `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms`;
}

function plural(count, what) {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}
