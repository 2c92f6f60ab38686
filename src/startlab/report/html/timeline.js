// A trial as a timeline: when each process was asked for, was there, began to run and ended.

const TIMELINE = {width: 920, label: 230, row: 24, thread: 20, top: 34, right: 56, most: 40};

/** Put together what is known of each process of a trial, parents before their children. */
function livesOf(trial) {
  const lives = new Map();
  for (const each of trial.processes) {
    lives.set(each.pid, {
      pid: each.pid, parent: each.ppid, started: each.started_s, command: each.command,
      threads: each.threads, named: each.named,
    });
  }
  trial.starts.forEach((start, number) => {
    const pid = start.child ?? `?${number}`;
    const {pid: parent, method, where, time_s: called, launched_s: launched, began_s: began} = start;
    const {exit_code: exitCode, exit_s: ended} = start;
    // A number may be a second process's, when the first has ended.
    const key = lives.get(pid)?.called === undefined ? pid : `${pid} (again, ${number})`;
    lives.set(key, {
      threads: [], ...lives.get(key), pid: key, parent, method, where, called, launched, began,
      exitCode, ended,
    });
  });
  for (const start of trial.starts) {
    if (!lives.has(start.pid)) lives.set(start.pid, {pid: start.pid, threads: []});
  }
  if (!lives.size) lives.set("program", {pid: "program", threads: []});
  const roots = [...lives.values()].filter((life) => !lives.has(life.parent));
  const order = [];
  const visit = (life, depth) => {
    if (order.includes(life)) return;
    life.depth = depth;
    order.push(life);
    [...lives.values()].filter((each) => each.parent === life.pid && each !== life)
      .sort((one, two) => beginOf(one) - beginOf(two))
      .forEach((child) => visit(child, depth + 1));
  };
  roots.sort((one, two) => beginOf(one) - beginOf(two)).forEach((life) => visit(life, 0));
  const [root] = order;
  if (root) {
    root.isProgram = true;
    if (trial.outcome !== "hang" && trial.exit_status !== null) {
      root.ended = trial.duration_s;
      root.exitCode = trial.exit_status;
    }
  }
  return order;
}

const beginOf = (life) => life.called ?? life.started ?? life.launched ?? 0;

/** Say what a process is. */
function nameOf(life) {
  if (life.named) return life.named;
  const command = life.command ?? "";
  if (life.isProgram) return typeof life.pid === "number" ? `the program, ${life.pid}` : "the program";
  if (life.method) {
    return String(life.pid).startsWith("?") ? `child by ${life.method}` : `child ${life.pid} by ${life.method}`;
  }
  if (/resource_tracker|semaphore_tracker/.test(command)) return `resource tracker, ${life.pid}`;
  if (/forkserver/.test(command)) return `fork server, ${life.pid}`;
  return `process ${life.pid}`;
}

function endOf(life) {
  if (life.exitCode === null || life.exitCode === undefined) return "";
  return life.exitCode < 0 ? `signal ${-life.exitCode}` : `exit ${life.exitCode}`;
}

function timeline(trial) {
  if (!trial.duration_s) return [];
  const lives = livesOf(trial);
  const shownLives = lives.slice(0, TIMELINE.most);
  const end = Math.max(trial.duration_s, ...lives.map((life) => life.ended ?? 0));
  const {width, label, right, top} = TIMELINE;
  const x = (time) => label + (Math.max(0, time) / (end * 1.04)) * (width - label - right);
  const rows = shownLives.flatMap((life) => [{life}, ...threadsOf(life).map((thread) => ({life, thread}))]);
  let y = top;
  const drawn = rows.map((row) => {
    const height = row.thread ? TIMELINE.thread : TIMELINE.row;
    const group = row.thread ? threadRow(trial, row, x, y) : processRow(trial, row.life, x, y);
    y += height;
    return group;
  });
  const height = y + 30;
  const verdict = x(trial.duration_s);
  const words = trial.outcome === "hang" ? "hang" : trial.outcome;
  return [
    h("figure", {class: "drawing"},
      h("figcaption", {}, "Processes and threads over time"),
      h("div", {class: "scroll", tabindex: "0", role: "group", "aria-label": "Timeline"},
        svg("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summaryOf(trial, lives)},
          hatching(),
          axis(x, end, top, y),
          drawn,
          svg("line", {x1: verdict, x2: verdict, y1: top - 6, y2: y + 4, class: "verdict-line"}),
          svg("text", {x: verdict, y: y + 20, class: "verdict-text", "text-anchor": "end"},
            `${GLYPHS[trial.outcome]} ${words} at ${seconds(trial.duration_s)}`))),
      h("p", {class: "muted key"},
        keySample("starting"), " asked for, not yet there ", keySample("importing"),
        " interpreter and imports ", keySample("running"), " runs ",
        trial.processes.length ? [keySample("waiting"), " waits, at the latest since then"] : null,
        lives.length > shownLives.length ? `; and ${lives.length - shownLives.length} more` : "")),
    folded("Timeline as a table", () => table("Processes over time",
      ["process", "started by", "at", "asked for", "there", "began", "end known", "how"],
      lives.map((life) => [
        nameOf(life), life.parent && !life.isProgram ? String(life.parent) : "", life.where ?? "",
        seconds(life.called), seconds(life.launched ?? life.started), seconds(life.began),
        seconds(life.ended), endOf(life) || (life.isProgram ? trial.outcome : "never waited for"),
      ]))),
  ];
}

