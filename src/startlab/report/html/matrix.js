// The matrix: a table of which only the rows that can be seen are in the page.

const ROW = 30; // pixels, as in report.css
const BEYOND = 12; // rows above and below what can be seen
const MOST_PRINTED = 3000;
const WORD = 92; // pixels that a column with words needs
const NARROW = matchMedia("(max-width: 44rem)"); // as in report.css: names stand above their rows
const IS_SUITE = SUBJECTS.some(({name, label}) => name !== label);
const WHAT = IS_SUITE ? "Test" : INDEX.isProgram ? "Program" : "Experiment";
const ODD = INDEX.isProgram ? "not ok" : "not as expected";

const matrix = {rows: [], columns: [], from: -1, to: -1, focused: null};

const rowsOfCells = new Map();
for (let cell = 0; cell < CELL_COUNT; cell++) {
  const key = CELLS.subject[cell] * METHODS.length + CELLS.method[cell];
  const row = rowsOfCells.get(key);
  if (row) row.push(cell);
  else rowsOfCells.set(key, [cell]);
}

function makeMatrix() {
  const box = document.getElementById("matrix-box");
  if (CELL_COUNT === 0) {
    box.append(h("p", {}, "There is nothing to show."));
    return;
  }
  matrix.head = h("thead");
  matrix.body = h("tbody");
  matrix.table = h("table", {class: "matrix", "aria-labelledby": "matrix-heading"},
    matrix.head, matrix.body);
  matrix.box = h("div", {class: "matrix-scroll"}, matrix.table);
  box.append(matrix.box);
  matrix.box.addEventListener("scroll", () => requestAnimationFrame(() => showRows()), {passive: true});
  matrix.body.addEventListener("keydown", move);
  matrix.body.addEventListener("focusin", (event) => {
    const cell = event.target.dataset.cell;
    if (cell !== undefined) focusOn(Number(cell));
  });
  addEventListener("resize", () => { showHead(); showRows(true); });
  NARROW.addEventListener("change", showMatched);
  addEventListener("beforeprint", () => showRows(true, MOST_PRINTED));
  addEventListener("afterprint", () => showRows(true));
  fill(document.getElementById("legend"), {}, [
    "Each cell: ", OUTCOMES.filter((_, number) => CELLS.outcome.includes(number)).map((name) =>
      [badge(name), " "]),
    h("span", {class: "unexpected-sample"}, "boxed"), ` is ${ODD}.`,
    INDEX.outputs ? " Cells with the same letter print the same." : null,
    CHILD_FAILED.size ? " † something failed in a child, but the program exited with status 0." : null,
  ]);
}

/** Filter, and show what is left. */
function showMatched() {
  const {matched, count, environment} = match();
  document.getElementById("matched").textContent = count === CELL_COUNT
    ? plural(count, "cell") : `${count.toLocaleString("en")} of ${plural(CELL_COUNT, "cell")}`;
  if (!matrix.table) return;
  matrix.matched = matched;
  const used = new Set();
  const rows = [];
  for (const [key, cells] of rowsOfCells) {
    const found = cells.filter((cell) => matched[cell]);
    if (!found.length) continue;
    for (const cell of found) used.add(CELLS.environment[cell]);
    rows.push({
      subject: Math.floor(key / METHODS.length), method: key % METHODS.length, cells: found,
    });
  }
  const byMethod = state.rows === "method";
  rows.sort(byMethod
    ? (one, two) => one.method - two.method || one.subject - two.subject
    : (one, two) => one.subject - two.subject || one.method - two.method);
  matrix.columns = ENVIRONMENTS.map((_, number) => number).filter((each) =>
    environment[each] && used.has(each));
  matrix.rows = withHeadings(rows, byMethod);
  matrix.place = null;
  matrix.box.scrollTop = 0;
  showHead();
  showRows(true);
}

/** Put headings of groups between the rows, and names where there is no room beside them. */
function withHeadings(rows, byMethod) {
  const found = [];
  let heading = "";
  let last = -1;
  for (const row of rows) {
    const group = INDEX.groups[SUBJECTS[row.subject].group] ?? "";
    const said = byMethod ? [METHODS[row.method], group].filter(Boolean).join(": ") : group;
    if (said && said !== heading) found.push({heading: said});
    row.again = !byMethod && row.subject === last;
    if (NARROW.matches && !byMethod && !row.again) {
      found.push({named: row.subject});
      row.again = true;
    }
    heading = said;
    last = row.subject;
    found.push(row);
  }
  return found;
}

