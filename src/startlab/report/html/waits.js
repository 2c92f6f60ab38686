// Who waits for whom at the verdict: the processes of a hang as boxes, their threads as lines.

const BOX = {width: 290, gap: 110, line: 34, head: 26, between: 22, margin: 12, loop: 34};

/** Draw the wait graph of a trial; nothing if it is not known who waits for whom. */
function waitGraph(trial) {
  const processes = trial.processes.filter((each) => each.threads.length);
  if (!processes.some((each) => each.threads.some((thread) => thread.waits_for.length))) return [];
  const boxes = boxesOf(processes, trial);
  place(boxes);
  const byPid = new Map(boxes.flatMap((box) => box.pids.map((pid) => [pid, box])));
  const edges = boxes.flatMap((box) => box.threads.flatMap((thread, line) =>
    [...new Set(thread.waits_for.map((pid) => byPid.get(pid)).filter(Boolean))]
      .map((target) => edge(box, line, target, edgeOf(thread, target)))));
  const width = Math.max(...boxes.map((box) => box.x + BOX.width)) + BOX.loop + BOX.margin;
  const height = Math.max(...boxes.map((box) => box.y + box.height)) + BOX.margin;
  return [
    h("figure", {class: "drawing"},
      h("figcaption", {}, "Who waits for whom"),
      h("div", {class: "scroll", tabindex: "0", role: "group", "aria-label": "Wait graph"},
        svg("svg", {
          viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": edgesInWords(boxes, byPid),
          class: "graph", width, height,
        },
        svg("defs", {}, svg("marker", {
          id: "arrow", viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 9, markerHeight: 9,
          markerUnits: "userSpaceOnUse", orient: "auto",
        }, svg("path", {d: "M0 0 L10 5 L0 10 z", class: "arrow"}))),
        edges, boxes.map(drawBox))),
      h("p", {class: "muted key"},
        "An arrow goes from a thread to the process that alone could end its wait. ◀ marks what the reason is about.",
        processes.some((each) => each.threads.some((thread) => holdersOf(thread).length))
          ? " A thick arrow goes to who has the lock, a dashed one to who could release it all the same." : "",
        trial.grade ? ` This is ${trial.grade}.` : "")),
  ];
}

/** Give what a thread waits for, the same for two that wait for the like. */
function kindOf({wait, waits}) {
  return wait ? [wait.kind, wait.polled.map((each) => each.kind), wait.poller] : waits;
}

/** Give the processes that are seen to have the lock that a thread waits for. */
function holdersOf({wait}) {
  return (wait?.held?.holders ?? []).map(([pid]) => pid);
}

/** Give the classes of the arrow from a thread to a box. */
function edgeOf(thread, target) {
  const holders = holdersOf(thread);
  const has = target.pids.some((pid) => holders.includes(pid));
  return ["edge", thread.root ? "root" : "", holders.length ? (has ? "holds" : "could") : ""].filter(Boolean).join(" ");
}

/** Make a box of each process, or of several that wait for the same in the same way. */
function boxesOf(processes, trial) {
  const lives = new Map(livesOf(trial).map((life) => [life.pid, life]));
  const shape = (each) => JSON.stringify([each.ppid, each.threads.map((thread) => [
    kindOf(thread), thread.root, thread.stack.slice(0, 3),
    thread.waits_for.filter((pid) => pid !== each.pid),
    thread.waits_for.includes(each.pid),
    holdersOf(thread),
  ])]);
  const found = new Map();
  for (const each of processes) {
    const key = shape(each);
    const box = found.get(key);
    if (box) {
      box.pids.push(each.pid);
      continue;
    }
    const life = lives.get(each.pid);
    found.set(key, {
      pids: [each.pid], parent: each.ppid, life,
      threads: each.threads.slice(0, 6), more: each.threads.length - 6,
    });
  }
  return [...found.values()];
}

