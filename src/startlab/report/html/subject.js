// The page of an experiment or a program: what it is, what was expected, what was seen.

async function showSubject(name) {
  const main = document.getElementById("subject");
  const number = SUBJECTS.findIndex((each) => each.name === name);
  if (number < 0) {
    main.replaceChildren(back(), h("h2", {}, "No such experiment"),
      h("p", {}, `This run has no experiment ${name}.`));
    return;
  }
  const {title, group} = SUBJECTS[number];
  const details = await detailsOf(number);
  if (state.subject !== name) return; // meanwhile somebody wanted another
  const cells = [];
  for (let cell = 0; cell < CELL_COUNT; cell++) if (CELLS.subject[cell] === number) cells.push(cell);
  main.replaceChildren(...[
    back(),
    group ? h("p", {class: "muted eyebrow"}, INDEX.groups[group]) : null,
    h("h2", {class: "subject-name"}, name),
    title && title !== name ? h("p", {class: "answer"}, title) : null,
    details.claim ? section("Claim", h("p", {}, prose(details.claim))) : null,
    details.mechanism ? section("Mechanism", h("p", {}, prose(details.mechanism))) : null,
    details.cure ? section("Cure", h("p", {}, prose(details.cure))) : null,
    relatives(name),
    section("Seen", seen(cells)),
    details.expect ? section("Expected", expectations(details)) : null,
    INDEX.levels.some((each) => each.experiment === name)
      ? section("Measured", quantities(name)) : null,
    INDEX.isProgram ? await outputs(cells) : null,
    details.text ? section("Program", listing(details.text, details.program)) : null,
    details.source?.length ? section("Sources", h("ul", {}, details.source.map((each) => h("li", {}, source(each))))) : null,
  ].filter(Boolean));
}

const section = (heading, ...content) => h("section", {}, h("h3", {}, heading), content);

function back() {
  return h("p", {}, h("a", {href: fragment({subject: null}), class: "back"}, "← the whole run"));
}

/** Only what is an address on the web becomes a link. */
function source(text) {
  if (/^https?:\/\/\S+$/.test(text)) return h("a", {href: text, rel: "noreferrer"}, text);
  const issue = /^gh-(\d+)$/.exec(text);
  return issue ? h("a", {href: `https://github.com/python/cpython/issues/${issue[1]}`, rel: "noreferrer"}, text) : text;
}

function relatives(name) {
  const [whole] = name.split(":");
  const others = SUBJECTS.filter((each) => each.name !== name && each.name.split(":")[0] === whole);
  if (INDEX.isProgram || !others.length) return null;
  return section(name.includes(":") ? "What it is a variant of, and others" : "Variants",
    h("ul", {}, others.map((each) => h("li", {},
      h("a", {href: fragment({subject: each.name})}, each.name), ` ${each.title}`))));
}

/** The cells of one experiment, methods across. */
function seen(cells) {
  const methods = METHODS.map((_, number) => number).filter((method) =>
    cells.some((cell) => CELLS.method[cell] === method));
  const environments = ENVIRONMENTS.map((_, number) => number).filter((environment) =>
    cells.some((cell) => CELLS.environment[cell] === environment));
  const find = (environment, method) => cells.find((cell) =>
    CELLS.environment[cell] === environment && CELLS.method[cell] === method);
  return h("div", {class: "scroll", tabindex: "0", role: "group", "aria-label": "Seen"},
    h("table", {class: "seen"},
      h("thead", {}, h("tr", {}, h("th", {scope: "col"}, "Environment"), h("th", {scope: "col"}, "Python"),
        methods.map((method) => h("th", {scope: "col"}, METHODS[method])))),
      h("tbody", {}, environments.map((environment) => h("tr", {},
        h("th", {scope: "row"}, ENVIRONMENTS[environment].name),
        h("td", {}, ENVIRONMENTS[environment].python ?? ""),
        methods.map((method) => {
          const cell = find(environment, method);
          if (cell === undefined) return h("td");
          return h("td", {class: isExpected(cell) ? "" : "unexpected"},
            h("a", {href: fragment({cell: keyOf(cell)}), title: REASONS[CELLS.reason[cell]] || null},
              badge(outcomeOf(cell), wordOf(cell)), isExpected(cell) ? null : " not as expected"));
        }))))));
}