function showHead() {
  if (!matrix.table) return;
  const families = [];
  for (const column of matrix.columns) {
    const family = ENVIRONMENTS[column].family;
    if (families.at(-1)?.family === family) families.at(-1).count++;
    else families.push({family, count: 1});
  }
  matrix.head.replaceChildren(
    h("tr", {"aria-rowindex": "1"},
      h("th", {scope: "col", rowspan: "2", class: "corner"}, WHAT),
      families.map(({family, count}) =>
        h("th", {scope: "colgroup", colspan: count, class: "family"}, family))),
    h("tr", {"aria-rowindex": "2"}, matrix.columns.map((column, number) => {
      const {name, family, version, python} = ENVIRONMENTS[column];
      const first = number === 0 || ENVIRONMENTS[matrix.columns[number - 1]].family !== family;
      return h("th", {scope: "col", class: first ? "first" : "", title: python ? `${name}: ${python}` : name},
        version);
    })));
  matrix.table.setAttribute("aria-rowcount", matrix.rows.length + 2);
  const left = matrix.box.clientWidth - (NARROW.matches ? 160 : 300);
  matrix.table.classList.toggle("words", matrix.columns.length * WORD < left);
  const isRoomy = IS_SUITE && matrix.columns.length * WORD < matrix.box.clientWidth - 560;
  matrix.table.classList.toggle("roomy", isRoomy);
  matrix.table.classList.toggle("by-method", state.rows === "method");
}

/** Have those rows in the page that can be seen, and a few more. */
function showRows(again = false, most = null) {
  if (!matrix.table) return;
  const {box, rows} = matrix;
  const first = Math.floor(box.scrollTop / ROW);
  const last = first + Math.ceil(innerHeight / ROW); // the box is never higher
  if (!again && first >= matrix.from && last <= matrix.to) return;
  const from = most === null ? Math.max(0, first - BEYOND) : 0;
  const to = Math.min(rows.length, most ?? last + BEYOND);
  Object.assign(matrix, {from: from === 0 ? -1 : from, to: to === rows.length ? Infinity : to});
  const hadFocus = matrix.body.contains(document.activeElement);
  const width = matrix.columns.length + 1;
  const shownRows = rows.slice(from, to);
  matrix.body.replaceChildren(
    ...space(from, width),
    ...shownRows.map((row, number) => makeRow(row, from + number, number === 0, width)),
    ...space(rows.length - to, width));
  makeReachable();
  if (hadFocus) link(matrix.focused)?.focus({preventScroll: true});
}

function space(rows, width) {
  if (rows <= 0) return [];
  const cell = h("td", {colspan: width});
  cell.style.height = `${rows * ROW}px`;
  return [h("tr", {"aria-hidden": "true", class: "space"}, cell)];
}

function makeRow(row, number, isFirst, width) {
  const index = {"aria-rowindex": number + 3};
  if (row.heading !== undefined) {
    return h("tr", {...index, class: "group"},
      h("th", {colspan: width, scope: "colgroup"}, h("span", {}, row.heading)));
  }
  if (row.named !== undefined) {
    return h("tr", {...index, class: "named"},
      h("th", {colspan: width, scope: "colgroup"}, linkTo(row.named)));
  }
  const byColumn = new Map(row.cells.map((cell) => [CELLS.environment[cell], cell]));
  const again = row.again && (!isFirst || NARROW.matches);
  return h("tr", {...index, class: row.again ? "again" : ""},
    h("th", {scope: "row", title: SUBJECTS[row.subject].title}, h("span", {class: "row-heading"},
      again ? hidden(SUBJECTS[row.subject].label) : linkTo(row.subject),
      " ", state.rows === "method" ? hidden(METHODS[row.method])
        : h("span", {class: "method"}, METHODS[row.method]))),
    matrix.columns.map((column) => makeCell(byColumn.get(column))));
}

function linkTo(subject) {
  const {name, label} = SUBJECTS[subject];
  return h("a", {class: "name", href: fragment({subject: name}), title: name}, label);
}

