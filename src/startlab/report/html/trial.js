// One trial, with all that the journal has of it.

function showTrial(trial) {
  return [
    trial.reason ? h("p", {class: "reason"}, trial.reason) : null,
    facts([
      ["At", trial.where ? h("code", {}, trial.where) : ""],
      ["Grade", trial.grade],
      ["Exit status", trial.exit_status === null ? "" : String(trial.exit_status)],
      ["Signal", trial.signal],
      ["Exception", trial.exception ? `${trial.exception.type}: ${trial.exception.message}` : ""],
      ["Took", seconds(trial.duration_s)],
      ["Verdict", trial.verdict_s === null ? "" : `${seconds(trial.verdict_s)} after the last progress`],
      ["Method used", trial.method_used.join(", ")],
      ["Expected", trial.expected === null ? "not known" : trial.expected.join(" or ")],
      ["Frequency", trial.frequency ? `of ${trial.expected[0]}, ${trial.frequency.map(percent).join(" to ")}` : ""],
      ["Output", trial.output_group ? `group ${trial.output_group}` : ""],
      ["Load", trial.load ? `${trial.load.toFixed(1)} per core` : ""],
    ]),
    waitGraph(trial),
    timeline(trial),
    trial.notes.length ? [h("h3", {}, "Notes"), h("ul", {}, trial.notes.map((note) => h("li", {}, note)))] : null,
    trial.clues.length ? folded(`Seen from inside (${trial.clues.length})`, () => clues(trial)) : null,
    trial.processes.length ? folded(`Processes and stacks (${trial.processes.length})`, () =>
      trial.processes.map(stacks)) : null,
    trial.crash_stacks.map((stack, number) => output(`Stack of a dying process ${number + 1}`, stack)),
    trial.stdout ? output("stdout", trial.stdout) : null,
    trial.stderr ? output("stderr", trial.stderr) : null,
    Object.entries(trial.written).map(([file, text]) => output(file, text)),
    h("h3", {}, "Reproduce"),
    copyable(trial.reproduce, "Reproduce"),
  ].flat(Infinity).filter(Boolean);
}

const percent = (share) => `${Math.round(share * 100)} %`;

function clues(trial) {
  return table("Seen from inside", ["what", "which", "at", "in the parent", "in the child", "times"],
    trial.clues.map(({kind, where, parent, child, count, ...which}) => [
      kind, which.setting ? which.setting.replace("{0}", () => which.part) : Object.values(which).flat().join(" "),
      where ?? "", parent ?? "", parent === undefined ? "" : child ?? "not there", String(count),
    ]));
}

function stacks(process) {
  return h("section", {class: "process"},
    h("h4", {}, `Process ${process.pid}`, h("small", {class: "muted"},
      ` child of ${process.ppid}, state ${process.state || "?"}, ${seconds(process.cpu_s) || "0 s"} of CPU`)),
    h("p", {class: "command"}, h("code", {}, process.command)),
    process.threads.map((thread) => h("div", {class: "thread"},
      h("p", {}, h("b", {}, thread.name || `Thread ${thread.tid}`), " ", thread.waits,
        thread.wakers ? h("span", {class: "muted"}, `: ${thread.wakers}`) : null),
      thread.stack.length ? h("pre", {tabindex: "0", role: "group", "aria-label": `Stack of thread ${thread.tid}`},
        thread.stack.map((frame) => `${frame.file}:${frame.line} in ${frame.function}\n`)) : null)));
}