function expectations(details) {
  return table("The first that matches a cell counts", ["methods", "where", "outcome", "and"],
    details.expect.map((each) => [
      each.method?.join(", ") ?? "all",
      [each.when, each.free_threaded === null ? "" : each.free_threaded ? "free-threaded" : "with the GIL",
        each.libc, each.wine === true ? "under Wine" : each.wine === false ? "not under Wine" : ""].filter(Boolean).join(" and ") || "everywhere",
      each.outcome.map((outcome) => [badge(outcome), " "]),
      [each.exception && `exception /${each.exception}/`, each.stdout && `stdout /${each.stdout}/`,
        each.method_used && `uses ${each.method_used.join(", ")}`,
        each.frequency && `${each.outcome[0]} in ${each.frequency.map(percent).join(" to ")}`,
        each.unmeasured && "not measured yet"].filter(Boolean).join("; "),
    ]));
}

function quantities(name) {
  const names = [...new Set(INDEX.levels.filter((each) => each.experiment === name).map((each) => each.name))];
  return names.flatMap((quantity) => plot(INDEX.levels.filter((each) =>
    each.experiment === name && each.name === quantity)));
}

// --- outputs that differ ------------------------------------------------------------------------

/** Show what each group of cells prints, and in which lines it differs from the first. */
async function outputs(cells) {
  const groups = new Map();
  for (const cell of cells) {
    for (const trial of await trialsOf(cell)) {
      if (!trial.output_group) continue;
      const group = groups.get(trial.output_group) ?? {trial, cells: new Set()};
      group.cells.add(keyOf(cell));
      groups.set(trial.output_group, group);
    }
  }
  const sorted = [...groups].sort(([one], [two]) => one.length - two.length || (one < two ? -1 : 1));
  if (!sorted.length) return null;
  const [[first, {trial: base}]] = sorted;
  return section("Outputs", sorted.slice(0, 20).map(([letter, {trial, cells: of}]) =>
    h("article", {class: "output-group"},
      h("h4", {}, `Output ${letter}`),
      h("p", {class: "cells"}, [...of].slice(0, 24).map((key, number) => [number ? ", " : "",
        h("a", {href: fragment({cell: key})}, key.split(" ").slice(-2).join(" × "))]),
      of.size > 24 ? ` and ${of.size - 24} more` : null),
      letter === first
        ? outputsOf(trial, letter)
        : [difference(first, base, letter, trial), folded("All of it", () => outputsOf(trial, letter))])),
  sorted.length > 20 ? h("p", {}, `And ${sorted.length - 20} more outputs.`) : null);
}

function outputsOf(trial, letter) {
  return [
    output(`stdout of ${letter}`, trial.stdout || "(nothing)"),
    Object.entries(trial.written).map(([file, text]) => output(`${file} of ${letter}`, text)),
  ];
}

/** The lines that only one of two outputs has, whatever their order. */
function difference(first, base, letter, trial) {
  const [ours, theirs] = [maskedLines(base), maskedLines(trial)];
  const lines = [
    ...only(ours, theirs).map((line) => ["-", first, line]),
    ...only(theirs, ours).map((line) => ["+", letter, line]),
  ];
  if (!lines.length) return h("p", {}, `The same lines as ${first}, but for process ids.`);
  return h("figure", {class: "output"},
    h("figcaption", {}, `Lines that only ${first} (−) or only ${letter} (+) has`),
    h("pre", {tabindex: "0", role: "group", class: "diff", "aria-label": `Difference between ${first} and ${letter}`},
      lines.slice(0, 400).map(([sign, whose, line]) => h("span", {class: sign === "-" ? "removed" : "added"},
        sign === "-" ? "− " : "+ ", hidden(`only ${whose}: `), line, "\n")),
      lines.length > 400 ? `and ${lines.length - 400} more lines\n` : null));
}

/** The lines of an output, without the ids of processes, which no two runs have in common. */
function maskedLines(trial) {
  const pids = new Set(trial.starts.flatMap((start) => [String(start.pid), String(start.child)]));
  const written = Object.entries(trial.written).flatMap(([file, text]) =>
    text.split("\n").map((line) => `${file}: ${line}`));
  return [...trial.stdout.split("\n"), ...written].map((line) =>
    line.replace(/\b\d{3,}\b/g, (number) => (pids.has(number) ? "<pid>" : number)));
}

function only(lines, others) {
  const counts = new Map();
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const left = counts.get(line) ?? 0;
    counts.set(line, left - 1);
    return left <= 0;
  });
}