function makeCell(cell) {
  if (cell === undefined) return h("td");
  const outcome = outcomeOf(cell);
  const expected = isExpected(cell);
  const several = CELLS.trials[cell] > 1;
  return h("td", {class: expected ? outcome : `${outcome} unexpected`},
    h("a", {
      href: fragment({cell: keyOf(cell)}), "data-cell": cell, tabindex: "-1",
      title: REASONS[CELLS.reason[cell]] || null,
    },
    h("span", {"aria-hidden": "true"}, GLYPHS[outcome]),
    h("span", {class: "word"}, ` ${outcome}`),
    CHILD_FAILED.has(cell) ? h("span", {title: "something failed in a child"}, "†", hidden(" something failed in a child")) : null,
    several ? h("span", {class: "share"}, ` ${CELLS.count[cell]}/${CELLS.trials[cell]}`) : null,
    INDEX.outputs?.[cell] ? h("span", {class: "letter"}, hidden("prints "), INDEX.outputs[cell]) : null,
    expected ? null : hidden(`, ${ODD}`)));
}

// --- the keyboard -------------------------------------------------------------------------------

const link = (cell) => matrix.body.querySelector(`a[data-cell="${cell}"]`);

function focusOn(cell) {
  if (matrix.focused !== null) link(matrix.focused)?.setAttribute("tabindex", "-1");
  matrix.focused = cell;
  link(cell)?.setAttribute("tabindex", "0");
}

/** One cell can be reached by Tab: the last that was, or the first. */
function makeReachable() {
  const now = link(matrix.focused) ?? matrix.body.querySelector("a[data-cell]");
  now?.setAttribute("tabindex", "0");
  if (matrix.focused === null && now) matrix.focused = Number(now.dataset.cell);
}

/** Where cells are: of each its row. */
function placeOf(cell) {
  if (!matrix.place) {
    matrix.place = new Map();
    matrix.rows.forEach((row, number) => row.cells?.forEach((each) => matrix.place.set(each, number)));
  }
  return matrix.place.get(cell);
}

function move(event) {
  const at = event.target.dataset.cell;
  const steps = {
    ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0],
    Home: [0, -Infinity], End: [0, Infinity],
    PageUp: [-Math.max(1, Math.floor(matrix.box.clientHeight / ROW) - 2), 0],
    PageDown: [Math.max(1, Math.floor(matrix.box.clientHeight / ROW) - 2), 0],
  };
  const step = steps[event.key];
  if (at === undefined || step === undefined || event.altKey || event.metaKey) return;
  event.preventDefault();
  const [down, right] = step;
  if (event.ctrlKey && !Number.isFinite(right)) goTo(corner(right > 0));
  else goTo(down ? inColumn(Number(at), down) : inRow(Number(at), right));
}

/** Give the cells of a row from left to right. */
function inOrder(row) {
  return [...row.cells].sort((one, two) => CELLS.environment[one] - CELLS.environment[two]);
}

function corner(isLast) {
  const rows = matrix.rows.filter((row) => row.cells);
  return isLast ? inOrder(rows.at(-1)).at(-1) : inOrder(rows[0])[0];
}

function inRow(cell, right) {
  const cells = inOrder(matrix.rows[placeOf(cell)]);
  return cells[Math.max(0, Math.min(cells.length - 1, cells.indexOf(cell) + right))];
}

/** Find the next row, or the last on the way, that has a cell in this column, or next to it. */
function inColumn(cell, down) {
  const column = CELLS.environment[cell];
  const {rows} = matrix;
  const sign = Math.sign(down);
  const start = placeOf(cell);
  let at = Math.max(0, Math.min(rows.length - 1, start + down));
  while (at >= 0 && at < rows.length && !rows[at].cells) at += sign;
  if (!rows[at]?.cells) {
    at = sign > 0 ? rows.length - 1 : rows.findIndex((row) => row.cells);
  }
  const distance = (each) => Math.abs(CELLS.environment[each] - column);
  return rows[at].cells.reduce((best, each) => (distance(each) < distance(best) ? each : best));
}

/** Scroll to a cell, and focus it. */
function goTo(cell) {
  const row = placeOf(cell);
  if (row === undefined) return;
  const {box} = matrix;
  const top = row * ROW;
  const head = matrix.head.offsetHeight;
  if (top < box.scrollTop) box.scrollTop = top - ROW;
  const bottom = top + ROW + head - box.clientHeight;
  if (bottom > box.scrollTop) box.scrollTop = bottom + ROW;
  if (!link(cell)) showRows(true);
  focusOn(cell);
  link(cell)?.focus();
}
