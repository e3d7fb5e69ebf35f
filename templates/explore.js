{
  const one = (selector) => document.querySelector(selector);
  const form = one("form.inputs");
  const curveOf = one("select[name=curve]"), against = one("select[name=against]");
  const sets = form.elements.case;
  const values = { ...PAGE.start };
  const label = Object.fromEntries(PAGE.columns.map((c) => [c.name, c]));
  const position = Object.fromEntries(PAGE.columns.map((c, k) => [c.name, k]));
  /* Points of a curve; those that are solved first, each so many from the next, and milliseconds of a
     frame after which the others are left to the next one. */
  const CURVE = 200, STRIDE = 8, BUDGET = 8;

  /* ---- solving ---- */
  const point = new Float64Array(2 * PAGE.inputs.length);
  const given = PAGE.states.map(() => true);
  const place = (name, [high, low]) => {
    const k = PAGE.inputs.indexOf(name);
    if (k < 0) return;
    point[2 * k] = high;
    point[2 * k + 1] = low;
  };
  /* Numbers as pairs; most texts are those of the move before. */
  const texts = {}, pairs = {};
  function exact(name) {
    const text = values[name] ?? "0";
    if (texts[name] !== text) [texts[name], pairs[name]] = [text, pair(text)];
    return pairs[name];
  }
  const placeAll = () => PAGE.inputs.forEach((name) => place(name, exact(name)));
  const isStart = (except) =>
    PAGE.inputs.every(
      (name) => name === except || PAGE.states.includes(name) || (values[name] ?? "0") === (PAGE.start[name] ?? "0"),
    );
  function sampled(name) {
    const [low, high] = PAGE.ranges[name], whole = Number.isInteger(low) && one(`#slide-${name}`).step === "1.0";
    const xs = [];
    for (let k = 0; k < CURVE; k++) {
      const x = low + ((high - low) * k) / (CURVE - 1);
      const at = whole ? Math.round(x) : x;
      if (xs[xs.length - 1] !== at) xs.push(at);
    }
    return xs;
  }
  /* All columns along a curve, as far as they are solved in this frame, null where there is no solution.
     What it is against does not change it: it stays until another number does, and what players have
     decided at a place of it stays at that place. */
  const drawn = { key: "", xs: [], outs: [], order: [], next: 0, began: 0 };
  const whole = () => drawn.next === drawn.order.length;
  function along(name, began) {
    const key = [name, ...PAGE.inputs.map((input) => (input === name ? "" : values[input]))].join(" ");
    if (drawn.key !== key) {
      const xs = sampled(name), passes = [[xs.length - 1]];
      for (let step = STRIDE; step >= 1; step /= 2)
        passes.push([...xs.keys()].filter((k) => k % step === 0 && (step === STRIDE || k % (2 * step)) && k < xs.length - 1));
      Object.assign(drawn, { key, xs, outs: [], order: passes.flat(), next: 0, began });
    }
    if (whole()) return;
    placeAll();
    const least = Math.max(drawn.next + 1, Math.ceil(drawn.xs.length / STRIDE));
    while (!whole() && (drawn.next < least || performance.now() - began < BUDGET)) {
      const k = drawn.order[drawn.next++];
      place(name, [drawn.xs[k], 0]);
      const { status, selected } = decide(point, given, k + 1);
      const fine = status === OK || status === NEAR_FOLD;
      drawn.outs[k] = fine && selected ? selected.out : null;
    }
    placeAll();
  }
  function curve(name, column, began) {
    along(name, began);
    const found = [];
    drawn.xs.forEach((x, k) => {
      const out = drawn.outs[k];
      if (out !== undefined) found.push([x, out ? out[position[column]] : NaN]);
    });
    return found;
  }

  /* ---- writing ---- */
  const minus = (text) => text.replace("-", "\u2212");
  function number(x, digits = 12) {
    if (!Number.isFinite(x)) return "not finite";
    const [mantissa, exponent] = Number(x.toPrecision(digits)).toString().split("e");
    return exponent ? `${minus(mantissa)} × 10<sup>${minus(exponent.replace("+", ""))}</sup>` : minus(mantissa);
  }
  /* Only what is new is written: a page is laid out again where it changes. */
  const held = new WeakMap();
  function write(element, text) {
    if (held.get(element) === text) return;
    held.set(element, text);
    element.innerHTML = text;
  }
  const named = (c) => (c.anchor ? `<a href="#${c.anchor}">${c.label}</a>` : c.label);
  const cited = (c) => c.cited.map(([text, href]) => ` <a class="cited" href="${href}">${text}</a>`).join("");
  const cells = (columns) =>
    columns.map((c) => `<tr><td>${named(c)}${cited(c)}</td><td class="num" data-at="${position[c.name]}"></td></tr>`).join("");
  const within = (group) => PAGE.columns.filter((c) => c.group === group);
  one("table.strategy tbody").innerHTML = cells(within("strategy"));
  one("table.values").innerHTML = ["at the state", "coefficients"]
    .map((group) => [group, within(group)])
    .filter(([, columns]) => columns.length)
    .map(([group, columns]) => `<tbody><tr class="group"><th colspan="2">${group}</th></tr>${cells(columns)}</tbody>`)
    .join("");
  const numbers = [...document.querySelectorAll("td.num[data-at]")].map((cell) => [cell, Number(cell.dataset.at)]);
  function solutions(answer) {
    const section = one(".solutions");
    section.hidden = !MODEL.choices.length || !answer.found.length;
    if (section.hidden) return;
    const shown = PAGE.roots, players = answer.found.some((each) => each.player);
    const whose = (text, tag) => (players ? `<${tag}>${text}</${tag}>` : "");
    const heads = shown.map((c) => `<th class="num">${named(c)}</th>`).join("");
    write(section.querySelector("thead"), `<tr>${whose("player", "th")}${heads}<th>verdict</th></tr>`);
    const list = players || !answer.selected || answer.found.includes(answer.selected) ? answer.found : [answer.selected];
    const body = section.querySelector("tbody");
    const label = (text) => `<span class="label">${text}</span>`;
    const cells = shown.map((c) => `<td class="num">${label(named(c))}<span></span></td>`).join("");
    write(body, list.map(() => `<tr>${whose(`${label("player")}<span></span>`, "td")}${cells}<td></td></tr>`).join(""));
    list.forEach((each, n) => {
      const row = body.rows[n], selected = players ? each.chosen : each === answer.selected;
      row.className = selected ? "selected" : "";
      const told = shown.map(({ place }) => (Number.isFinite(each.out[place]) ? number(each.out[place], 8) : "–"));
      const spans = [...row.cells].slice(0, -1).map((cell) => cell.lastElementChild);
      spans.forEach((span, i) => write(span, [...(players ? [String(each.player)] : []), ...told][i]));
      write(row.cells[row.cells.length - 1], selected ? "selected" : each.admissible ? "admissible, not selected" : each.reason);
    });
  }
  function show(answer) {
    const [name, meaning] = PAGE.statuses[answer.status];
    const fine = answer.status === OK || answer.status === NEAR_FOLD;
    const state = one(".state");
    write(state, name.replaceAll("-", " "));
    state.className = answer.status === OK ? "state ok" : "state";
    const told = answer.sentence || meaning;
    if (one(".sentence").textContent !== told) one(".sentence").textContent = told;
    const found = fine ? answer.selected : null;
    for (const [cell, k] of numbers) write(cell, found ? number(found.out[k]) : "–");
    solutions(answer);
  }

  /* ---- the figure ---- */
  function ticks(low, high, count) {
    const raw = (high - low) / count, unit = 10 ** Math.floor(Math.log10(raw));
    const step = unit * [1, 2, 5, 10].find((m) => m * unit >= raw);
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(Number((k * step).toPrecision(12)));
    return found;
  }
  const path = (list, x, y) => {
    let text = "", pen = false;
    for (const [a, b] of list) {
      if (Number.isFinite(b)) text += `${pen ? "L" : "M"}${x(a).toFixed(2)} ${y(b).toFixed(2)}`;
      pen = Number.isFinite(b);
    }
    return text;
  };
  let across = null;
  const plot = one(".plot"), abscissa = one(".abscissa");
  const [frame, curves] = plot.querySelectorAll("svg");
  const part = Object.fromEntries(["without", "ticks", "axis", "curve", "reference", "here", "level"].map((name) => [name, plot.querySelector(`.${name}`)]));
  /* Its width is asked for when it changes: between two writings the whole page would be laid out. */
  let width = 0, agreed = "";
  function draw(answer, began) {
    const name = against.value, column = curveOf.value;
    const own = curve(name, column, began), certified = PAGE.reference[name];
    const reference = certified
      ? certified.x.map((x, k) => [Number(x), certified.curves[column]?.[k] ?? NaN])
      : [];
    const height = Math.round(Math.min(380, Math.max(230, width * 0.5)));
    const [low, high] = PAGE.ranges[name];
    const all = [...own, ...reference].map(([, y]) => y).filter(Number.isFinite).sort((a, b) => a - b);
    // a pole would hide everything else
    const cut = (q) => all[Math.min(all.length - 1, Math.max(0, Math.round(q * (all.length - 1))))];
    let [bottom, top] = all.length ? [all[0], all[all.length - 1]] : [0, 1];
    const middle = cut(0.75) - cut(0.25);
    if (middle > 0) {
      bottom = Math.max(bottom, cut(0.25) - 30 * middle);
      top = Math.min(top, cut(0.75) + 30 * middle);
    }
    const room = (top - bottom || Math.abs(top) || 1) * 0.06;
    bottom -= room;
    top += room;
    const left = 64, right = width - 12, up = 10, down = height - 40;
    const x = (a) => left + ((a - low) / (high - low)) * (right - left);
    const y = (b) => Math.min(height + 999, Math.max(-999, down - ((b - bottom) / (top - bottom)) * (down - up)));
    const without = [], lines = [];
    const edge = (k) => (k && k < own.length ? (x(own[k - 1][0]) + x(own[k][0])) / 2 : k ? right : left);
    let from = -1;
    own.forEach(([, b], k) => {
      const none = !Number.isFinite(b), last = none && k === own.length - 1;
      if (none && from < 0) from = k;
      if (from >= 0 && (!none || last)) {
        const [begin, end] = [edge(from), edge(last ? k + 1 : k)];
        without.push(`<rect x="${begin.toFixed(2)}" y="${up}" width="${(end - begin).toFixed(2)}" height="${down - up}"/>`);
        from = -1;
      }
    });
    for (const b of ticks(bottom, top, 5)) {
      lines.push(`<path class="grid" d="M${left} ${y(b).toFixed(2)}H${right}"/>`);
      lines.push(`<text x="${left - 8}" y="${(y(b) + 4).toFixed(2)}" text-anchor="end">${minus(String(b))}</text>`);
    }
    for (const a of ticks(low, high, width < 480 ? 5 : 8))
      lines.push(`<text x="${x(a).toFixed(2)}" y="${down + 18}" text-anchor="middle">${minus(String(a))}</text>`);
    const box = `${left} ${up} ${right - left} ${down - up}`;
    set(frame, { viewBox: `0 0 ${width} ${height}`, height });
    set(curves, { x: left, y: up, width: right - left, height: down - up, viewBox: box });
    set(part.axis, { d: `M${left} ${up}V${down}H${right}` });
    write(part.without, without.join(""));
    write(part.ticks, lines.join(""));
    set(part.curve, { d: path(own, x, y) });
    // dots as lines of no length with round ends, in one path
    set(part.reference, { d: reference.map(([a, b]) => (b >= bottom && b <= top ? `M${x(a).toFixed(2)} ${y(b).toFixed(2)}h0` : "")).join("") });
    const [here] = exact(name), shown = here >= low && here <= high;
    const fine = answer.status === OK || answer.status === NEAR_FOLD;
    const level = shown && fine ? answer.selected.out[position[column]] : NaN;
    set(part.here, { d: shown ? `M${x(here).toFixed(2)} ${up}V${down}` : "" });
    set(part.level, { d: level >= bottom && level <= top ? `M${x(here).toFixed(2)} ${y(level).toFixed(2)}h0` : "" });
    write(abscissa, PAGE.symbols[name]);
    across = { low, high, left, right, width };
    // it stays as long as the curve does, and is asked for when that is whole
    const drawnNow = `${drawn.key} ${column}`;
    if (!whole() || agreed === drawnNow) return;
    write(one(".agreement"), agreement(name, column, certified));
    agreed = drawnNow;
  }
  function set(element, attributes) {
    for (const [name, value] of Object.entries(attributes))
      if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  }
  /* How far what is computed here is from the enclosures, at their places. */
  function agreement(name, column, certified) {
    if (!certified) return "";
    if (!isStart(name)) return "The certified curve is that of the start; another parameter has been moved since.";
    const k = position[column];
    let worst = 0, count = 0, apart = 0;
    placeAll();
    certified.x.forEach((text, i) => {
      const status = certified.status[i];
      if (status === null) return;
      place(name, pair(text));
      const answer = decide(point, given);
      apart += answer.status !== status;
      const wanted = certified.curves[column]?.[i];
      if (answer.status !== status || !answer.selected || typeof wanted !== "number") return;
      count += 1;
      worst = Math.max(worst, Math.abs(answer.selected.out[k] - wanted) / Math.max(Math.abs(wanted), 1e-8));
    });
    placeAll();
    const other = apart ? ` The status differs at ${apart}.` : "";
    const size = worst ? `differ by at most ${worst.toExponential(1)}, relative` : "are equal to the last digit";
    return `At ${count} certified points both curves ${size}.${other}`;
  }

  /* ---- the state of the page ---- */
  function remember() {
    const changed = PAGE.inputs.filter((name) => name in values && values[name] !== PAGE.start[name]);
    const parts = changed.map((name) => `${encodeURIComponent(name)}=${encodeURIComponent(values[name])}`);
    if (against.selectedIndex > 0) parts.push(`against=${encodeURIComponent(against.value)}`);
    if (curveOf.selectedIndex > 0) parts.push(`curve=${encodeURIComponent(curveOf.value)}`);
    history.replaceState(null, "", parts.length ? `#${parts.join("&")}` : location.pathname + location.search);
  }
  function recall() {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) return reach(hash);
    Object.assign(values, PAGE.start);
    for (const part of hash.split("&").filter(Boolean)) {
      const [name, value] = part.split("=").map(decodeURIComponent);
      if (name === "against") against.value = value;
      else if (name === "curve") curveOf.value = value;
      else if (name in PAGE.start) values[name] = value;
    }
    fill();
    update();
  }
  /* The named set that the page stands at, if it does. */
  const setHere = () =>
    Object.keys(PAGE.cases).find((c) =>
      Object.entries(PAGE.cases[c]).every(([name, value]) => !(name in values) || values[name] === value),
    ) ?? "";
  function fill(except) {
    if (sets) sets.value = setHere();
    for (const name of Object.keys(PAGE.start)) {
      const field = one(`#value-${CSS.escape(name)}`), slide = one(`#slide-${CSS.escape(name)}`);
      const [x] = exact(name);
      if (except !== field) field.value = values[name];
      if (except !== slide) slide.value = x;
      field.setAttribute("aria-invalid", String(!Number.isFinite(x)));
    }
  }
  /* An equation that a value is linked to; the address keeps the state. */
  function reach(id) {
    const target = document.getElementById(id);
    if (!target) return;
    target.closest("details")?.setAttribute("open", "");
    document.querySelectorAll(".lit").forEach((each) => each.classList.remove("lit"));
    target.classList.add("lit");
    target.scrollIntoView({ block: "center" });
  }
  function update() {
    const began = performance.now();
    placeAll();
    const answer = decide(point, given);
    show(answer);
    const unfinished = !whole();
    draw(answer, began);
    const now = performance.now(), more = unfinished && drawn.began !== began;
    if (!more) took = (now - began).toFixed(1);
    if (!whole()) return next();
    const late = more ? `, its curve was whole after ${(now - drawn.began).toFixed(1)} ms` : "";
    one(".timing").textContent = `The last answer took ${took} ms${late}.`;
  }
  let waiting = false, kept = 0, took = "";
  function soon() {
    clearTimeout(kept);
    kept = setTimeout(remember, 200);
    next();
  }
  function next() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      update();
    });
  }
  function move(name, text, except) {
    values[name] = text;
    fill(except);
    soon();
  }
  form.addEventListener("input", ({ target }) => {
    const name = target.closest(".control")?.dataset.name;
    if (name) move(name, target.type === "range" ? String(Number(Number(target.value).toPrecision(12))) : target.value, target);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    Object.assign(values, PAGE.start);
    fill();
    soon();
  });
  sets?.addEventListener("change", () => {
    Object.assign(values, PAGE.cases[sets.value] ?? PAGE.start);
    fill();
    soon();
  });
  for (const choice of [curveOf, against]) choice.addEventListener("change", soon);
  const drag = (event) => {
    if (!across || !(event.buttons & 1 || event.type === "pointerdown")) return;
    const box = plot.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * across.width;
    const part = Math.min(1, Math.max(0, (at - across.left) / (across.right - across.left)));
    const slide = one(`#slide-${CSS.escape(against.value)}`);
    slide.value = across.low + part * (across.high - across.low);
    move(against.value, String(Number(Number(slide.value).toPrecision(12))));
  };
  plot.addEventListener("pointerdown", drag);
  plot.addEventListener("pointermove", drag);
  addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    reach(link.getAttribute("href").slice(1));
  });
  addEventListener("hashchange", recall);
  /* On paper nothing is folded. */
  const folded = () => document.querySelectorAll("details:not([open])");
  addEventListener("beforeprint", () => {
    const closed = folded();
    closed.forEach((each) => (each.open = true));
    addEventListener("afterprint", () => closed.forEach((each) => (each.open = false)), { once: true });
  });
  new ResizeObserver(([{ contentRect }]) => {
    const now = Math.max(280, Math.round(contentRect.width));
    if (width === now) return;
    width = now;
    soon();
  }).observe(plot);
  width = Math.max(280, plot.clientWidth);
  recall();
}
