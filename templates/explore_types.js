/* Players with parameters of their own: the averages that follow from what each of them decides. */
const paired = (f) => (a, b) => {
  const high = f(a[0], a[1], b[0], b[1]);
  return [high, W[0]];
};
const alone = (f) => (a) => {
  const high = f(a[0], a[1]);
  return [high, W[0]];
};
const PAIR = { add: paired(add), sub: paired(sub), mul: paired(mul), div: paired(div) };
Object.assign(PAIR, { sqrt: alone(sqrt), exp: alone(exp), log: alone(log), sin: alone(sin), cos: alone(cos) });
Object.assign(PAIR, { tan: alone(tan), sinh: alone(sinh), cosh: alone(cosh), tanh: alone(tanh) });
const ZERO = [0, 0], ONE = [1, 0];
const total = (pairs) => pairs.reduce(PAIR.add, ZERO);
const dot = (a, b) => total(a.map((x, i) => PAIR.mul(x, b[i])));
/* A pivot below this part of its column is zero, as far as pairs tell. */
const SINGULAR = 1e-24;
/* The columns that solve a linear system in pairs, by elimination with pivots; null if it is singular. */
function solvedSystem(matrix, columns) {
  const n = matrix.length, a = matrix.map((row, i) => [...row, ...columns.map((c) => c[i])]);
  for (let k = 0; k < n; k++) {
    let top = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i][k][0]) > Math.abs(a[top][k][0])) top = i;
    const size = Math.max(...matrix.map((row) => Math.abs(row[k][0])));
    if (!(Math.abs(a[top][k][0]) > SINGULAR * size)) return null;
    [a[k], a[top]] = [a[top], a[k]];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = PAIR.div(a[i][k], a[k][k]);
      for (let j = k; j < a[i].length; j++) a[i][j] = PAIR.sub(a[i][j], PAIR.mul(factor, a[k][j]));
    }
  }
  return columns.map((_, c) => a.map((row, i) => PAIR.div(row[n + c], row[i])));
}
const unit = (n) => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? ONE : ZERO)));
const KINDS = TYPES.weights.map((_, k) => k);
/* A player's share of a power in what its type adds to an average. */
const portion = (k, power) => (power === 1 ? ONE : [2, 3].includes(power) ? PAIR.mul(portion(k, power - 1), TYPES.shares[k]) : [NaN, 0]);
const listed = (codes, names) => Object.fromEntries(names.map((name, i) => [name, codes[i]]));
/* What each type knows: pairs at the places of names. */
const KNOWN = KINDS.map(() => new Float64Array(2 * TYPES.names.length));
const at = (name) => 2 * TYPES.names.indexOf(name);
const placesOf = (names) => (names ?? []).map(at);
const AT = Object.fromEntries(["inputs", "states", "own", "controls", "implied", "others", "averages"].map((part) => [part, placesOf(TYPES[part])]));
const COLUMNS_AT = placesOf(MODEL.columns);
function put(known, places, pairs) {
  for (let i = 0; i < places.length; i++) {
    const place = places[i];
    if (place < 0) continue;
    known[place] = pairs[i][0];
    known[place + 1] = pairs[i][1];
  }
}

/* What a type adds to an average, of its number: its weight and its portion of the power. */
const PARTS = TYPES.powers.map((power) => KINDS.map((k) => PAIR.mul(TYPES.weights[k], portion(k, power))));

/* ---- averages that numbers give, where a type's feedback is explicit in them ---- */
function averagesOf() {
  const width = TYPES.coupled, step = 1 + width;
  const sums = (rows, from, count, each) => {
    const found = [];
    for (let i = 0; i < count; i++) {
      const row = [];
      for (let j = 0; j < each; j++)
        row.push(total(rows.map((own, k) => PAIR.mul(PARTS[from + i][k], own[i * each + j]))));
      found.push(row);
    }
    return found;
  };
  const parts = sums(KNOWN.map(CODE.system), 0, width, step);
  const matrix = unit(width).map((row, i) => row.map((x, j) => PAIR.sub(x, parts[i][1 + j])));
  const solved = width ? solvedSystem(matrix, [parts.map((row) => row[0])]) : [[]];
  if (!solved) return null;
  const [coupled, others] = [AT.averages.slice(0, width), AT.averages.slice(width)];
  for (const known of KNOWN) put(known, coupled, solved[0]);
  const rest = sums(KNOWN.map(CODE.rest), width, others.length, 1).map((row) => row[0]);
  for (const known of KNOWN) put(known, others, rest);
  return listed([...solved[0], ...rest], TYPES.averages);
}

