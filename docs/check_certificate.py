"""Check a certificate of ``eqsolve solve --certificate FILE``: python check_certificate.py FILE

Needs python-flint (balls, exact numbers) and count_solutions.py beside it, not eqsolve. Prints what
is proved, and what is not; ends with 1 if something is not so. certificates.md explains the file.
"""

import json
import sys
from pathlib import Path

from count_solutions import bound, number, polynomials, ratio, run
from flint import arb, arb_mat, arb_series, ctx, fmpq


def need(holds, sentence):
    if not holds:
        raise SystemExit(f"not so: {sentence}")


def series(text):
    return arb_series([number(text)])


def box(entry):  # [m, e, r] is m 2^e, give or take r
    return arb(entry[0]) * arb(2) ** entry[1] + arb(0, 1) * arb(entry[2])


def jacobian(code, values, names):
    ctx.cap = 2
    ways = [{k: arb_series([v, int(k == n)]) for k, v in values.items()} for n in names]
    return arb_mat([[f[1] for f in run(code, way, series)] for way in ways]).transpose()


def unique(code, values, boxes):
    """Whether the boxes hold exactly one solution, by Krawczyk's operator."""
    middle = {k: v.mid() for k, v in boxes.items()}
    inverse = jacobian(code, values | middle, boxes).mid().inv().mid()
    one = arb_mat([[int(i == j) for j in boxes] for i in boxes])
    spread = arb_mat([[boxes[n] - middle[n]] for n in boxes])
    step = (one - inverse * jacobian(code, values | boxes, boxes)) * spread
    step -= inverse * arb_mat([[v] for v in run(code, values | middle)])
    return all(boxes[n].contains_interior(middle[n] + step[k, 0]) for k, n in enumerate(boxes))


def placed(names, order):
    return order[names] if isinstance(names, str) else [placed(name, order) for name in names]


def positive_definite(matrix):
    rows = matrix.tolist()
    while rows and rows[0][0] > 0:
        (pivot, *first), *rest = rows
        rows = [[v - row[0] * f / pivot for v, f in zip(row[1:], first)] for row in rest]
    return not rows


def growth(system, values, proof):
    """Lyapunov: A'P + PA < 0, and P > 0, or, where expectations grow, v'Pv < 0 for some v."""
    entries, size, reached = run(system["matrix"], values), len(system["functions"]), set()
    # what is not exactly zero may lead on; to show growth, only what is surely not zero does
    edge = (lambda v: not v == 0) if proof["finite"] else (lambda v: not v.contains(0))
    pending = [k for k, code in enumerate(system["start"]) if any(map(edge, run(code, values)))]
    while pending:
        if (k := pending.pop()) not in reached:
            reached.add(k)
            pending += [j for j in range(size) if edge(entries[k * size + j])]
    shift, names = arb(0 if proof["finite"] else abs(proof["shift"])), proof["functions"]
    rate = run(system["rate"], values)[0] + shift
    need(reached == {*names}, "these are the functions that matter")
    a = arb_mat([[entries[i * size + j] - (i == j) * rate for j in names] for i in names])
    p, v = arb_mat(proof["P"]), arb_mat([[x] for x in proof["v"]])
    need(positive_definite(-(a.transpose() * p + p * a)), "A'P + PA is negative definite")
    return positive_definite(p) if proof["finite"] else (v.transpose() * p * v)[0, 0] < 0


def taylor(moving, base, start, begin):
    """Taylor coefficients, in the time to go, of the solutions through points."""
    rows, end = [[v] for v in start], number(moving["end"])
    for k in range(moving["order"]):
        ctx.cap = k + 1
        point = {name: arb_series([v]) for name, v in base.items()}
        point |= {"t": arb_series([end - begin, -1])} | dict(
            zip(moving["names"], map(arb_series, rows))
        )
        found = run(moving["rates"], point, series)
        found += [series("0")] * (len(rows) - len(found))
        rows = [[*row, arb(rate[k]) / (k + 1)] for row, rate in zip(rows, found)]
    return rows


def steps(moving, base, now):
    """Boxes over and after each step, by Picard's inclusion and Taylor's formula."""
    time, order, last = fmpq(0), moving["order"], number(moving["end"])
    yield arb(0), now, time, now
    for step in moving["steps"]:
        end = ratio(step["end"])
        length, whole = arb(end - time), arb(time).union(arb(end))
        over, after = ([box(entry) for entry in step[part]] for part in ("over", "at"))
        rates = run(moving["rates"], base | dict(zip(moving["names"], over)) | {"t": last - whole})
        rates += [arb(0)] * (len(over) - len(rates))
        moved = (v + arb(0).union(length) * f for v, f in zip(now, rates))
        need(end > time and all(map(arb.contains_interior, over, moved)), f"its box until {end}")
        near, far = taylor(moving, base, now, arb(time)), taylor(moving, base, over, whole)
        for row, rest, b in zip(near, far, after):
            terms = (c * length**k for k, c in enumerate([*row[:order], rest[order]]))
            need(b.contains(sum(terms)), f"the solution at {end}")
        time, now = end, after
        yield whole, over, time, now


