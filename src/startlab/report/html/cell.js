// A cell in a drawer beside the matrix: what it came to, and each trial of it.

let openedFrom = null;

async function showCell(key) {
  const dialog = document.getElementById("cell");
  const cell = cellOf(key);
  if (!dialog.open) openedFrom = document.activeElement;
  if (cell === undefined) {
    dialog.replaceChildren(drawerHead(h("h2", {id: "cell-heading"}, "No such cell")),
      h("p", {}, `This run has no cell ${key}.`));
    if (!dialog.open) dialog.showModal();
    return;
  }
  const heading = h("h2", {id: "cell-heading", tabindex: "-1", autofocus: true},
    h("a", {href: fragment({cell: null, subject: subjectOf(cell).name})}, subjectOf(cell).name),
    ` × ${environmentOf(cell).name} × ${methodOf(cell)}`);
  const body = h("div", {class: "drawer-body"}, "…");
  dialog.replaceChildren(drawerHead(heading), body);
  if (!dialog.open) dialog.showModal();
  try {
    body.replaceChildren(...cellParts(cell, await trialsOf(cell)).filter(Boolean));
  } catch (error) {
    body.replaceChildren(`The trials of this cell could not be unpacked: ${error.message}. `
      + "A browser of 2023 or later can.");
  }
}

function drawerHead(heading) {
  return h("header", {class: "drawer-head"}, heading,
    h("button", {type: "button", class: "close", "aria-label": "Close", onclick: () => closeCell()}, "✕"));
}

function cellParts(cell, trials) {
  const environment = environmentOf(cell);
  const outcome = outcomeOf(cell);
  const interval = INDEX.intervals[cell];
  const wine = environment.wine ? `, for Windows, under Wine ${environment.wine}` : "";
  const python = environment.python
    ? `${environment.implementation} ${environment.python}${environment.free_threaded ? " free-threaded" : ""}`
      + ` on ${environment.sys_platform} ${environment.machine} ${environment.libc}${wine}`
    : "";
  return [
    h("p", {class: "cell-verdict"}, badge(outcome, wordOf(cell)), " ",
      isExpected(cell) ? "as expected" : h("b", {}, "not as expected"),
      interval ? h("span", {class: "muted"}, ` 95 % interval ${interval.map(percent).join(" to ")}`) : null),
    h("p", {class: "muted"}, python, environment.image ? [", image ", h("code", {}, environment.image)] : null),
    trials.length === 0 ? h("p", {class: "reason"}, REASONS[CELLS.reason[cell]]) : null,
    ...(trials.length === 1
      ? showTrial(trials[0])
      : trials.map((trial, number) => folded(
        [`Trial ${trial.trial}: `, badge(trial.outcome), trial.as_expected ? "" : " not as expected",
          ` ${seconds(trial.duration_s)}`],
        () => showTrial(trial), number === trials.findIndex((each) => each.outcome === outcome)))),
  ];
}

function closeCell() {
  location.hash = fragment({cell: null});
}

function hideCell() {
  const dialog = document.getElementById("cell");
  if (!dialog.open) return;
  dialog.close();
  const cell = openedFrom?.dataset?.cell;
  if (cell !== undefined && matrix.table && !openedFrom.isConnected) goTo(Number(cell));
  else openedFrom?.focus?.();
  openedFrom = null;
}

function listenToCell() {
  const dialog = document.getElementById("cell");
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    closeCell();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) closeCell(); // beside it
  });
}
