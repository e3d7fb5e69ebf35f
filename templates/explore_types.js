/* Players with parameters of their own: the averages that follow from what each of them decides.
   Vectors and matrices are pairs in one array after the other, a matrix by its rows. */
const KINDS = TYPES.weights.map((_, k) => k);
const flat = (pairs) => Float64Array.from(pairs.flat());
const MASSES = flat(TYPES.weights), SHARES = flat(TYPES.shares);
const pairsOf = (n) => new Float64Array(2 * n);
function keep(array, k, high) {
  array[2 * k] = high;
  array[2 * k + 1] = W[0];
}
/* The sum of products of n entries: of a from the i-th on, and of every step-th of b from the j-th on. */
function dot(a, i, b, j, n, step = 1) {
  let high = 0, low = 0;
  for (let k = 0; k < n; k++) {
    const x = 2 * (i + k), y = 2 * (j + k * step), p = mul(a[x], a[x + 1], b[y], b[y + 1]);
    high = add(high, low, p, W[0]);
    low = W[0];
  }
  W[0] = low;
  return high;
}
/* A pivot below this part of its column is zero, as far as pairs tell. */
const SINGULAR = 1e-24, SIZES = [];
/* Solves a linear system in pairs by elimination with pivots: n rows of a matrix, each followed by
   the entries of `count` columns, which are replaced by the solutions; false if it is singular. */
function solveSystem(a, n, count) {
  const wide = n + count;
  for (let k = 0; k < n; k++) {
    SIZES[k] = 0;
    for (let i = 0; i < n; i++) SIZES[k] = Math.max(SIZES[k], Math.abs(a[2 * (i * wide + k)]));
  }
  for (let k = 0; k < n; k++) {
    let top = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(a[2 * (i * wide + k)]) > Math.abs(a[2 * (top * wide + k)])) top = i;
    if (!(Math.abs(a[2 * (top * wide + k)]) > SINGULAR * SIZES[k])) return false;
    const row = 2 * k * wide, other = 2 * top * wide;
    for (let j = 0; other !== row && j < 2 * wide; j++) [a[row + j], a[other + j]] = [a[other + j], a[row + j]];
    const pivot = row + 2 * k;
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const from = 2 * i * wide, x = from + 2 * k;
      const factor = div(a[x], a[x + 1], a[pivot], a[pivot + 1]), rest = W[0];
      for (let j = 2 * k; j < 2 * wide; j += 2) {
        const p = mul(factor, rest, a[row + j], a[row + j + 1]);
        a[from + j] = sub(a[from + j], a[from + j + 1], p, W[0]);
        a[from + j + 1] = W[0];
      }
    }
  }
  for (let i = 0; i < n; i++) {
    const pivot = 2 * (i * wide + i);
    for (let c = n; c < wide; c++) {
      const x = 2 * (i * wide + c);
      keep(a, i * wide + c, div(a[x], a[x + 1], a[pivot], a[pivot + 1]));
    }
  }
  return true;
}
/* A player's share of a power in what its type adds to an average. */
function portion(k, power) {
  W[0] = 0;
  if (power === 1) return 1;
  if (power !== 2 && power !== 3) return NaN;
  const rest = portion(k, power - 1);
  return mul(rest, W[0], SHARES[2 * k], SHARES[2 * k + 1]);
}
/* What each type knows: pairs at the places of names. */
const KNOWN = KINDS.map(() => pairsOf(TYPES.names.length));
const placesOf = (names) => (names ?? []).map((name) => 2 * TYPES.names.indexOf(name));
const AT = Object.fromEntries(["inputs", "states", "own", "controls", "implied", "others", "averages"].map((part) => [part, placesOf(TYPES[part])]));
const COLUMNS_AT = placesOf(MODEL.columns);
/* Puts pairs, from the first-th on, where a type knows them. */
function put(known, places, pairs, first = 0) {
  for (let i = 0; i < places.length; i++) {
    const place = places[i];
    if (place < 0) continue;
    known[place] = pairs[2 * (first + i)];
    known[place + 1] = pairs[2 * (first + i) + 1];
  }
}
const equal = (a, b) => {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return a.length === b.length;
};
/* What a program gives of a type. The last answers are kept with their arguments: while one slider
   moves most of the arguments stay. The memory of an answer is used again: what is asked later of the
   same program may stand in it. */
