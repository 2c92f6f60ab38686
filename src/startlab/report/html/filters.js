// What is shown is what the fragment of the URL says: it can be sent to somebody.

const SEVERAL = ["outcome", "method", "python", "platform"];
const state = {};

/** Read the state from the fragment. */
function readFragment() {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const name of SEVERAL) {
    state[name] = new Set((said.get(name) ?? "").split(",").filter(Boolean));
  }
  state.text = said.get("text") ?? "";
  state.only = said.get("only") === "unexpected";
  state.rows = said.get("rows") === "method" ? "method" : "experiment";
  state.subject = said.get("subject");
  state.cell = said.get("cell");
}

/** Give the fragment of the state, with changes; null takes something out of it. */
function fragment(changes = {}) {
  const next = {...state, ...changes};
  const said = new URLSearchParams();
  for (const name of SEVERAL) if (next[name].size) said.set(name, [...next[name]].join(","));
  if (next.text) said.set("text", next.text);
  if (next.only) said.set("only", "unexpected");
  if (next.rows !== "experiment") said.set("rows", next.rows);
  if (next.subject) said.set("subject", next.subject);
  if (next.cell) said.set("cell", next.cell);
  return `#${said}`;
}

/** Change the state by a filter: each key would else be an entry of the history. */
function filterBy(changes) {
  history.replaceState(null, "", fragment(changes));
  readFragment();
  filtered = fragment({cell: null, subject: null});
  showMatched();
}

// --- which cells match --------------------------------------------------------------------------

const haystacks = SUBJECTS.map(({name, title, group}) =>
  `${name} ${title} ${INDEX.groups[group] ?? ""}`.toLowerCase());

/** Give for every cell whether the filters let it through, and how many they do. */
function match() {
  const wanted = (names, set) => names.map((name) => set.size === 0 || set.has(name));
  const outcome = wanted(OUTCOMES, state.outcome);
  const method = wanted(METHODS, state.method);
  const python = wanted(ENVIRONMENTS.map((each) => each.version), state.python);
  const platform = wanted(ENVIRONMENTS.map((each) => each.family), state.platform);
  const environment = ENVIRONMENTS.map((_, number) => python[number] && platform[number]);
  const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
  const within = (texts) => words.map((word) => texts.map((text) => text.includes(word)));
  const inSubject = within(haystacks);
  const inReason = words.length ? within(REASONS.map((reason) => reason.toLowerCase())) : [];
  const inEnvironment = within(ENVIRONMENTS.map((each) => each.name.toLowerCase()));
  const matched = new Uint8Array(CELL_COUNT);
  let count = 0;
  for (let cell = 0; cell < CELL_COUNT; cell++) {
    if (!outcome[CELLS.outcome[cell]] || !method[CELLS.method[cell]]) continue;
    if (!environment[CELLS.environment[cell]]) continue;
    if (state.only && CELLS.asExpected[cell]) continue;
    if (!words.every((_, word) => inSubject[word][CELLS.subject[cell]]
        || inReason[word][CELLS.reason[cell]] || inEnvironment[word][CELLS.environment[cell]])) {
      continue;
    }
    matched[cell] = 1;
    count++;
  }
  return {matched, count, environment};
}

// --- the form -----------------------------------------------------------------------------------

function makeFilters() {
  const form = document.getElementById("filters");
  const counts = (column, length) => {
    const found = new Array(length).fill(0);
    for (const each of column) found[each]++;
    return found;
  };
  const byOutcome = counts(CELLS.outcome, OUTCOMES.length);
  const byMethod = counts(CELLS.method, METHODS.length);
  const unique = (values) => [...new Set(values)];
  fill(form, {}, [
    h("div", {class: "filter-text"},
      h("label", {for: "text"}, "Text"),
      h("input", {
        id: "text", type: "search", autocomplete: "off", spellcheck: "false",
        placeholder: "name, title, reason or place", value: state.text,
        oninput: (event) => filterBy({text: event.target.value}),
      })),
    toggle(INDEX.isProgram ? "Not ok only" : "Not as expected only", () => state.only, (on) => filterBy({only: on})),
    chips("outcome", "Outcome", OUTCOMES.filter((_, number) => byOutcome[number]), (name) =>
      [h("span", {"aria-hidden": "true"}, GLYPHS[name]), ` ${name} `,
        h("span", {class: "count"}, byOutcome[OUTCOMES.indexOf(name)].toLocaleString("en"))]),
    chips("method", "Method", METHODS.filter((_, number) => byMethod[number])),
    chips("python", "Python", unique(ENVIRONMENTS.map((each) => each.version)).sort(byVersion)),
    chips("platform", "Platform", unique(ENVIRONMENTS.map((each) => each.family))),
    toggle("Rows by method", () => state.rows === "method",
      (on) => filterBy({rows: on ? "method" : "experiment"})),
    h("button", {type: "reset", class: "reset"}, "Clear"),
  ]);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    filterBy({
      ...Object.fromEntries(SEVERAL.map((name) => [name, new Set()])), text: "", only: false,
    });
    showFilters();
  });
  form.hidden = CELL_COUNT === 0;
}

const numbers = (version) => version.split(".").map((part) => Number.parseInt(part, 10));

function byVersion(one, two) {
  const [[a, b], [c, d]] = [numbers(one), numbers(two)];
  return a - c || b - d || (one < two ? -1 : 1);
}

function toggle(label, isOn, set) {
  const box = h("input", {type: "checkbox", onchange: () => set(box.checked)});
  box.shows = () => { box.checked = isOn(); };
  return h("label", {class: "chip"}, box, h("span", {}, label));
}

function chips(name, label, values, content = (value) => value) {
  if (values.length < 2) return null;
  return h("fieldset", {}, h("legend", {}, label), values.map((value) => {
    const box = h("input", {type: "checkbox", name, value, onchange: () => {
      const chosen = new Set(state[name]);
      if (box.checked) chosen.add(value);
      else chosen.delete(value);
      filterBy({[name]: chosen});
    }});
    box.shows = () => { box.checked = state[name].has(value); };
    return h("label", {class: "chip"}, box, h("span", {}, content(value)));
  }));
}

/** Have the form show the state. */
function showFilters() {
  for (const box of document.querySelectorAll("#filters input[type=checkbox]")) box.shows();
  const text = document.getElementById("text");
  if (text && text.value !== state.text) text.value = state.text;
}
