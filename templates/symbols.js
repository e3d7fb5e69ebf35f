"use strict";
/* Hovering over a letter of a formula, or tapping it, shows its row of the list of notation. */
{
  const shown = document.createElement("div");
  shown.className = "meaning-of";
  shown.setAttribute("role", "tooltip");
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
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
}
