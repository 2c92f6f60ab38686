"use strict";

// What page.py and data.py have put into the page.

const INDEX = JSON.parse(document.getElementById("index").textContent);
const {outcomes: OUTCOMES, glyphs: GLYPHS, methods: METHODS, cells: CELLS, reasons: REASONS} = INDEX;
const SUBJECTS = INDEX.subjects.map(([name, title, group, label]) =>
  ({name, title, group, label: label || name}));
const ENVIRONMENTS = INDEX.environments.map(({name, family, environment}) => ({
  name,
  family,
  version: name.slice(family.length).replace(/^-/, "") || name,
  ...environment,
}));
const CELL_COUNT = CELLS.subject.length;
const unpacked = new Map();

/** Give what a pack holds; it is opened once. */
function unpack(id) {
  if (!unpacked.has(id)) unpacked.set(id, inflate(document.getElementById(id).textContent));
  return unpacked.get(id);
}

async function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

/** Give the trials of a cell, as the journal has them. */
async function trialsOf(cell) {
  const number = INDEX.packs.findLastIndex((first) => first <= cell);
  return (await unpack(`trials-${number}`))[cell - INDEX.packs[number]];
}

async function detailsOf(subject) {
  return (await unpack("subjects"))[subject];
}

const subjectOf = (cell) => SUBJECTS[CELLS.subject[cell]];
const environmentOf = (cell) => ENVIRONMENTS[CELLS.environment[cell]];
const methodOf = (cell) => METHODS[CELLS.method[cell]];
const CHILD_FAILED = new Set(INDEX.childFailed);
const outcomeOf = (cell) => OUTCOMES[CELLS.outcome[cell]];
const isExpected = (cell) => CELLS.asExpected[cell] === 1;

/** Name a cell as the fragment does. */
function keyOf(cell) {
  return `${subjectOf(cell).name} ${environmentOf(cell).name} ${methodOf(cell)}`;
}

let cellsByKey = null;

function cellOf(key) {
  if (cellsByKey === null) {
    cellsByKey = new Map();
    for (let cell = 0; cell < CELL_COUNT; cell++) cellsByKey.set(keyOf(cell), cell);
  }
  return cellsByKey.get(key);
}

/** Give the outcome in words, and of several trials in how many: `hang 3/5`. */
function wordOf(cell) {
  const several = CELLS.trials[cell] > 1;
  return several ? `${outcomeOf(cell)} ${CELLS.count[cell]}/${CELLS.trials[cell]}` : outcomeOf(cell);
}