const OFTEN = 2 + KINDS.length * (TYPES.own ?? []).length;
function keeping({ reads, size, run }) {
  const kept = KINDS.map(() => ({ next: 0, list: [] }));
  return (k) => {
    const known = KNOWN[k], { list, next } = kept[k];
    for (let n = 0; n < list.length; n++) {
      const { given, found } = list[n];
      let i = 0;
      while (i < reads.length && Object.is(given[2 * i], known[reads[i]]) && Object.is(given[2 * i + 1], known[reads[i] + 1])) i++;
      if (i === reads.length) return found;
    }
    const { given, found } = (list[next] ??= { given: pairsOf(reads.length), found: pairsOf(size) });
    for (let i = 0; i < reads.length; i++) {
      given[2 * i] = known[reads[i]];
      given[2 * i + 1] = known[reads[i] + 1];
    }
    run(known, found);
    kept[k].next = (next + 1) % OFTEN;
    return found;
  };
}
const OF = Object.fromEntries(Object.entries(CODE).map(([name, code]) => [name, keeping(code)]));

/* What a type adds to an average, of its number: its weight and its portion of the power. */
const PARTS = TYPES.powers.map((power) => {
  const found = pairsOf(KINDS.length);
  for (const k of KINDS) {
    const part = portion(k, power);
    keep(found, k, mul(MASSES[2 * k], MASSES[2 * k + 1], part, W[0]));
  }
  return found;
});
/* The sum over types of their number at a place, times their factors. */
function summed(factors, numbers, place) {
  let high = 0, low = 0;
  for (let k = 0; k < numbers.length; k++) {
    const own = numbers[k], p = mul(factors[2 * k], factors[2 * k + 1], own[2 * place], own[2 * place + 1]);
    high = add(high, low, p, W[0]);
    low = W[0];
  }
  W[0] = low;
  return high;
}

/* ---- averages that numbers give, where a type's feedback is explicit in them ---- */
function averagesOf() {
  const n = TYPES.coupled, step = 1 + n, found = pairsOf(AT.averages.length);
  const rows = KINDS.map(OF.system), system = pairsOf(n * step);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const part = summed(PARTS[i], rows, i * step + 1 + j);
      keep(system, i * step + j, sub(i === j ? 1 : 0, 0, part, W[0]));
    }
    keep(system, i * step + n, summed(PARTS[i], rows, i * step));
  }
  if (!solveSystem(system, n, 1)) return null;
  for (let i = 0; i < n; i++) {
    W[0] = system[2 * (i * step + n) + 1];
    keep(found, i, system[2 * (i * step + n)]);
  }
  const [coupled, others] = [AT.averages.slice(0, n), AT.averages.slice(n)];
  for (const known of KNOWN) put(known, coupled, found);
  const rest = KINDS.map(OF.rest);
  for (let i = 0; i < others.length; i++) keep(found, n + i, summed(PARTS[n + i], rest, i));
  for (const known of KNOWN) put(known, others, found, n);
  return found;
}