/* ---- responses to averages over the others ---- */
/* Of a type: controls at zero averages over all and what is averaged then, where it stands. */
function still(part, k) {
  const c = TYPES.controls.length, m = TYPES.entered.length, numbers = CODE.table(KNOWN[k]);
  const zero = numbers.slice(c + c * m, c + c * m + m), right = numbers.slice(0, c);
  for (let i = 0; i < c; i++) right[i] = PAIR.sub(right[i], PAIR.mul(TYPES.shares[k], dot(part.slopes[i], zero)));
  return { first: part.inverse.map((row) => dot(row, right)), zero };
}
/* The same at any state: slopes, and the inverse of what a player's own share adds; null if singular. */
function reaction(k) {
  const c = TYPES.controls.length, m = TYPES.entered.length, numbers = CODE.table(KNOWN[k]);
  const matrix = (from, n, w) => Array.from({ length: n }, (_, i) => numbers.slice(from + i * w, from + (i + 1) * w));
  const slopes = matrix(c, c, m), load = matrix(c + c * m + m, m, c), share = TYPES.shares[k];
  const column = (a, j) => a.map((row) => row[j]);
  const left = unit(c).map((row, i) =>
    row.map((x, j) => PAIR.add(x, PAIR.mul(share, dot(slopes[i], column(load, j))))),
  );
  const found = solvedSystem(left, [...unit(c), ...TYPES.entered.map((_, j) => column(slopes, j))]);
  if (!found) return null;
  return { slopes, load, inverse: unit(c).map((_, i) => column(found.slice(0, c), i)), second: found.slice(c) };
}
/* All types' reactions, and the inverse of what averages add to themselves; null if singular. */
function reactions() {
  const parts = KINDS.map(reaction);
  if (parts.includes(null)) return null;
  const matrix = unit(TYPES.entered.length).map((row, i) =>
    row.map((x, j) =>
      PAIR.sub(x, total(parts.map((part, k) => PAIR.mul(TYPES.weights[k], dot(part.load[i], part.second[j]))))),
    ),
  );
  const columns = solvedSystem(matrix, unit(matrix.length));
  return columns && { parts, inverse: matrix.map((_, i) => columns.map((column) => column[i])) };
}
/* Everybody's controls where each type stands. */
function everybody({ parts, inverse }) {
  const places = parts.map(still);
  const right = TYPES.entered.map((_, i) =>
    total(places.map(({ first, zero }, k) => PAIR.mul(TYPES.weights[k], PAIR.add(zero[i], dot(parts[k].load[i], first))))),
  );
  const averages = inverse.map((row) => dot(row, right));
  return places.map(({ first }, k) =>
    first.map((x, c) => averages.reduce((sum, y, j) => PAIR.add(sum, PAIR.mul(parts[k].second[j][c], y)), x)),
  );
}
/* The laws that the states of all types imply. */
function standing() {
  if (!AT.implied.length) return;
  const laws = KNOWN.map(CODE.law);
  const implied = AT.implied.map((_, i) => total(KINDS.map((k) => PAIR.mul(TYPES.weights[k], laws[k][i]))));
  for (const known of KNOWN) put(known, AT.implied, implied);
}
/* Every type's controls as affine functions: of own states beside averages over each type, and 1. */
function feedbackOf(all) {
  const kept = KNOWN.map((known) => known.slice());
  const none = AT.states.map(() => ZERO), { parts } = all;
  for (const known of KNOWN) put(known, AT.states, none);
  const own = KINDS.map((k) => {
    const nothing = TYPES.controls.map(() => TYPES.own.map(() => ZERO));
    if (TYPES.counts[k] === 1) return nothing;
    const zero = still(parts[k], k).first;
    const found = AT.own.map((place) => {
      KNOWN[k][place] = 1;
      const { first } = still(parts[k], k);
      KNOWN[k][place] = 0;
      return first;
    });
    return nothing.map((row, c) => row.map((_, s) => PAIR.sub(found[s][c], zero[c])));
  });
  standing();
  const rest = everybody(all);
  const units = KNOWN.map((known) =>
    AT.own.map((place) => {
      known[place] = 1;
      standing();
      const found = everybody(all);
      known[place] = 0;
      return found;
    }),
  );
  KNOWN.forEach((known, k) => known.set(kept[k]));
  return KINDS.map((k) => ({
    own: own[k],
    constant: rest[k],
    averages: TYPES.controls.map((_, c) =>
      KINDS.map((j) =>
        TYPES.own.map((_, s) => {
          const slope = PAIR.sub(units[j][s][k][c], rest[k][c]);
          return j === k ? PAIR.sub(slope, own[k][c][s]) : slope;
        }),
      ),
    ),
  }));
}

/* ---- growth when everybody plays, in doubles ---- */
/* Seats are players, or averages of types and a player of each; forms are affine in all states and
   end with the constant; a monomial is a pair of states, or of one and the constant. */
