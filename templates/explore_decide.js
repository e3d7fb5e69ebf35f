/* The decision among the candidates of a point, as eqsolve.solve.decide makes it. */
const sentence = (part) => `${part[0].toUpperCase()}${part.slice(1)}.`;

/* Memory of the numbers of a place's n-th candidate; at a place of a curve it is used again. */
const PLACES = [];
function memory(at, n) {
  if (!at) return new Float64Array(MODEL.columns.length);
  const own = (PLACES[at] ??= []);
  return (own[n] ??= new Float64Array(MODEL.columns.length));
}
/* One candidate: the numbers of its roots, or -1 for the limit of finite horizons. */
function judge(point, given, pick, out) {
  out.fill(NaN);
  beyond = false;
  let status = candidate(point, given, pick, out);
  if (beyond && (status === NO_SOLUTION || status === NOT_A_MAXIMUM)) {
    return { pick: pick.slice(), status: UNRESOLVED, admissible: false, reason: BEYOND, out, roots: Array.from(rooted), size: NaN };
  }
  const own = status === OK || status === INFINITE_VARIANCE;
  if (status === UNSTABLE && MODEL.several) status = INFINITE_VARIANCE;
  const reason = status === OK ? "" : MODEL.reasons[failed];
  // infinite variance when all play the strategy is no reason against the root
  const roots = [];
  for (let k = 0; k < rooted.length; k++) roots.push(rooted[k]);
  return { pick: pick.slice(), status, admissible: own, reason, out, roots, size: measured[0] };
}
/* All candidates in the order of their roots: later polynomials depend on roots of earlier ones. */
function candidates(point, given, at) {
  const found = [], pick = MODEL.choices.map(() => 0);
  prepare(point);
  for (let place = 0; place >= 0; ) {
    const one = judge(point, given, pick, memory(at, found.length));
    if (one.status === INVALID_INPUT) return [one];
    place = pick.length - 1;
    // a polynomial without this root has no later one
    if (one.status === NO_ROOT) place = rooted.findIndex((x) => !Number.isFinite(x)) - 1;
    else found.push(one);
    while (place >= 0 && pick[place] + 1 >= MODEL.choices[place]) place--;
    if (place >= 0) pick[place] += 1;
    pick.fill(0, place + 1);
  }
  return found;
}
const gap = (a, b) =>
  Math.max(
    0,
    ...a.roots.map((x, k) => {
      const size = Math.max(Math.abs(x), Math.abs(b.roots[k]));
      return size ? Math.abs(x - b.roots[k]) / size : 0;
    }),
  );
function nearest(limit, found) {
  const distance = (one) =>
    Math.max(...one.out.map((x, k) => (MODEL.letters[k] ? Math.abs(x - limit.out[k]) / (1 + Math.abs(x)) : 0)));
  const best = found.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  return distance(best) <= REACHED ? best : null;
}
/* The answer at a point, or at a place of a curve, from 1 on: that is the last one there. */
function decideAlone(point, given, at = 0) {
  const found = candidates(point, given, at);
  const limiting = () => judge(point, given, MODEL.choices.map(() => -1), memory(at, found.length));
  const answer = (status, sentence, selected = null) => ({ status, sentence, selected, found });
  const refused = (one, selected = null) => answer(one.status, sentence(one.reason), selected);
  if (found.length && found[0].status === INVALID_INPUT) return refused(found[0]);
  if (!MODEL.choices.length) {
    const only = found[0];
    if (only.status !== OK) return refused(only);
    return answer(OK, MODEL.followed ? OTHERS_OPEN : NO_CHOICE, only);
  }
  const doubtful = found.filter((one) => one.status === UNRESOLVED || one.status === NO_SOLUTION);
  const admissible = found.filter((one) => one.admissible);
  let chosen, words;
  if (doubtful.length) {
    // a root that cannot be told from another one, or that a formula divides by zero at
    const limit = limiting();
    if (limit.status === NO_ROOT) return answer(UNRESOLVED, UNDECIDED);
    if (!limit.admissible) return refused(limit);
    [chosen, words] = [limit, FOLLOWED];
  } else if (!found.length) return answer(NO_ADMISSIBLE_ROOT, NONE_REAL);
  else if (!admissible.length) {
    const kinds = new Set(found.map((one) => one.status));
    const reasons = [...new Set(found.map((one) => one.reason))].join("; ");
    let status = kinds.size === 1 ? found[0].status : NO_ADMISSIBLE_ROOT;
    if (kinds.has(INFINITE_VARIANCE)) status = INFINITE_VARIANCE;
    return answer(status, NONE_ADMISSIBLE.replace("{reasons}", () => reasons));
  } else if (admissible.length === 1) [chosen, words] = [admissible[0], ONLY];
  else if (MODEL.limit) {
    const quantity = () => MODEL.limit;
    const sizes = admissible.map((one) => one.size), most = Math.max(...sizes);
    if (sizes.filter((size) => size === most).length !== 1)
      return answer(UNRESOLVED, NOT_UNIQUE.replace("{quantity}", quantity));
    chosen = admissible[sizes.indexOf(most)];
    words = LARGEST.replace("{count}", admissible.length).replace("{quantity}", quantity);
  } else {
    const limit = limiting();
    chosen = limit.admissible ? nearest(limit, admissible) : null;
    words = REACHES;
    if (!chosen) return answer(UNRESOLVED, NONE_REACHED);
  }
  if (found.some((one) => one !== chosen && chosen.pick[0] >= 0 && gap(one, chosen) <= FOLD))
    return answer(NEAR_FOLD, FOLDED, chosen);
  if (chosen.status !== OK) return refused(chosen, chosen);
  return answer(OK, words, chosen);
}