/* ---- responses to averages over the others ---- */
/* Numbers of a type's table: controls at zero averages, their slopes, what is averaged then, its slopes. */
const CONTROLS = (TYPES.controls ?? []).length, ENTERED = (TYPES.entered ?? []).length;
const slopesOf = () => pairsOf(CONTROLS * (TYPES.own ?? []).length);
const SLOPES = CONTROLS, BASE = SLOPES + CONTROLS * ENTERED, LOAD = BASE + ENTERED;
/* Memory of the functions below, which would else be made at every point. */
const AVERAGES = pairsOf(ENTERED), BY_AVERAGE = pairsOf(ENTERED), BY_CONTROL = pairsOf(CONTROLS), BY_TYPE = pairsOf(KINDS.length);
const TOGETHER = pairsOf(2 * ENTERED * ENTERED);
/* Controls of all: as they play, at zero states, and at one state of one type. */
const [PLAYED, AT_ZERO, AT_ONE] = [0, 1, 2].map(() => KINDS.map(() => pairsOf(CONTROLS)));
const IMPLIED = pairsOf(AT.implied.length), BEFORE = KNOWN.map((known) => known.slice());
const SLOPES_OF = KINDS.map((k) => ({ own: slopesOf(), averages: KINDS.map(slopesOf), constant: AT_ZERO[k] }));
/* Where a type stands: its controls at zero averages over all. */
function still(part, k, found) {
  const { inverse, first } = part, table = OF.table(k);
  for (let i = 0; i < CONTROLS; i++) {
    const sum = dot(part.table, SLOPES + i * ENTERED, table, BASE, ENTERED);
    const own = mul(SHARES[2 * k], SHARES[2 * k + 1], sum, W[0]);
    keep(BY_CONTROL, i, sub(table[2 * i], table[2 * i + 1], own, W[0]));
  }
  for (let i = 0; i < CONTROLS; i++) keep(found, i, dot(inverse, i * first + CONTROLS, BY_CONTROL, 0, CONTROLS));
  return found;
}
/* Of a type at any state: a row for each control, with the inverse of what the player's own share
   adds, and slopes in the averages over all; null if singular. */
