"use strict";
// The table is whole without this: it only hides the rows that are not looked for.
for (const form of document.querySelectorAll(".filter")) {
  const rows = [...document.querySelectorAll(`#${form.dataset.table} tbody tr`)];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const [text, outcome, said] = ["input", "select", "output"].map((name) => form.querySelector(name));
  const look = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, place) => {
      row.hidden = !words.every((word) => texts[place].includes(word)) ||
        Boolean(outcome && outcome.value && row.dataset.outcome !== outcome.value);
      shown += !row.hidden;
    });
    said.textContent = `${shown} of ${rows.length} rows`;
  };
  form.addEventListener("input", look);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}
