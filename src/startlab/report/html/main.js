// What the fragment says is what is shown.

function show() {
  readFragment();
  showFilters();
  const overview = document.getElementById("overview");
  const subject = document.getElementById("subject");
  const was = subject.hidden;
  overview.hidden = Boolean(state.subject);
  subject.hidden = !state.subject;
  document.querySelector("nav.sections").hidden = Boolean(state.subject);
  document.getElementById("masthead").classList.toggle("small", Boolean(state.subject));
  if (state.subject) {
    if (subject.dataset.name !== state.subject || was) {
      subject.dataset.name = state.subject;
      subject.replaceChildren();
      showSubject(state.subject);
      scrollTo(0, 0);
      if (started) subject.focus({preventScroll: true});
    }
  } else {
    const filters = fragment({cell: null, subject: null});
    if (filters !== filtered) {
      filtered = filters;
      showMatched();
    } else if (!was) {
      showHead();
      showRows(true);
    }
    if (!was) overview.focus({preventScroll: true});
  }
  if (state.cell) showCell(state.cell);
  else hideCell();
}

/** Links that are in the page as HTML know nothing of the filters: those stay as they are. */
function follow(event) {
  const link = event.target.closest?.("a[href^='#']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const target = link.getAttribute("href").slice(1);
  const section = document.getElementById(target);
  if (section) {
    event.preventDefault();
    section.scrollIntoView();
    section.focus({preventScroll: true});
    return;
  }
  const said = new URLSearchParams(target);
  if (link.closest("#overview") && (said.has("cell") || said.has("subject"))) {
    event.preventDefault();
    location.hash = fragment({cell: said.get("cell"), subject: said.get("subject")});
  }
}

let filtered = null;
let started = false;
readFragment();
makeFilters();
makeMatrix();
showMeasurements();
listenToCell();
document.addEventListener("click", follow);
addEventListener("hashchange", show);
show();
started = true;