def environment(told, values):
    """What follows from coefficients, also by linear systems; and the claims that are not shown."""
    for name, code in told["explicit"]:
        (values[name],) = run(code, values)
    for letters, code in told["fixed"]:
        found, size = run(code, values), len(letters)
        fixed = arb_mat(size, size, found[: size**2]).solve(arb_mat(size, 1, found[size**2 :]))
        values |= {name: fixed[k, 0] for k, name in enumerate(letters)}
    return values, {text for text, code in told["claims"] if not run(code, values)[0] > 0}


def algebraic(told, base, exact):
    """Boxes of the solutions of the algebraic equations."""
    boxes, most, done, equations = [], 1, [], told["equations"]
    places = dict(zip(told["names"], equations["outputs"], strict=True))
    for solution in told["solutions"]:
        one = {name: box(solution["boxes"][name]) for name in told["names"]}
        need(unique(equations, base, one), "a box holds exactly one solution")
        need(all(any(not one[n].overlaps(b[n]) for n in one) for b in boxes), "solutions differ")
        boxes.append(one)
    for core, stages, apart in told["groups"]:
        own = [*core, *(name for stage in stages for name in stage)]
        later = [name for name in told["names"] if name not in (*own, *done)]
        order = {name: k for k, name in enumerate([*own, *later, *done])}
        polys = polynomials(equations | {"outputs": [places[n] for n in own]}, [*order], exact)
        used = {n for p in polys or () for n, d in zip(order, p.degrees()) if d > 0}
        need(not used & {*later}, "a group needs no later one")
        known = None
        if polys and not (core and used & {*done}):
            known = bound(dict(enumerate(polys)), *placed([core, stages, apart], order))
        most, done = None if None in (most, known) else most * known, [*done, *own]
    need(sorted(done) == sorted(told["names"]), "groups have all unknowns, once")
    if told["number"] is not None:
        need(told["number"] == len(boxes) == most, f"there are {told['number']} solutions: {most}")
    if boxes:
        others = "there are no others" if most == len(boxes) else "others are not excluded here"
        print(f"algebraic equations: each of {len(boxes)} boxes has one solution; {others}")
    return boxes


def equilibrium(told):
    """What is played, with everything that the file says of it."""
    exact = {k: ratio(v) for k, v in told["parameters"].items()}
    base = {k: number(v) for k, v in (told["parameters"] | told["at"]).items()}
    for k, one in enumerate(told["types"], 1):
        base |= {f"{n}_{k}": v for n, v in equilibrium(one).items()}
        exact |= {f"{n}_{k}": ratio(v) for n, v in one["parameters"].items()}
    need(not any(run(code, exact, ratio)[0] for _, code in told["averages"]), "the averages")
    boxes, moving, chosen, admissible = algebraic(told, base, exact), told["moving"], None, 0
    if moving:
        constants, unproved = boxes[0] if boxes else {}, set()
        begun = equilibrium(moving["after"]) if moving["after"] else base | constants
        now = run(moving["start"], begun) + [*constants.values()]
        for whole, over, time, now in steps(moving, base, now):
            there = dict(zip(moving["names"], over)) | {"t": number(moving["end"]) - whole}
            unproved |= environment(told, base | there)[1]
            if time == ratio(moving["end"]) - ratio(told["at"]["t"]):
                chosen = environment(told, base | dict(zip(moving["names"], now)))
        print(f"solved to time to go {time}; not shown on the way:", *unproved or ["none"])
    for solution, one in zip(told["solutions"], boxes) if not moving else ():
        (values, open_claims), proofs = environment(told, base | one), solution["growth"]
        need(all(map(growth, told["growth"], [values] * len(proofs), proofs)), "the growth")
        fails = not all(proof["finite"] for proof in proofs)
        fails |= any(run(code, values)[0] < 0 for _, code in told["claims"])
        need(fails or len(proofs) == len(told["growth"]) and not open_claims, "its verdict")
        admissible += not fails
        chosen = (values, open_claims) if one is boxes[told["selected"]] and not fails else chosen
    if boxes and not moving:
        print(f"admissible solutions: {admissible}; a rule that selects one is not checked")
    chosen, open_claims = environment(told, base) if told["types"] else chosen or (None, {""})
    need(not open_claims, "the conditions hold at the solution that is told")
    need(all(p["finite"] and growth(g, chosen, p) for g, p in told["play"]), "finite in play")
    for name, code, value in told["results"]:
        (found,) = run(code, chosen)
        near = found.contains(0) if value == 0 else abs(found - value) <= abs(found) * arb(2) ** -52
        need(near, f"{name} is {value!r}")
    print(f"results that are right to double precision: {len(told['results'])}", *told["open"])
    return chosen


def main(path):
    told = json.loads(Path(path).read_text())
    need(told.get("format") == "eqsolve certificate 3", "the file is a certificate of this format")
    ctx.prec = told["bits"] + 64
    equilibrium(told)


if __name__ == "__main__":
    main(*sys.argv[1:])
