"use strict";
{
  const form = document.querySelector("form.filter");
  const rows = [...document.querySelectorAll("tr.row")];
  const fields = [...form.elements].filter((field) => field.name);
  const output = form.querySelector("output");
  const isNumber = /^\(?(\d+|[A-Z](\.[A-Z])?)\.\d*\)?$/i;

  /* A number finds the numbers that begin with it; in brackets, or as a whole, exactly that one. */
  const hasNumber = (row, word) => {
    const bare = word.replace(/[()]/g, "").toLowerCase();
    const numbers = row.dataset.numbers.toLowerCase().split(" ");
    return word.startsWith("(") && word.endsWith(")")
      ? numbers.includes(bare)
      : numbers.some((number) => number.startsWith(bare));
  };
  const matches = (row, field) => {
    const wanted = field.value.trim();
    if (!wanted) return true;
    if (field.name !== "query") return row.dataset[field.name].split(" ").includes(wanted);
    return wanted
      .toLowerCase()
      .split(/\s+/)
      .every((word) => (isNumber.test(word) ? hasNumber(row, word) : row.dataset.text.includes(word)));
  };
  const update = () => {
    let shown = 0;
    for (const row of rows) {
      row.hidden = !fields.every((field) => matches(row, field));
      shown += !row.hidden;
    }
    for (const body of document.querySelectorAll("table.catalog tbody")) {
      body.hidden = !body.querySelector("tr.row:not([hidden])");
    }
    output.textContent = `${shown} of ${rows.length}`;
    document.querySelector("p.none").hidden = shown > 0;
  };
  /* A link to a row that the filter hides shows everything again. */
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.closest("[hidden]")) {
      form.reset();
      update();
      target.scrollIntoView();
    }
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };
  for (const code of document.querySelectorAll(".source pre > code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      button.textContent = (await copy(code.textContent)) ? "Copied" : "Not copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    code.closest(".source").append(button);
  }
  form.addEventListener("input", update);
  form.addEventListener("reset", () => setTimeout(update));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  form.hidden = false;
  update();
  reveal();
}