/** Put children right of their parents. */
function place(boxes) {
  const byPid = new Map(boxes.flatMap((box) => box.pids.map((pid) => [pid, box])));
  const depth = (box, seen = new Set()) => {
    const parent = byPid.get(box.parent);
    if (!parent || seen.has(box)) return 0;
    return depth(parent, seen.add(box)) + 1;
  };
  const bottoms = [];
  for (const box of boxes) {
    const column = Math.min(2, depth(box));
    box.height = BOX.head + box.threads.length * BOX.line + (box.more > 0 ? 20 : 6);
    box.x = BOX.margin + column * (BOX.width + BOX.gap);
    box.y = bottoms[column] ?? BOX.margin;
    bottoms[column] = box.y + box.height + BOX.between;
  }
}

function drawBox(box) {
  const name = box.life ? nameOf(box.life) : `process ${box.pids[0]}`;
  const several = box.pids.length > 1 ? ` and ${box.pids.length - 1} alike` : "";
  return svg("g", {transform: `translate(${box.x} ${box.y})`, class: "box"},
    svg("title", {}, box.pids.join(", ")),
    several ? svg("rect", {x: 5, y: 5, width: BOX.width, height: box.height, rx: 6, class: "box-behind"}) : null,
    svg("rect", {width: BOX.width, height: box.height, rx: 6, class: "box-ground"}),
    svg("text", {x: 10, y: 17, class: "box-name"}, cut(name + several, 40)),
    box.threads.map((thread, number) => {
      const y = BOX.head + number * BOX.line;
      const frame = thread.stack.find((each) => !/[/\\]lib[/\\](python|pypy)|^<|\\Lib\\/.test(each.file))
        ?? thread.stack[0];
      const who = thread.tid === box.pids[0] ? "" : `${thread.name || `thread ${thread.tid}`} `;
      return svg("g", {class: thread.root ? "root" : ""},
        svg("line", {x1: 0, x2: BOX.width, y1: y, y2: y, class: "box-line"}),
        svg("text", {x: 10, y: y + 14, class: "wait-said"},
          svg("title", {}, `${thread.waits}: ${thread.wakers}`),
          cut(who + (thread.waits || "runs"), 43), thread.root ? " ◀" : ""),
        frame ? svg("text", {x: 10, y: y + 28, class: "wait-where"},
          cut(`${baseName(frame.file)}:${frame.line} in ${frame.function}`, 46)) : null);
    }),
    box.more > 0 ? svg("text", {x: 10, y: box.height - 6, class: "wait-where"},
      `and ${plural(box.more, "more thread")}`) : null);
}

function edge(from, line, to, kinds) {
  const y = from.y + BOX.head + line * BOX.line + BOX.line / 2;
  const right = from.x + BOX.width;
  const target = to.y + Math.min(to.height - 8, 13);
  const kind = {class: kinds, "marker-end": "url(#arrow)"};
  if (from === to) {
    return svg("path", {...kind, d: `M${right} ${y} C${right + 40} ${y} ${right + 40} ${target} ${right + 2} ${target}`});
  }
  if (to.x > from.x) {
    const middle = (right + to.x) / 2;
    return svg("path", {...kind, d: `M${right} ${y} C${middle} ${y} ${middle} ${target} ${to.x - 2} ${target}`});
  }
  if (to.x < from.x) {
    const left = to.x + BOX.width;
    const middle = (from.x + left) / 2;
    const back = to.y + to.height - 8;
    return svg("path", {...kind, d: `M${from.x} ${y} C${middle} ${y} ${middle} ${back} ${left + 2} ${back}`});
  }
  return svg("path", {...kind, d: `M${right} ${y} C${right + 60} ${y} ${right + 60} ${target} ${right + 2} ${target}`});
}

function edgesInWords(boxes, byPid) {
  const told = boxes.flatMap((box) => box.threads.map((thread) => {
    const holders = holdersOf(thread);
    const pids = holders.length ? holders : thread.waits_for;
    const targets = [...new Set(pids.map((pid) => byPid.get(pid)).filter(Boolean))];
    const whom = targets.map((each) => (each === box ? "itself" : each.life ? nameOf(each.life) : each.pids[0]));
    return `${box.life ? nameOf(box.life) : box.pids[0]} ${thread.waits || "runs"}`
      + (!whom.length ? "" : holders.length ? `, which ${whom.join(" or ")} has`
        : `, which only ${whom.join(" or ")} could end`);
  }));
  return `Wait graph: ${told.join("; ")}.`;
}