const WIDTH = 2 * CONTROLS + ENTERED;
const REACTIONS = KINDS.map(() => ({ table: pairsOf(LOAD + ENTERED * CONTROLS), inverse: pairsOf(CONTROLS * WIDTH), first: WIDTH }));
function reaction(k) {
  const found = REACTIONS[k], { table, inverse, first } = found;
  if (CONTROLS) table.set(OF.table(k));
  inverse.fill(0);
  for (let i = 0; i < CONTROLS; i++) {
    for (let j = 0; j < CONTROLS; j++) {
      const sum = dot(table, SLOPES + i * ENTERED, table, LOAD + j, ENTERED, CONTROLS);
      const own = mul(SHARES[2 * k], SHARES[2 * k + 1], sum, W[0]);
      keep(inverse, i * first + j, add(i === j ? 1 : 0, 0, own, W[0]));
    }
    inverse[2 * (i * first + CONTROLS + i)] = 1;
    for (let j = 0; j < 2 * ENTERED; j++) inverse[2 * (i * first + 2 * CONTROLS) + j] = table[2 * (SLOPES + i * ENTERED) + j];
  }
  return solveSystem(inverse, CONTROLS, CONTROLS + ENTERED) ? found : null;
}
/* All types' reactions, and the inverse of what averages add to themselves; null if singular. */
function reactions() {
  const parts = KINDS.map(reaction), wide = 2 * ENTERED, inverse = TOGETHER.fill(0);
  if (parts.includes(null)) return null;
  for (let i = 0; i < ENTERED; i++) {
    for (let j = 0; j < ENTERED; j++) {
      for (const k of KINDS) {
        const { table, inverse: own, first } = parts[k];
        keep(BY_TYPE, k, dot(table, LOAD + i * CONTROLS, own, 2 * CONTROLS + j, CONTROLS, first));
      }
      const part = dot(MASSES, 0, BY_TYPE, 0, KINDS.length);
      keep(inverse, i * wide + j, sub(i === j ? 1 : 0, 0, part, W[0]));
    }
    inverse[2 * (i * wide + ENTERED + i)] = 1;
  }
  return solveSystem(inverse, ENTERED, ENTERED) && { parts, inverse };
}
/* Everybody's controls where each type stands. */
function everybody({ parts, inverse }, places) {
  for (const k of KINDS) still(parts[k], k, places[k]);
  for (let i = 0; i < ENTERED; i++) {
    for (const k of KINDS) {
      const table = OF.table(k), own = dot(parts[k].table, LOAD + i * CONTROLS, places[k], 0, CONTROLS);
      keep(BY_TYPE, k, add(table[2 * (BASE + i)], table[2 * (BASE + i) + 1], own, W[0]));
    }
    keep(BY_AVERAGE, i, dot(MASSES, 0, BY_TYPE, 0, KINDS.length));
  }
  for (let i = 0; i < ENTERED; i++) keep(AVERAGES, i, dot(inverse, i * 2 * ENTERED + ENTERED, BY_AVERAGE, 0, ENTERED));
  for (const k of KINDS) {
    const { inverse: own, first } = parts[k], found = places[k];
    for (let c = 0; c < CONTROLS; c++)
      for (let j = 0; j < ENTERED; j++) {
        const x = 2 * (c * first + 2 * CONTROLS + j);
        const p = mul(own[x], own[x + 1], AVERAGES[2 * j], AVERAGES[2 * j + 1]);
        keep(found, c, add(found[2 * c], found[2 * c + 1], p, W[0]));
      }
  }
  return places;
}
/* The laws that the states of all types imply. */
function standing() {
  if (!AT.implied.length) return;
  const laws = KINDS.map(OF.law);
  for (let i = 0; i < AT.implied.length; i++) keep(IMPLIED, i, summed(MASSES, laws, i));
  for (const known of KNOWN) put(known, AT.implied, IMPLIED);
}
/* Every type's controls as affine functions: of own states beside averages over each type, and 1. */
function feedbackOf(all) {
  const { parts } = all, states = TYPES.own.length;
  for (const k of KINDS) BEFORE[k].set(KNOWN[k]);
  for (const known of KNOWN) for (const place of AT.states) known[place] = known[place + 1] = 0;
  // 1 at a state of a type, while f is asked
  const stepped = (k, s, f) => {
    KNOWN[k][AT.own[s]] = 1;
    const found = f();
    KNOWN[k][AT.own[s]] = 0;
    return found;
  };
  for (const k of KINDS) {
    if (TYPES.counts[k] === 1) continue;
    const zero = still(parts[k], k, AT_ZERO[k]);
    for (let s = 0; s < states; s++) {
      const one = stepped(k, s, () => still(parts[k], k, AT_ONE[k]));
      for (let c = 0; c < CONTROLS; c++)
        keep(SLOPES_OF[k].own, c * states + s, sub(one[2 * c], one[2 * c + 1], zero[2 * c], zero[2 * c + 1]));
    }
  }
  standing();
  const rest = everybody(all, AT_ZERO);
  for (const j of KINDS)
    for (let s = 0; s < states; s++) {
      const one = stepped(j, s, () => {
        standing();
        return everybody(all, AT_ONE);
      });
      for (const k of KINDS) {
        const { own, averages } = SLOPES_OF[k];
        for (let c = 0; c < CONTROLS; c++) {
          const n = c * states + s, x = 2 * n;
          let slope = sub(one[k][2 * c], one[k][2 * c + 1], rest[k][2 * c], rest[k][2 * c + 1]);
          if (j === k) slope = sub(slope, W[0], own[x], own[x + 1]);
          keep(averages[j], n, slope);
        }
      }
    }
  for (const k of KINDS) KNOWN[k].set(BEFORE[k]);
  return SLOPES_OF;
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
/* Letters of the monomials of every polynomial, by their numbers; the constant is the last one. */
const LETTERS_OF = [...(TYPES.own ?? []), ...(TYPES.controls ?? []), ...(TYPES.implied ?? [])], ALWAYS = LETTERS_OF.length;
const numbered = (powers) => powers.flatMap((power, i) => Array(power).fill(LETTERS_OF.indexOf(TYPES.letters[i])));
const filled = (letters) => [...letters, ALWAYS, ALWAYS].slice(0, 2).map((n) => (n < 0 ? ALWAYS : n));
const lettersOf = (name) => (TYPES[name] ?? []).map((terms) => terms.map((powers) => filled(numbered(powers))));
const LETTERS = Object.fromEntries(["laws", "drifts", "loadings", "payoffs", "running"].map((name) => [name, lettersOf(name)]));
/* Where the numbers of each of them begin. */
const beginnings = (all) => all.map((_, n) => all.slice(0, n).reduce((sum, terms) => sum + terms.length, 0));
const BEGIN = Object.fromEntries(Object.entries(LETTERS).map(([name, all]) => [name, beginnings(all)]));
const form = () => new Float64Array(end + 1);
const WHOLE_FORM = form(), PART_FORM = form();
const FORMS = SEATS.map(() => Array.from({ length: ALWAYS + 1 }, form));
for (const row of FORMS) row[ALWAYS][end] = 1;
for (let i = 0; i < SEATS.length; i++) for (let s = 0; s < wide; s++) FORMS[i][s][i * wide + s] = 1;
/* Drifts of all states, and how noises load on them: a noise of one player has its seat in its name. */
const DRIFTS = Array.from({ length: end + 1 }, form), LOADS = DRIFTS.map(() => new Map());
SEATS.forEach(({ player }, i) =>
  (TYPES.moved ?? []).forEach(([state, noise], n) => {
    const common = TYPES.common.includes(noise);
    if (common || player) LOADS[i * wide + state].set(common ? noise : `${noise} ${i}`, { n, i, form: form() });
  }),
);
/* Pairs of loadings of one noise, by pairs of states. */
const JOINTLY = LOADS.map((one) => LOADS.map((two) => [...one].filter(([noise]) => two.has(noise)).map(([noise, { form }]) => [form, two.get(noise).form])));
const MATRIX = rows(count, count), PAID = LETTERS.payoffs.length + LETTERS.running.length, START = rows(count, PAID), SUM = new Float64Array(count);
const PATTERNS = KINDS.map(() => ({ something: [] }));
function into(form, part, x) {
  for (let i = 0; i <= end; i++) form[i] += x * part[i];
}
function affine(name, n, numbers, row, form) {
  form.fill(0);
  LETTERS[name][n].forEach((letters, j) => into(form, row[letters[0]], numbers[2 * (BEGIN[name][n] + j)]));
}
function product(f, g, x, sum) {
  for (let i = 0; i <= end; i++) for (let j = 0; f[i] && j <= end; j++) if (g[j]) sum[NUMBERS[i * (end + 1) + j]] += x * f[i] * g[j];
}
function growthOf(feedback) {
  SEATS.forEach(({ type }, i) => {
    const { own, constant, averages } = feedback[type];
    for (let c = 0; c < CONTROLS; c++) {
      const form = FORMS[i][wide + c].fill(0);
      form[end] = constant[2 * c];
      for (let s = 0; s < wide; s++) {
        const x = 2 * (c * wide + s);
        form[i * wide + s] += own[x];
        for (const k of KINDS) for (const a of AMONG[k]) form[a * wide + s] += averages[k][x] / AMONG[k].length;
      }
    }
  });
  const laws = KINDS.map(OF.laws), drifts = KINDS.map(OF.drifts), loadings = KINDS.map(OF.loadings);
  TYPES.implied.forEach((_, n) => {
    WHOLE_FORM.fill(0);
    for (const k of KINDS)
      for (const a of AMONG[k]) {
        affine("laws", n, laws[k], FORMS[a], PART_FORM);
        into(WHOLE_FORM, PART_FORM, MASSES[2 * k] / AMONG[k].length);
      }
    for (const row of FORMS) row[wide + CONTROLS + n].set(WHOLE_FORM);
  });
  for (let i = 0; i < end; i++) {
    const seat = Math.floor(i / wide);
    affine("drifts", i % wide, drifts[SEATS[seat].type], FORMS[seat], DRIFTS[i]);
    for (const { n, form } of LOADS[i].values()) affine("loadings", n, loadings[SEATS[seat].type], FORMS[seat], form);
  }
  const matrix = cleared(MATRIX);
  for (let i = 0; i <= end; i++)
    for (let j = i; j <= end; j++) {
      const row = matrix[NUMBERS[i * (end + 1) + j]];
      for (let m = 0; m <= end; m++) {
        row[NUMBERS[i * (end + 1) + m]] += DRIFTS[j][m];
        row[NUMBERS[j * (end + 1) + m]] += DRIFTS[i][m];
      }
      for (const [f, g] of JOINTLY[i][j]) product(f, g, 1, row);
    }
  // players whose payoffs reach the same monomials grow alike
  const grew = new Map();
  return KINDS.map((k) => {
    const row = FORMS[SEATS.findIndex((one) => one.type === k && one.player)];
    let place = 0;
    for (const name of ["payoffs", "running"]) {
      const numbers = OF[name](k);
      LETTERS[name].forEach((terms, n) => {
        SUM.fill(0);
        terms.forEach(([f, g], j) => product(row[f], row[g], numbers[2 * (BEGIN[name][n] + j)], SUM));
        for (let i = 0; i < count; i++) START[i][place] = SUM[i];
        place += 1;
      });
    }
    const pattern = patternOf(matrix, START, PATTERNS[k]), { key } = pattern;
    if (!grew.has(key)) grew.set(key, largestOf(matrix, pattern));
    const grown = grew.get(key), rate = OF.rate(k)[0];
    if (!(Math.abs(grown - rate) > EDGE * (Math.abs(grown) + Math.abs(rate)))) return UNRESOLVED;
    return grown < rate ? OK : INFINITE_VARIANCE;
  });
}

/* ---- one answer for all ---- */
/* Where a column of the page stands, by its name. */
const COLUMN = Object.fromEntries(TYPES.columns.map(([name], i) => [name, i]));
const WHOSE = TYPES.columns.map(([, k]) => k), OWN_AT = TYPES.columns.map(([, , i]) => i);
const columnOf = (name) => COLUMN[name] ?? -1;
const TOLD = KINDS.map((k) => {
  const each = (f) => (TYPES.controls ?? []).map((control) => f(`${control}_${k + 1}`));
  const states = (f) => TYPES.own.map(f);
  return {
    played: each(columnOf),
    constant: each((name) => columnOf(`${name}_1`)),
    own: each((name) => states((state) => columnOf(`${name}_${state}`))).flat(),
    averages: KINDS.map((j) => each((name) => states((state) => columnOf(`${name}_${state}_${j + 1}`))).flat()),
    value: columnOf(`${TYPES.value}_${k + 1}`),
  };
});
const WHOLE = (TYPES.totals ?? TYPES.averages).map(columnOf);
/* What a type decides alone: the last answer at every place of a curve stays while what it knows does. */
const width = TYPES.inputs.length;
const ALONE = KINDS.map((k) => ({
  row: pairsOf(width),
  given: TYPES.states.map(() => false),
  kept: [],
  fixed: TYPES.places[k].map((place, i) => (place < 0 ? (TYPES.fixed[k][TYPES.inputs[i]] ?? [0, 0]) : null)),
}));
function aloneOf(k, given, at) {
  const own = ALONE[k], places = TYPES.places[k];
  TYPES.states.forEach((_, s) => {
    const place = places[width - TYPES.states.length + s];
    own.given[s] = place < 0 ? given.every(Boolean) : given[place - TYPES.first];
  });
  const last = (own.kept[at] ??= { row: pairsOf(width), given: [], answer: null });
  if (last.answer && equal(own.given, last.given) && equal(own.row, last.row)) return last.answer;
  last.row.set(own.row);
  last.given = own.given.slice();
  return (last.answer = decideAlone(own.row, own.given, at && at * KINDS.length + k));
}
/* The numbers at every place of a curve. */
const OUT = [];
function decide(point, given, at = 0) {
  KNOWN.forEach((known, k) => {
    const places = TYPES.places[k], { fixed } = ALONE[k];
    for (let i = 0; i < width; i++) {
      const place = places[i], to = AT.inputs[i];
      known[to] = place < 0 ? fixed[i][0] : point[2 * place];
      known[to + 1] = place < 0 ? fixed[i][1] : point[2 * place + 1];
    }
  });
  const averages = TYPES.responds ? pairsOf(0) : averagesOf();
  if (TYPES.responds) standing();
  const each = KNOWN.map((known, k) => {
    for (let i = 0; i < width; i++) {
      ALONE[k].row[2 * i] = known[AT.inputs[i]];
      ALONE[k].row[2 * i + 1] = known[AT.inputs[i] + 1];
    }
    return aloneOf(k, given, at);
  });
  const answer = (status, sentence, selected = null) => ({
    status,
    sentence,
    selected,
    // a curve does not ask for these
    get found() {
      return each.flatMap((one, k) => one.found.map((root) => ({ ...root, player: k + 1, chosen: root === one.selected })));
    },
  });
  const refused = (k, status, told) => answer(status, PLAYER.replace("{number}", k + 1) + told);
  // a player outside of its domain before averages that are none
  const worst = [each.findIndex((one) => one.status === INVALID_INPUT), each.findIndex((one) => one.status !== OK)];
  const failed = worst.find((k) => k >= 0) ?? -1;
  if (failed >= 0) return refused(failed, each[failed].status, each[failed].sentence);
  const doubtful = answer(UNRESOLVED, NOT_DETERMINED);
  if (!averages) return doubtful;
  const out = at ? (OUT[at] ??= new Float64Array(TYPES.columns.length)) : new Float64Array(TYPES.columns.length);
  for (let n = 0; n < out.length; n++) out[n] = OWN_AT[n] < 0 ? NaN : each[WHOSE[n] - 1].selected.out[OWN_AT[n]];
  if (TYPES.responds) {
    each.forEach(({ selected }, k) =>
      COLUMNS_AT.forEach((place, i) => {
        if (place < 0) return;
        KNOWN[k][place] = selected.out[i];
        KNOWN[k][place + 1] = 0;
      }),
    );
    const all = reactions(), played = all && everybody(all, PLAYED);
    if (!all) return doubtful;
    const feedback = feedbackOf(all);
    const statuses = growthOf(feedback), bad = statuses.findIndex((status) => status !== OK);
    if (bad >= 0) return refused(bad, statuses[bad], statuses[bad] === UNRESOLVED ? UNDECIDED : GROWS);
    tell(out, feedback, played);
  } else WHOLE.forEach((column, i) => say(out, column, averages[2 * i]));
  return answer(OK, each[0].sentence, { out, admissible: true });
}
function say(out, column, value) {
  if (column >= 0) out[column] = value;
}
/* Controls, their slopes and averages over all in their columns. */
function tell(out, feedback, played) {
  for (const k of KINDS) {
    const to = TOLD[k], { own, constant, averages } = feedback[k];
    to.played.forEach((column, c) => say(out, column, played[k][2 * c]));
    to.constant.forEach((column, c) => say(out, column, constant[2 * c]));
    to.own.forEach((column, n) => say(out, column, own[2 * n]));
    for (const j of KINDS) to.averages[j].forEach((column, n) => say(out, column, averages[j][2 * n]));
    put(KNOWN[k], AT.controls, played[k]);
  }
  const terms = KINDS.map(OF.terms), others = pairsOf(1);
  WHOLE.forEach((column, i) => {
    const whole = summed(PARTS[i], terms, i), low = W[0];
    say(out, column, whole);
    // without the player itself
    for (const k of KINDS) {
      const part = portion(k, TYPES.powers[i] + 1);
      const own = mul(part, W[0], terms[k][2 * i], terms[k][2 * i + 1]);
      keep(others, 0, sub(whole, low, own, W[0]));
      put(KNOWN[k], [AT.others[i]], others);
    }
  });
  for (const k of KINDS) say(out, TOLD[k].value, OF.value(k)[0]);
}
