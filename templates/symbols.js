"use strict";
/* Hovering over a letter of a formula, tapping it, or going to it with the arrow keys from its formula,
   shows its row of the list of notation. */
{
  const shown = document.createElement("div");
  shown.className = "meaning-of";
  shown.setAttribute("role", "tooltip");
  shown.id = "meaning-of";
  shown.hidden = true;
  document.body.append(shown);
  document.documentElement.classList.add("explained");
  let held = null;

  const letter = (event) => event.target.closest?.("[data-symbol]");
  const row = (mark) => mark && document.getElementById(`symbol-${mark.dataset.symbol}`);
  const hide = () => {
    shown.hidden = true;
    held = null;
  };
  const show = (mark) => {
    const told = row(mark);
    if (!told) return;
    shown.replaceChildren(...[...told.children].map((part) => {
      const copy = document.createElement("div");
      copy.append(...[...part.childNodes].map((node) => node.cloneNode(true)));
      return copy;
    }));
    shown.hidden = false;
    const place = mark.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    const left = Math.max(8, Math.min(place.left, width - shown.offsetWidth - 8));
    const below = place.bottom + 6;
    const fits = below + shown.offsetHeight < window.innerHeight;
    shown.style.left = `${left + window.scrollX}px`;
    shown.style.top = `${(fits ? below : place.top - shown.offsetHeight - 6) + window.scrollY}px`;
  };
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch" || held || shown.contains(event.target)) return;
    const mark = letter(event);
    if (mark) show(mark);
    else hide();
  });
  /* A tap or a click holds it, so that its link can be followed. */
  document.addEventListener("click", (event) => {
    if (shown.contains(event.target)) return;
    const mark = letter(event);
    hide();
    if (mark) {
      show(mark);
      held = mark;
    }
  });
  /* Keys: to the next letter or the one before, and from a letter to where it is defined. */
  const STEPS = { ArrowRight: 1, ArrowLeft: -1 };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "Escape") hide();
    else if (event.key === "Enter") row(letter(event))?.querySelector("a[href]")?.click();
    const step = STEPS[event.key], whole = step && event.target.closest?.('[tabindex="0"]');
    if (!whole) return;
    const marks = [...whole.querySelectorAll("[data-symbol]")].filter(row);
    const at = marks.indexOf(event.target), next = at < 0 ? marks.at(step > 0 ? 0 : -1) : marks[at + step];
    if (!next) return;
    event.preventDefault();
    next.tabIndex = -1;
    next.setAttribute("aria-describedby", shown.id);
    next.focus();
  });
  document.addEventListener("focusin", (event) => {
    const mark = letter(event);
    if (!mark) return;
    show(mark);
    held = mark;
  });
  document.addEventListener("focusout", (event) => {
    if (letter(event) && !shown.contains(event.relatedTarget)) hide();
  });
}
