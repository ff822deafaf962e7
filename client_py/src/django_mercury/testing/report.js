"use strict";
// Sorting, filtering and opening of a report; without it everything can still be read.
(() => {
  document.documentElement.classList.add("js");
  const table = document.getElementById("tests");

  function openTo(id) {
    if (!id) return;
    if (table && filter.value && !document.getElementById(id)) { filter.value = ""; show(); }
    const target = document.getElementById(id);
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  }
  const hash = () => openTo(decodeURIComponent(location.hash.slice(1)));
  addEventListener("hashchange", hash);
  // A second click on the same link changes no hash.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) { event.preventDefault(); hash(); }
  });

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
    opened = [];
  });

  const filter = document.getElementById("filter");
  if (!table) { hash(); return; }
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, text: null, key: null }));
  const count = document.getElementById("shown");

  // Rows that do not fit leave the page: hiding them takes a browser seconds where there are thousands.
  function show() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fitting = document.createDocumentFragment();
    let shown = 0;
    for (const one of rows) {
      if (words.length && one.text === null) {
        const said = [...one.row.cells].slice(1).map((cell) => cell.textContent).join(" ");
        one.text = `${one.row.querySelector("summary").textContent} ${said} ${one.row.dataset.words}`.toLowerCase();
      }
      if (!words.every((word) => one.text.includes(word))) continue;
      fitting.append(one.row);
      shown += 1;
    }
    body.replaceChildren(fitting);
    count.textContent = words.length ? `${shown} of ${rows.length} tests` : "";
  }
  filter.addEventListener("input", show);
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { filter.value = ""; show(); }
  });

  const collator = new Intl.Collator("en", { numeric: true });
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, at) => {
    const numeric = head.dataset.sort === "number";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const was = head.getAttribute("aria-sort");
      const down = was ? was === "ascending" : numeric && head.dataset.first !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      for (const one of rows) {
        const cell = one.row.cells[at];
        const text = cell.dataset.value ?? cell.textContent;
        one.key = numeric ? Number(text) : text;
      }
      const sign = down ? -1 : 1;
      rows.sort((a, b) => sign * (numeric ? a.key - b.key : collator.compare(a.key, b.key)));
      show();
    });
  });
  if (filter.value) show();
  hash();
})();
