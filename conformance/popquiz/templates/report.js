"use strict";
// Everything can be read without this: it filters the table, and opens the case that a link leads to.
(function () {
  const form = document.getElementById("filters");
  const rows = Array.from(document.querySelectorAll("#rows > tr"));
  const count = document.getElementById("count");
  const texts = rows.map((row) => row.textContent.toLowerCase());

  function wanted(row, text) {
    const verdict = form.verdict.value;
    const rfc = form.rfc.value;
    const words = form.text.value.toLowerCase().split(/\s+/);
    return (!verdict || row.dataset.verdicts.split(" ").includes(verdict))
      && (!rfc || row.dataset.rfc === rfc)
      && (!form.differing || !form.differing.checked || row.classList.contains("r0"))
      && words.every((word) => text.includes(word));
  }

  function filter() {
    let shown = 0;
    rows.forEach((row, n) => {
      row.hidden = !wanted(row, texts[n]);
      shown += row.hidden ? 0 : 1;
    });
    count.textContent = shown + " of " + rows.length + " requirements";
  }

  function openTarget() {
    const target = document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") {
      for (let each = target; each; each = each.parentElement.closest("details")) {
        each.open = true;
      }
      target.scrollIntoView();
      target.querySelector("summary").focus({ preventScroll: true });
    }
  }

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = Array.from(document.querySelectorAll("details:not([open])"));
    opened.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((each) => { each.open = false; }));
  addEventListener("hashchange", openTarget);
  // A second click on the same link changes no hash.
  document.addEventListener("click", (event) => {
    if (event.target.closest("a[href='" + location.hash + "']")) {
      openTarget();
    }
  });
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
  openTarget();
})();