const finitely = TYPES.counts.every((count) => count > 0);
const SEATS = finitely
  ? KINDS.flatMap((k) => Array.from({ length: TYPES.counts[k] }, () => ({ type: k, player: true })))
  : [...KINDS.map((k) => ({ type: k, player: false })), ...KINDS.map((k) => ({ type: k, player: true }))];
const AMONG = KINDS.map((k) => (finitely ? SEATS.flatMap((seat, i) => (seat.type === k ? [i] : [])) : [k]));
/* Relative distance of a growth rate from its bound at which doubles do not tell them apart. */
const EDGE = 1e-12;
/* States of all seats, and the numbers of monomials: of a pair of places in a form. */
const wide = (TYPES.own ?? []).length, end = SEATS.length * wide;
const NUMBERS = new Int32Array((end + 1) ** 2);
let count = 0;
for (let i = 0; i <= end; i++)
  for (let j = i; j <= end; j++) NUMBERS[i * (end + 1) + j] = NUMBERS[j * (end + 1) + i] = count++;
/* Letters of the monomials of every polynomial. */
const POLYNOMIALS = ["laws", "drifts", "loadings", "payoffs", "running"];
const lettersOf = (powers) => powers.flatMap((power, i) => Array(power).fill(TYPES.letters[i]));
const LETTERS = POLYNOMIALS.map((name) => (TYPES[name] ?? []).map((terms) => terms.map(lettersOf)));
const CONSTANT = new Float64Array(end + 1);
CONSTANT[end] = 1;
function growthOf(feedback) {
  const axis = (i, x = 1) => {
    const form = new Float64Array(end + 1);
    form[i] = x;
    return form;
  };
  const into = (form, part, x) => {
    for (let i = 0; i <= end; i++) form[i] += x * part[i];
  };
  const forms = SEATS.map(({ type }, i) => {
    const row = listed(TYPES.own.map((_, s) => axis(i * wide + s)), TYPES.own);
    TYPES.controls.forEach((control, c) => {
      const form = axis(end, feedback[type].constant[c][0]);
      TYPES.own.forEach((_, s) => {
        form[i * wide + s] += feedback[type].own[c][s][0];
        for (const k of KINDS)
          for (const a of AMONG[k]) form[a * wide + s] += feedback[type].averages[c][k][s][0] / AMONG[k].length;
      });
      row[control] = form;
    });
    return row;
  });
  const [laws, drifted, loaded, payoffs, running] = POLYNOMIALS.map((name, n) =>
    KNOWN.map((known) => {
      const numbers = CODE[name](known);
      let next = 0;
      return LETTERS[n].map((terms) => terms.map((letters) => [letters, numbers[next++][0]]));
    }),
  );
  const affine = (terms, row) => {
    const form = axis(end, 0);
    for (const [letters, x] of terms) into(form, letters.length ? row[letters[0]] : CONSTANT, x);
    return form;
  };
  const product = (f, g, x, sum) => {
    for (let i = 0; i <= end; i++) for (let j = 0; f[i] && j <= end; j++) if (g[j]) sum[NUMBERS[i * (end + 1) + j]] += x * f[i] * g[j];
  };
  TYPES.implied.forEach((law, n) => {
    const form = axis(end, 0);
    for (const k of KINDS)
      for (const a of AMONG[k]) into(form, affine(laws[k][n], forms[a]), TYPES.weights[k][0] / AMONG[k].length);
    for (const row of forms) row[law] = form;
  });
  const drifts = [], loads = [];
  SEATS.forEach((seat, i) => {
    drifts.push(...drifted[seat.type].map((terms) => affine(terms, forms[i])));
    const own = TYPES.own.map(() => ({}));
    loaded[seat.type].forEach((terms, n) => {
      const [state, noise] = TYPES.moved[n], common = TYPES.common.includes(noise);
      if (common || seat.player) own[state][common ? noise : `${noise} ${i}`] = affine(terms, forms[i]);
    });
    loads.push(...own);
  });
  drifts.push(axis(end, 0));
  loads.push({});
  const matrix = rows(count, count);
  for (let i = 0; i <= end; i++)
    for (let j = i; j <= end; j++) {
      const row = matrix[NUMBERS[i * (end + 1) + j]];
      for (let m = 0; m <= end; m++) {
        row[NUMBERS[i * (end + 1) + m]] += drifts[j][m];
        row[NUMBERS[j * (end + 1) + m]] += drifts[i][m];
      }
      for (const noise in loads[i]) if (noise in loads[j]) product(loads[i][noise], loads[j][noise], 1, row);
    }
  return KINDS.map((k) => {
    const seat = SEATS.findIndex((one) => one.type === k && one.player);
    const paid = [...payoffs[k], ...running[k]].map((terms) => {
      const sum = new Float64Array(count);
      for (const [[f, g], x] of terms) product(forms[seat][f] ?? CONSTANT, forms[seat][g] ?? CONSTANT, x, sum);
      return sum;
    });
    const start = Array.from({ length: count }, (_, f) => paid.map((sum) => sum[f]));
    const grown = growth(matrix, start), rate = CODE.rate(KNOWN[k])[0][0];
    if (!(Math.abs(grown - rate) > EDGE * (Math.abs(grown) + Math.abs(rate)))) return UNRESOLVED;
    return grown < rate ? OK : INFINITE_VARIANCE;
  });
}

