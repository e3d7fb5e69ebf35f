/* The decision among the candidates of a point, as eqsolve.solve.decide makes it. */
const OK = 0, NONE = 1, INFINITE = 2, NEAR_FOLD = 4, NO_SOLUTION = 5, INVALID = 6, UNSTABLE = 7;
const FOLD = 1e-8;

/* One candidate: the numbers of its roots, or -1 for the limit of finite horizons. */
function judge(point, given, pick) {
  const out = new Float64Array(MODEL.columns.length).fill(NaN);
  let status = candidate(point, given, pick, out);
  const own = status === OK || status === INFINITE;
  if (status === UNSTABLE && MODEL.several) status = INFINITE;
  const reason = status === OK ? "" : MODEL.reasons[failed];
  // infinite variance when all play the strategy is no reason against the root
  return { pick: [...pick], status, admissible: own, reason, out, roots: [...rooted], size: measured[0] };
}
function candidates(point, given) {
  const total = MODEL.choices.reduce((n, k) => n * k, 1), found = [];
  const pick = MODEL.choices.map(() => 0);
  for (let number = 0; number < total; number++) {
    let rest = number;
    MODEL.choices.forEach((count, i) => {
      pick[i] = rest % count;
      rest = Math.floor(rest / count);
    });
    const one = judge(point, given, pick);
    if (one.status !== NO_ROOT) found.push(one);
    if (one.status === INVALID) break;
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
  return distance(best) <= 1e-6 ? best : null;
}
function decide(point, given) {
  const found = candidates(point, given);
  const answer = (status, sentence, selected = null) => ({ status, sentence, selected, found });
  if (found.length && found[0].status === INVALID) return answer(INVALID, found[0].reason);
  if (!MODEL.choices.length) {
    const only = found[0];
    if (only.status !== OK) return answer(only.status, only.reason);
    return answer(OK, MODEL.followed ? "The solution that finite horizons reach is taken; others are not looked for." : "The closed form has no choice to make.", only);
  }
  const doubtful = found.filter((one) => one.status === UNRESOLVED || one.status === NO_SOLUTION);
  const admissible = found.filter((one) => one.admissible);
  const several = admissible.length > 1;
  let chosen, sentence;
  if (doubtful.length) {
    // a root that cannot be told from another one, or that a formula divides by zero at
    const limit = judge(point, given, MODEL.choices.map(() => -1));
    if (!limit.admissible) return answer(limit.status, limit.reason);
    [chosen, sentence] = [limit, "The solution that finite horizons reach is taken, followed in time."];
  } else if (!found.length) return answer(NONE, "The coefficient equations have no real solution.");
  else if (!admissible.length) {
    const kinds = new Set(found.map((one) => one.status));
    const reasons = [...new Set(found.map((one) => one.reason))].join(" ");
    const status = kinds.has(INFINITE) ? INFINITE : kinds.size === 1 ? found[0].status : NONE;
    return answer(status, `No solution is an equilibrium. ${reasons}`);
  } else if (!several) [chosen, sentence] = [admissible[0], "The only admissible solution is selected."];
  else if (MODEL.limit) {
    chosen = admissible.reduce((a, b) => (b.size > a.size ? b : a));
    sentence = `Of ${admissible.length} admissible solutions the one with the largest ${MODEL.limit}, the limit of finite horizons, is selected.`;
  } else {
    const limit = judge(point, given, MODEL.choices.map(() => -1));
    chosen = limit.admissible ? nearest(limit, admissible) : null;
    sentence = "Of several admissible solutions, the limit of finite horizons is selected.";
    if (!chosen) return answer(UNRESOLVED, "Several solutions are admissible, and finite horizons reach none of them.");
  }
  if (found.some((one) => one !== chosen && chosen.pick[0] >= 0 && gap(one, chosen) <= FOLD))
    return answer(NEAR_FOLD, "The selected root nearly coincides with another one: it is not determined by parameters of double precision.", chosen);
  if (chosen.status !== OK) return answer(chosen.status, chosen.reason, chosen);
  return answer(OK, sentence, chosen);
}
