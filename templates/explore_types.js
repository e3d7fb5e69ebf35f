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

/* ---- averages that numbers give, where a type's feedback is explicit in them ---- */
function averagesOf(types) {
  const width = TYPES.coupled, step = 1 + width;
  const sums = (rows, names, from, each) =>
    names.map((_, i) =>
      Array.from({ length: each }, (_, j) =>
        total(rows.map((row, k) => PAIR.mul(PAIR.mul(TYPES.weights[k], portion(k, TYPES.powers[from + i])), row[i * each + j]))),
      ),
    );
  const coupled = TYPES.averages.slice(0, width), others = TYPES.averages.slice(width);
  const parts = sums(types.map(CODE.system), coupled, 0, step);
  const matrix = unit(width).map((row, i) => row.map((x, j) => PAIR.sub(x, parts[i][1 + j])));
  const solved = width ? solvedSystem(matrix, [parts.map((row) => row[0])]) : [[]];
  if (!solved) return null;
  const known = listed(solved[0], coupled);
  const rest = sums(types.map((own) => CODE.rest({ ...own, ...known })), others, width, 1);
  return { ...known, ...listed(rest.map((row) => row[0]), others) };
}

/* ---- responses to averages over the others ---- */
/* Of a type: controls at zero averages over all and their slopes, what is averaged and its slopes. */
function reaction(own, share) {
  const numbers = CODE.table(own), c = TYPES.controls.length, m = TYPES.entered.length;
  let at = 0;
  const matrix = (n, w) => Array.from({ length: n }, () => Array.from({ length: w }, () => numbers[at++]));
  const still = matrix(c, 1), slopes = matrix(c, m), zero = matrix(m, 1), load = matrix(m, c);
  const column = (a, j) => a.map((row) => row[j]);
  const left = unit(c).map((row, i) =>
    row.map((x, j) => PAIR.add(x, PAIR.mul(share, dot(slopes[i], column(load, j))))),
  );
  const right = still.map((row, i) => PAIR.sub(row[0], PAIR.mul(share, dot(slopes[i], column(zero, 0)))));
  const found = solvedSystem(left, [right, ...TYPES.entered.map((_, j) => column(slopes, j))]);
  return found && { first: found[0], second: found.slice(1), zero: column(zero, 0), load };
}
/* Everybody's controls where each type stands somewhere; null if they are not determined. */
function everybody(types) {
  const parts = types.map((own, k) => reaction(own, TYPES.shares[k]));
  if (parts.includes(null)) return null;
  const entered = TYPES.entered.map((_, i) => i);
  const weighted = (each) => total(parts.map((part, k) => PAIR.mul(TYPES.weights[k], each(part))));
  const matrix = unit(entered.length).map((row, i) =>
    row.map((x, j) => PAIR.sub(x, weighted((part) => dot(part.load[i], part.second[j])))),
  );
  const right = entered.map((i) => weighted((part) => PAIR.add(part.zero[i], dot(part.load[i], part.first))));
  const solved = solvedSystem(matrix, [right]);
  if (!solved) return null;
  return parts.map(({ first, second }) =>
    first.map((x, c) => PAIR.add(x, total(entered.map((j) => PAIR.mul(second[j][c], solved[0][j]))))),
  );
}
/* States of all types with the laws that they imply. */
function standing(types, states) {
  const placed = types.map((own, k) => ({ ...own, ...states[k] }));
  const laws = placed.map(CODE.law);
  const implied = TYPES.implied.map((_, i) => total(KINDS.map((k) => PAIR.mul(TYPES.weights[k], laws[k][i]))));
  return placed.map((own) => ({ ...own, ...listed(implied, TYPES.implied) }));
}
/* Every type's controls as affine functions: of own states beside averages over each type, and 1. */
function feedbackOf(types) {
  const still = KINDS.map(() => listed(TYPES.own.map(() => ZERO), TYPES.own));
  const moved = (k, s) => still.map((row, j) => (j === k ? { ...row, [s]: ONE } : row));
  const rest = everybody(standing(types, still));
  if (!rest) return null;
  const own = types.map((type, k) => {
    const nothing = TYPES.controls.map(() => TYPES.own.map(() => ZERO));
    if (TYPES.counts[k] === 1) return nothing;
    const none = listed(TYPES.states.map(() => ZERO), TYPES.states);
    const at = (place) => reaction({ ...type, ...none, ...place }, TYPES.shares[k])?.first;
    const zero = at({});
    const found = TYPES.own.map((s) => at({ [s]: ONE }));
    return zero ? nothing.map((row, c) => row.map((_, s) => PAIR.sub(found[s][c], zero[c]))) : null;
  });
  const units = KINDS.map((k) => TYPES.own.map((s) => everybody(standing(types, moved(k, s)))));
  if (own.includes(null) || units.flat().includes(null)) return null;
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
function growthOf(types, feedback) {
  const wide = TYPES.own.length, end = SEATS.length * wide;
  const number = (i, j) => (i > j ? number(j, i) : i * (end + 1) - (i * (i - 1)) / 2 + j - i);
  const count = number(end, end) + 1;
  const axis = (i, x = 1) => {
    const form = new Float64Array(end + 1);
    form[i] = x;
    return form;
  };
  const into = (form, part, x) => part.forEach((y, i) => (form[i] += x * y));
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
  const told = (name, k) => {
    const numbers = CODE[name](types[k]);
    let at = 0;
    return TYPES[name].map((terms) => terms.map((powers) => [powers, numbers[at++][0]]));
  };
  const factors = (powers, row) => powers.flatMap((power, i) => Array(power).fill(row[TYPES.letters[i]]));
  const affine = (terms, row) => {
    const form = axis(end, 0);
    for (const [powers, x] of terms) into(form, factors(powers, row)[0] ?? axis(end), x);
    return form;
  };
  const product = (f, g, x, sum) => {
    for (let i = 0; i <= end; i++) for (let j = 0; f[i] && j <= end; j++) if (g[j]) sum[number(i, j)] += x * f[i] * g[j];
  };
  TYPES.implied.forEach((law, n) => {
    const form = axis(end, 0);
    for (const k of KINDS)
      for (const a of AMONG[k]) into(form, affine(told("laws", k)[n], forms[a]), TYPES.weights[k][0] / AMONG[k].length);
    for (const row of forms) row[law] = form;
  });
  const drifts = [], loads = [];
  SEATS.forEach((seat, i) => {
    drifts.push(...told("drifts", seat.type).map((terms) => affine(terms, forms[i])));
    const own = TYPES.own.map(() => ({}));
    told("loadings", seat.type).forEach((terms, n) => {
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
      const row = matrix[number(i, j)];
      product(axis(i), drifts[j], 1, row);
      product(drifts[i], axis(j), 1, row);
      for (const [noise, load] of Object.entries(loads[i])) if (noise in loads[j]) product(load, loads[j][noise], 1, row);
    }
  return KINDS.map((k) => {
    const seat = SEATS.findIndex((one) => one.type === k && one.player);
    const paid = [...told("payoffs", k), ...told("running", k)].map((terms) => {
      const sum = new Float64Array(count);
      for (const [powers, x] of terms) {
        const [f = axis(end), g = axis(end)] = factors(powers, forms[seat]);
        product(f, g, x, sum);
      }
      return sum;
    });
    const start = Array.from({ length: count }, (_, f) => paid.map((sum) => sum[f]));
    const grown = growth(matrix, start), rate = CODE.rate(types[k])[0][0];
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
  const named = (row) => Object.fromEntries(TYPES.inputs.map((name, i) => [name, [row[2 * i], row[2 * i + 1]]]));
  const put = (row, values) => TYPES.inputs.forEach((name, i) => name in values && row.set(values[name], 2 * i));
  let types = rowsOf.map(named), known = {};
  const averages = TYPES.responds ? {} : averagesOf(types);
  rowsOf.forEach((row, k) => put(row, TYPES.responds ? standing(types, types)[k] : averages ?? {}));
  const each = rowsOf.map((row, k) => decideAlone(row, flags(TYPES.places[k])));
  const found = each.flatMap((one, k) => one.found.map((root) => ({ ...root, player: k + 1, chosen: root === one.selected })));
  const refused = (k, status, told) => ({ status, sentence: PLAYER.replace("{number}", k + 1) + told, selected: null, found });
  // a player outside of its domain before averages that are none
  const worst = [each.findIndex((one) => one.status === INVALID_INPUT), each.findIndex((one) => one.status !== OK)];
  const failed = worst.find((k) => k >= 0) ?? -1;
  if (failed >= 0) return refused(failed, each[failed].status, each[failed].sentence);
  const doubtful = { status: UNRESOLVED, sentence: NOT_DETERMINED, selected: null, found };
  if (!averages) return doubtful;
  Object.entries(averages).forEach(([name, value]) => (known[name] = value[0]));
  if (TYPES.responds) {
    const letters = each.map(({ selected }) =>
      Object.fromEntries(MODEL.columns.map((name, i) => [name, [selected.out[i], 0]])),
    );
    types = rowsOf.map((row, k) => ({ ...named(row), ...letters[k] }));
    const feedback = feedbackOf(types), played = everybody(types);
    if (!feedback || !played) return doubtful;
    const statuses = growthOf(types, feedback), bad = statuses.findIndex((status) => status !== OK);
    if (bad >= 0) return refused(bad, statuses[bad], statuses[bad] === UNRESOLVED ? UNDECIDED : GROWS);
    told(known, types, feedback, played);
  }
  const out = Float64Array.from(TYPES.columns, ([name, k, i]) => known[name] ?? (i < 0 ? NaN : each[k - 1].selected.out[i]));
  return { status: OK, sentence: each[0].sentence, selected: { out, admissible: true }, found };
}
/* Controls, their slopes and averages over all by the names of columns. */
function told(known, types, feedback, played) {
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
  const terms = types.map((own, k) => CODE.terms({ ...own, ...listed(played[k], TYPES.controls) }));
  const others = KINDS.map(() => ({}));
  TYPES.totals.forEach((name, i) => {
    const parts = KINDS.map((k) => PAIR.mul(PAIR.mul(TYPES.weights[k], portion(k, TYPES.powers[i])), terms[k][i]));
    const whole = total(parts);
    known[name] = whole[0];
    // without the player itself
    for (const k of KINDS)
      others[k][TYPES.others[i]] = PAIR.sub(whole, PAIR.mul(portion(k, TYPES.powers[i] + 1), terms[k][i]));
  });
  for (const k of KINDS) known[`${TYPES.value}_${k + 1}`] = CODE.value({ ...types[k], ...others[k] })[0][0];
}
