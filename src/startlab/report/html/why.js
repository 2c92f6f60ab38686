// A running tree: its wait graph, and the stacks of its processes.

const told = JSON.parse(document.getElementById("told").textContent);
document.getElementById("graph").append(...waitGraph(told));
document.getElementById("processes").append(...told.processes.map((process) => {
  const shown = stacks(process);
  shown.querySelector("h4").textContent = process.named;
  return shown;
}));
