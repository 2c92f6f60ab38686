// What programs measured, as dots with their 95 % intervals.

const PLOT = {width: 920, label: 150, row: 20, gap: 10, top: 30, right: 110};
const MARKS = {
  fork: (x, y) => svg("circle", {cx: x, cy: y, r: 4.5}),
  forkserver: (x, y) => svg("rect", {x: x - 4, y: y - 4, width: 8, height: 8}),
  spawn: (x, y) => svg("path", {d: `M${x} ${y - 5.5} L${x + 5} ${y + 4} L${x - 5} ${y + 4} z`}),
  default: (x, y) => svg("path", {d: `M${x} ${y - 5} L${x + 5} ${y} L${x} ${y + 5} L${x - 5} ${y} z`}),
};

function showMeasurements() {
  if (!INDEX.levels.length) return;
  const quantities = new Map();
  for (const level of INDEX.levels) {
    const key = JSON.stringify([level.experiment, level.name]);
    quantities.set(key, [...(quantities.get(key) ?? []), level]);
  }
  document.getElementById("plots").append(...[...quantities.values()].flatMap(plot));
  document.getElementById("measurements").hidden = false;
  document.getElementById("to-measurements").hidden = false;
}

function plot(levels) {
  const [{experiment, name, unit}] = levels;
  const environments = [...new Set(levels.map((each) => each.environment))];
  const ends = levels.flatMap((each) => [...(each.interval ?? [each.middle]), ...each.values])
    .filter((value) => value > 0 && Number.isFinite(value));
  if (!ends.length) return [];
  const {x, marks} = scale(Math.min(...ends), Math.max(...ends));
  let y = PLOT.top;
  const rows = environments.map((environment) => {
    const of = levels.filter((each) => each.environment === environment);
    const top = y;
    y += of.length * PLOT.row + PLOT.gap;
    return svg("g", {},
      svg("line", {x1: 0, x2: PLOT.width, y1: top - PLOT.gap / 2, y2: top - PLOT.gap / 2, class: "plot-line"}),
      svg("text", {x: 4, y: top + PLOT.row / 2 + 4, class: "row-name"}, environment),
      of.map((level, number) => plotRow(level, x, top + number * PLOT.row + PLOT.row / 2)));
  });
  const methods = METHODS.filter((method) => levels.some((each) => each.method === method));
  return [
    h("figure", {class: "drawing"},
      h("figcaption", {}, h("a", {href: fragment({subject: experiment})}, experiment), `: ${name}, ${unit}`),
      h("div", {class: "scroll", tabindex: "0", role: "group", "aria-label": `Plot of ${name}`},
        svg("svg", {
          viewBox: `0 0 ${PLOT.width} ${y + 6}`, role: "img",
          "aria-label": `${name} in ${unit}, by environment and start method; the numbers are in the table below.`,
        },
        svg("g", {class: "axis"}, marks.map((value) => [
          svg("line", {x1: x(value), x2: x(value), y1: PLOT.top - 8, y2: y}),
          svg("text", {x: x(value), y: PLOT.top - 14, "text-anchor": "middle"}, short(value)),
        ])),
        rows)),
      h("p", {class: "muted key"}, methods.map((method) => [
        svg("svg", {class: `key-sample mark-${method}`, width: 14, height: 12, viewBox: "0 0 14 12", "aria-hidden": "true"},
          MARKS[method](7, 6)), ` ${method} `]))),
    folded("The numbers", () => table(`${experiment}: ${name}`,
      ["environment", "method", `mean (${unit})`, "95 % interval", "times fork's", "95 % interval", "processes"],
      levels.map((each) => [
        each.environment, each.method, short(each.middle), range(each.interval),
        each.ratio === null ? "" : short(each.ratio), range(each.ratio_interval), String(each.values.length),
      ]))),
  ];
}

function plotRow(level, x, y) {
  const {middle, interval, values, method, ratio} = level;
  const to = interval ? x(interval[1]) : x(middle);
  return svg("g", {class: `mark-${method}`},
    svg("title", {}, `${level.environment}, ${method}: ${short(middle)} ${level.unit}`
      + (interval ? `, 95 % interval ${range(interval)}` : "")),
    values.filter((value) => value > 0).map((value) =>
      svg("line", {x1: x(value), x2: x(value), y1: y - 5, y2: y + 5, class: "single"})),
    interval ? [
      svg("line", {x1: x(interval[0]), x2: to, y1: y, y2: y, class: "whisker"}),
      interval.map((value) => svg("line", {x1: x(value), x2: x(value), y1: y - 4, y2: y + 4, class: "whisker"})),
    ] : null,
    MARKS[method](x(middle), y),
    svg("text", {x: PLOT.width - PLOT.right + 12, y: y + 4, class: "end-text"},
      short(middle), ratio === null ? "" : ` (${short(ratio)}×)`));
}

/** A logarithmic scale where the values are far apart, else one from 0. */
function scale(low, high) {
  const [from, to] = [PLOT.label, PLOT.width - PLOT.right];
  if (high / low < 5) {
    const end = high * 1.05;
    return {x: (value) => from + (Math.max(0, value) / end) * (to - from), marks: ticks(end, 7)};
  }
  const [a, b] = [Math.log10(low) - 0.05, Math.log10(high) + 0.05];
  const marks = [];
  for (let power = Math.floor(a); power <= b; power++) {
    for (const times of b - a > 3 ? [1] : [1, 2, 5]) {
      const value = times * 10 ** power;
      if (Math.log10(value) >= a && Math.log10(value) <= b) marks.push(value);
    }
  }
  return {x: (value) => from + ((Math.log10(Math.max(value, 1e-12)) - a) / (b - a)) * (to - from), marks};
}

function short(value) {
  return Number(value.toPrecision(3)).toLocaleString("en", {maximumSignificantDigits: 3});
}

const range = (interval) => (interval ? `${short(interval[0])} to ${short(interval[1])}` : "");