/** The threads of a process that are worth a row of their own. */
function threadsOf(life) {
  const waiting = life.threads.filter((thread) => thread.waits || thread.stack.length);
  return waiting.slice(0, 8);
}

function processRow(trial, life, x, y) {
  const called = beginOf(life);
  // Who starts a child may be told that it is there after the child has begun to run.
  const launched = Math.min(life.launched ?? life.started ?? called, life.began ?? Infinity);
  const began = life.began ?? launched;
  const known = life.ended ?? null;
  const lasts = trial.outcome === "hang" || life.isProgram;
  const end = known ?? trial.duration_s;
  const middle = y + TIMELINE.row / 2;
  const bar = (kind, from, to) => (to > from
    ? svg("rect", {class: kind, x: x(from), y: middle - 6, width: Math.max(1, x(to) - x(from)), height: 12, rx: 2})
    : null);
  const name = nameOf(life);
  return svg("g", {},
    svg("title", {}, [name, life.where ? `started at ${life.where}` : "", endOf(life)].filter(Boolean).join(", ")),
    svg("text", {x: 4 + Math.min(4, life.depth) * 14, y: middle + 4, class: "row-name"}, name),
    bar("starting", called, launched),
    bar("importing", launched, began),
    known !== null || lasts
      ? bar("running", began, end)
      : svg("line", {class: "unknown-end", x1: x(began), x2: x(end), y1: middle, y2: middle}),
    svg("line", {class: "tick", x1: x(called), x2: x(called), y1: middle - 9, y2: middle + 9}),
    known !== null && !life.isProgram
      ? svg("text", {x: afterBar(x(known), x(trial.duration_s)), y: middle + 4, class: "end-text"}, endOf(life))
      : null);
}

/** Where what is said of an end stands: not across the line of the verdict. */
function afterBar(x, verdict) {
  return (x <= verdict && x + 60 > verdict ? verdict : x) + 5;
}

function threadRow(trial, {life, thread}, x, y) {
  const middle = y + TIMELINE.thread / 2;
  const since = Math.max(thread.started_s ?? 0, beginOf(life)); // the kernel tells it by the tick
  const waits = Math.max(since, trial.duration_s - (trial.verdict_s ?? 0));
  const place = thread.stack.find((frame) => !/[/\\]lib[/\\](python|pypy)|^<|\\Lib\\/.test(frame.file));
  const name = thread.name || (thread.tid === life.pid ? "main thread" : `thread ${thread.tid}`);
  const said = thread.waits || "runs";
  const text = cut(place ? `${said}, ${baseName(place.file)}:${place.line}` : said, 70);
  const before = x(waits) - TIMELINE.label > text.length * 6.5;
  return svg("g", {class: thread.root ? "root" : ""},
    svg("title", {}, `${name}: ${thread.waits} ${thread.wakers}`),
    svg("text", {x: 18 + Math.min(4, life.depth) * 14, y: middle + 4, class: "thread-name"},
      cut(name, 26), thread.root ? " ◀" : ""),
    svg("line", {class: "thread-line", x1: x(since), x2: x(trial.duration_s), y1: middle, y2: middle}),
    svg("rect", {
      class: "waiting", x: x(waits), y: middle - 5, height: 10, rx: 2,
      width: Math.max(2, x(trial.duration_s) - x(waits)), fill: "url(#hatching)",
    }),
    svg("text", {
      x: (before ? x(waits) : x(trial.duration_s)) - 6, y: middle + 4, "text-anchor": "end",
      class: "wait-text",
    }, text));
}

const baseName = (file) => file.split(/[/\\]/).pop();
const cut = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function hatching() {
  return svg("defs", {},
    svg("pattern", {id: "hatching", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)"},
      svg("rect", {width: 6, height: 6, class: "hatch-ground"}),
      svg("line", {x1: 0, x2: 0, y1: 0, y2: 6, class: "hatch"})));
}

function keySample(kind) {
  return svg("svg", {class: "key-sample", width: 22, height: 12, viewBox: "0 0 22 12", "aria-hidden": "true"},
    svg("rect", {class: kind, x: 1, y: 1, width: 20, height: 10, rx: 2, ...(kind === "waiting" ? {fill: "url(#hatching)"} : {})}));
}

/** Ticks at 1, 2 or 5 times a power of ten. */
function ticks(end, about = 6) {
  const raw = end / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= raw);
  return Array.from({length: Math.floor(end / step + 1e-9) + 1}, (_, number) => number * step);
}

function axis(x, end, top, bottom) {
  return svg("g", {class: "axis"}, ticks(end).map((time) => [
    svg("line", {x1: x(time), x2: x(time), y1: top - 6, y2: bottom + 4}),
    svg("text", {x: x(time), y: top - 12, "text-anchor": "middle"}, time === 0 ? "0" : seconds(time)),
  ]));
}

function summaryOf(trial, lives) {
  const children = lives.filter((life) => life.method).length;
  const started = children === 1 ? "1 process" : `${children} processes`;
  return `The program started ${started} and came to ${trial.outcome} after ${seconds(trial.duration_s)}.`;
}
