{
  const one = (selector) => document.querySelector(selector);
  const form = one("form.inputs");
  const curveOf = one("select[name=curve]"), against = one("select[name=against]");
  const sets = form.elements.case;
  const values = { ...PAGE.start };
  const label = Object.fromEntries(PAGE.columns.map((c) => [c.name, c]));
  const position = Object.fromEntries(PAGE.columns.map((c, k) => [c.name, k]));
  const CURVE = 200;

  /* ---- solving ---- */
  const point = new Float64Array(2 * PAGE.inputs.length);
  const given = PAGE.states.map(() => true);
  const place = (name, [high, low]) => {
    const k = PAGE.inputs.indexOf(name);
    if (k < 0) return;
    point[2 * k] = high;
    point[2 * k + 1] = low;
  };
  const placeAll = () => PAGE.inputs.forEach((name) => place(name, pair(values[name] ?? "0")));
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
  function curve(name, column) {
    const k = position[column];
    placeAll();
    const found = sampled(name).map((x) => {
      place(name, [x, 0]);
      const { status, selected } = decide(point, given);
      const fine = status === OK || status === NEAR_FOLD;
      return [x, fine && selected ? selected.out[k] : NaN];
    });
    placeAll();
    return found;
  }

  /* ---- writing ---- */
  const minus = (text) => text.replace("-", "\u2212");
  function number(x, digits = 12) {
    if (!Number.isFinite(x)) return "not finite";
    const [mantissa, exponent] = Number(x.toPrecision(digits)).toString().split("e");
    return exponent ? `${minus(mantissa)} × 10<sup>${minus(exponent.replace("+", ""))}</sup>` : minus(mantissa);
  }
  const named = (c) => (c.anchor ? `<a href="#${c.anchor}">${c.label}</a>` : c.label);
  const cited = (c) => c.cited.map(([text, href]) => ` <a class="cited" href="${href}">${text}</a>`).join("");
  function rows(found, group) {
    return PAGE.columns
      .map((c, k) => [c, found ? found.out[k] : NaN])
      .filter(([c]) => c.group === group)
      .map(([c, x]) => `<tr><td>${named(c)}${cited(c)}</td><td class="num">${found ? number(x) : "–"}</td></tr>`)
      .join("");
  }
  function solutions(answer) {
    const section = one(".solutions");
    section.hidden = !MODEL.choices.length || !answer.found.length;
    if (section.hidden) return;
    const shown = PAGE.roots, players = answer.found.some((each) => each.player);
    const whose = (text, tag) => (players ? `<${tag}>${text}</${tag}>` : "");
    section.querySelector("thead").innerHTML =
      `<tr>${whose("player", "th")}${shown.map((c) => `<th class="num">${named(c)}</th>`).join("")}<th>verdict</th></tr>`;
    const list = players || !answer.selected || answer.found.includes(answer.selected) ? answer.found : [answer.selected];
    section.querySelector("tbody").innerHTML = list
      .map((each) => {
        const selected = players ? each.chosen : each === answer.selected;
        const verdict = selected ? "selected" : each.admissible ? "admissible, not selected" : each.reason;
        const cells = shown.map((c) => `<td class="num"><span class="label">${named(c)}</span>${Number.isFinite(each.out[c.place]) ? number(each.out[c.place], 8) : "–"}</td>`);
        return `<tr${selected ? ' class="selected"' : ""}>${whose(`<span class="label">player</span>${each.player}`, "td")}${cells.join("")}<td>${verdict}</td></tr>`;
      })
      .join("");
  }
  function show(answer) {
    const [name, meaning] = PAGE.statuses[answer.status];
    const fine = answer.status === OK || answer.status === NEAR_FOLD;
    const state = one(".state");
    state.textContent = name.replaceAll("-", " ");
    state.className = answer.status === OK ? "state ok" : "state";
    one(".sentence").textContent = answer.sentence || meaning;
    const found = fine ? answer.selected : null;
    one("table.strategy tbody").innerHTML = rows(found, "strategy");
    one("table.values").innerHTML = ["at the state", "coefficients"]
      .map((group) => [group, rows(found, group)])
      .filter(([, text]) => text)
      .map(([group, text]) => `<tbody><tr class="group"><th colspan="2">${group}</th></tr>${text}</tbody>`)
      .join("");
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
  function draw(answer) {
    const name = against.value, column = curveOf.value, plot = one(".plot");
    const own = curve(name, column), certified = PAGE.reference[name];
    const reference = certified
      ? certified.x.map((x, k) => [Number(x), certified.curves[column]?.[k] ?? NaN])
      : [];
    const width = Math.max(280, plot.clientWidth), height = Math.round(Math.min(380, Math.max(230, width * 0.5)));
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
    const parts = [];
    const half = (own.length > 1 ? x(own[1][0]) - x(own[0][0]) : 4) / 2;
    let from = null;
    own.forEach(([a, b], k) => {
      const none = !Number.isFinite(b);
      if (none && from === null) from = Math.max(left, x(a) - half);
      if (from !== null && (!none || k === own.length - 1)) {
        const to = Math.min(right, none ? x(a) + half : x(a) - half);
        parts.push(`<rect class="without" x="${from.toFixed(2)}" y="${up}" width="${(to - from).toFixed(2)}" height="${down - up}"/>`);
        from = null;
      }
    });
    for (const b of ticks(bottom, top, 5)) {
      parts.push(`<path class="grid" d="M${left} ${y(b).toFixed(2)}H${right}"/>`);
      parts.push(`<text x="${left - 8}" y="${(y(b) + 4).toFixed(2)}" text-anchor="end">${minus(String(b))}</text>`);
    }
    for (const a of ticks(low, high, width < 480 ? 5 : 8))
      parts.push(`<text x="${x(a).toFixed(2)}" y="${down + 18}" text-anchor="middle">${minus(String(a))}</text>`);
    parts.push(`<path class="axis" d="M${left} ${up}V${down}H${right}"/>`);
    parts.push(`<svg x="${left}" y="${up}" width="${right - left}" height="${down - up}" viewBox="${left} ${up} ${right - left} ${down - up}">`);
    parts.push(`<path class="curve" d="${path(own, x, y)}"/>`);
    for (const [a, b] of reference)
      if (Number.isFinite(b)) parts.push(`<circle class="reference" cx="${x(a).toFixed(2)}" cy="${y(b).toFixed(2)}" r="3"/>`);
    parts.push("</svg>");
    const here = pair(values[name])[0];
    if (here >= low && here <= high) {
      parts.push(`<path class="here" d="M${x(here).toFixed(2)} ${up}V${down}"/>`);
      const fine = answer.status === OK || answer.status === NEAR_FOLD;
      const level = fine ? answer.selected.out[position[column]] : NaN;
      if (level >= bottom && level <= top)
        parts.push(`<circle class="here" cx="${x(here).toFixed(2)}" cy="${y(level).toFixed(2)}" r="5"/>`);
    }
    plot.innerHTML = `<svg viewBox="0 0 ${width} ${height}">${parts.join("")}</svg><div class="abscissa">${PAGE.symbols[name]}</div>`;
    across = { low, high, left, right, width };
    one(".agreement").textContent = agreement(name, column, certified);
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
      const x = pair(values[name])[0];
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
    draw(answer);
    const took = performance.now() - began;
    one(".timing").textContent = `The last answer took ${took.toFixed(1)} ms.`;
  }
  let waiting = false, kept = 0;
  function soon() {
    clearTimeout(kept);
    kept = setTimeout(remember, 200);
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      update();
    });
  }
  function set(name, text, except) {
    values[name] = text;
    fill(except);
    soon();
  }
  form.addEventListener("input", ({ target }) => {
    const name = target.closest(".control")?.dataset.name;
    if (name) set(name, target.type === "range" ? String(Number(Number(target.value).toPrecision(12))) : target.value, target);
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
  const plot = one(".plot");
  const drag = (event) => {
    if (!across || !(event.buttons & 1 || event.type === "pointerdown")) return;
    const box = plot.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * across.width;
    const part = Math.min(1, Math.max(0, (at - across.left) / (across.right - across.left)));
    const slide = one(`#slide-${CSS.escape(against.value)}`);
    slide.value = across.low + part * (across.high - across.low);
    set(against.value, String(Number(Number(slide.value).toPrecision(12))));
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
  addEventListener("resize", soon);
  recall();
}