/* ---- one answer for all ---- */
function decide(point, given) {
  const flags = (places) => TYPES.states.map((name, s) => {
    const place = places[TYPES.inputs.length - TYPES.states.length + s];
    return place < 0 ? given.every(Boolean) : given[place - TYPES.first];
  });
  const rowsOf = TYPES.places.map((places, k) => {
    const row = new Float64Array(2 * places.length);
    places.forEach((place, i) => {
      const [high, low] = place < 0 ? (TYPES.fixed[k][TYPES.inputs[i]] ?? ZERO) : [point[2 * place], point[2 * place + 1]];
      row[2 * i] = high;
      row[2 * i + 1] = low;
    });
    return row;
  });
  const width = TYPES.inputs.length;
  rowsOf.forEach((row, k) => {
    for (let i = 0; i < width; i++) {
      KNOWN[k][AT.inputs[i]] = row[2 * i];
      KNOWN[k][AT.inputs[i] + 1] = row[2 * i + 1];
    }
  });
  const averages = TYPES.responds ? {} : averagesOf();
  if (TYPES.responds) standing();
  rowsOf.forEach((row, k) => {
    for (let i = 0; i < width; i++) {
      row[2 * i] = KNOWN[k][AT.inputs[i]];
      row[2 * i + 1] = KNOWN[k][AT.inputs[i] + 1];
    }
  });
  const each = rowsOf.map((row, k) => decideAlone(row, flags(TYPES.places[k])));
  const found = each.flatMap((one, k) => one.found.map((root) => ({ ...root, player: k + 1, chosen: root === one.selected })));
  const refused = (k, status, told) => ({ status, sentence: PLAYER.replace("{number}", k + 1) + told, selected: null, found });
  // a player outside of its domain before averages that are none
  const worst = [each.findIndex((one) => one.status === INVALID_INPUT), each.findIndex((one) => one.status !== OK)];
  const failed = worst.find((k) => k >= 0) ?? -1;
  if (failed >= 0) return refused(failed, each[failed].status, each[failed].sentence);
  const known = {}, doubtful = { status: UNRESOLVED, sentence: NOT_DETERMINED, selected: null, found };
  if (!averages) return doubtful;
  Object.entries(averages).forEach(([name, value]) => (known[name] = value[0]));
  if (TYPES.responds) {
    each.forEach(({ selected }, k) => put(KNOWN[k], COLUMNS_AT, Array.from(selected.out, (x) => [x, 0])));
    const all = reactions(), played = all && everybody(all);
    if (!all) return doubtful;
    const feedback = feedbackOf(all);
    const statuses = growthOf(feedback), bad = statuses.findIndex((status) => status !== OK);
    if (bad >= 0) return refused(bad, statuses[bad], statuses[bad] === UNRESOLVED ? UNDECIDED : GROWS);
    told(known, feedback, played);
  }
  const out = Float64Array.from(TYPES.columns, ([name, k, i]) => known[name] ?? (i < 0 ? NaN : each[k - 1].selected.out[i]));
  return { status: OK, sentence: each[0].sentence, selected: { out, admissible: true }, found };
}
/* Controls, their slopes and averages over all by the names of columns. */
function told(known, feedback, played) {
  TYPES.controls.forEach((control, c) => {
    for (const k of KINDS) {
      const name = `${control}_${k + 1}`;
      known[name] = played[k][c][0];
      known[`${name}_1`] = feedback[k].constant[c][0];
      TYPES.own.forEach((state, s) => {
        known[`${name}_${state}`] = feedback[k].own[c][s][0];
        for (const j of KINDS) known[`${name}_${state}_${j + 1}`] = feedback[k].averages[c][j][s][0];
      });
    }
  });
  KINDS.forEach((k) => put(KNOWN[k], AT.controls, played[k]));
  const terms = KNOWN.map(CODE.terms);
  TYPES.totals.forEach((name, i) => {
    const whole = total(KINDS.map((k) => PAIR.mul(PARTS[i][k], terms[k][i])));
    known[name] = whole[0];
    // without the player itself
    for (const k of KINDS)
      put(KNOWN[k], [AT.others[i]], [PAIR.sub(whole, PAIR.mul(portion(k, TYPES.powers[i] + 1), terms[k][i]))]);
  });
  for (const k of KINDS) known[`${TYPES.value}_${k + 1}`] = CODE.value(KNOWN[k])[0][0];
}
