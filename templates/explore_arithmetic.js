"use strict";
/* Arithmetic in pairs of doubles, and what generated code calls. There is no fused operation in
   JavaScript: products are split as Dekker does. A function returns the high part of a result and
   leaves the low part in W[0]. */
const W = new Float64Array(1);
const SPLIT = 134217729;

function add(a, al, b, bl) {
  const s = a + b, v = s - a;
  const t = al + bl, w = t - al;
  let e = a - (s - v) + (b - v) + t;
  const f = al - (t - w) + (bl - w);
  const u = s + e;
  e = e - (u - s) + f;
  const r = u + e;
  W[0] = e - (r - u);
  return r;
}
function sub(a, al, b, bl) {
  return add(a, al, -b, -bl);
}
function mul(a, al, b, bl) {
  const p = a * b;
  const x = SPLIT * a, ah = x - (x - a), at = a - ah;
  const y = SPLIT * b, bh = y - (y - b), bt = b - bh;
  const e = ah * bh - p + ah * bt + at * bh + at * bt + (a * bl + al * b);
  const r = p + e;
  W[0] = e - (r - p);
  return r;
}
function div(a, al, b, bl) {
  const first = a / b;
  let h = mul(b, bl, first, 0);
  h = add(a, al, -h, -W[0]);
  let l = W[0];
  const second = h / b;
  const k = mul(b, bl, second, 0);
  h = add(h, l, -k, -W[0]);
  l = W[0];
  const s = first + second;
  return add(s, second - (s - first), h / b, 0);
}
function sqrt(a, al) {
  if (!(a > 0)) {
    W[0] = 0;
    return a === 0 ? 0 : NaN;
  }
  const x = Math.sqrt(a);
  const square = mul(x, 0, x, 0);
  const rest = add(a, al, -square, -W[0]);
  return add(x, 0, rest / (2 * x), 0);
}
function power(a, al, n) {
  let h = 1, l = 0;
  for (let k = Math.abs(n); k > 0; k--) {
    h = mul(h, l, a, al);
    l = W[0];
  }
  if (n < 0) return div(1, 0, h, l);
  W[0] = l;
  return h;
}
const LN2 = [0.6931471805599453, 2.3190468138462996e-17];
const HALF_PI = [1.5707963267948966, 6.123233995736766e-17];

/* The terms x^k / k! with k = from, from + step, ..., times the signs of alternating series. */
function series(x, xl, from, step, sign) {
  let h = 0, l = 0, th = 1, tl = 0;
  for (let k = 1; k < 60; k++) {
    th = mul(th, tl, x, xl);
    tl = W[0];
    th = div(th, tl, k, 0);
    tl = W[0];
    if (k < from || (k - from) % step) continue;
    const minus = sign < 0 && ((k - from) / step) % 2;
    h = minus ? sub(h, l, th, tl) : add(h, l, th, tl);
    l = W[0];
    if (Math.abs(th) < 1e-34 * Math.abs(h)) break;
  }
  W[0] = l;
  return h;
}
/* Whether an exponential was beyond the range of doubles: what it is put into may have lost its sign. */
let beyond = false;
/* 1/13!, 1/12!, ..., 1/1! as pairs. */
const INVERSE = new Float64Array(26);
INVERSE[24] = 1;
for (let n = 2; n <= 13; n++) {
  INVERSE[26 - 2 * n] = div(INVERSE[28 - 2 * n], INVERSE[29 - 2 * n], n, 0);
  INVERSE[27 - 2 * n] = W[0];
}
function exp(a, al) {
  if (!(a < 709.7)) {
    beyond = true;
    W[0] = 0;
    return Math.exp(a);
  }
  if (a < -745) {
    beyond = true;
    W[0] = 0;
    return 0;
  }
  const k = Math.round(a / LN2[0]);
  const m = mul(LN2[0], LN2[1], k, 0);
  const r = sub(a, al, m, W[0]), rl = W[0];
  const x = r / 64, xl = rl / 64;
  // (exp(x) - 1) / x for |x| < 0.0055 by Horner's rule: the next term is below 1e-34
  let h = INVERSE[0], l = INVERSE[1];
  for (let n = 2; n < INVERSE.length; n += 2) {
    h = mul(h, l, x, xl);
    h = add(h, W[0], INVERSE[n], INVERSE[n + 1]);
    l = W[0];
  }
  h = mul(h, l, x, xl);
  l = W[0];
  for (let i = 0; i < 6; i++) {
    const q = mul(h, l, h, l);
    h = add(q, W[0], 2 * h, 2 * l);
    l = W[0];
  }
  h = add(h, l, 1, 0);
  const scale = 2 ** Math.min(k, 1000), more = 2 ** (k - Math.min(k, 1000));
  W[0] = W[0] * scale * more;
  return h * scale * more;
}
function log(a, al) {
  if (!(a > 0) || a === Infinity) {
    W[0] = 0;
    return Math.log(a);
  }
  const y = Math.log(a);
  const e = exp(-y, 0);
  const p = mul(a, al, e, W[0]);
  const d = sub(p, W[0], 1, 0), dl = W[0];
  // log(1 + d) with |d| < 1e-15
  const q = add(d, dl, (-d * d) / 2, 0);
  return add(y, 0, q, W[0]);
}
function turned(a, al, quarter) {
  const k = Math.round(a / HALF_PI[0]);
  const m = mul(HALF_PI[0], HALF_PI[1], k, 0);
  const r = sub(a, al, m, W[0]), rl = W[0];
  const q = (((k + quarter) % 4) + 4) % 4;
  let h, l;
  if (q % 2) {
    h = series(r, rl, 2, 2, -1);
    h = sub(1, 0, h, W[0]);
  } else h = series(r, rl, 1, 2, -1);
  l = W[0];
  W[0] = q > 1 ? -l : l;
  return q > 1 ? -h : h;
}
const sin = (a, al) => turned(a, al, 0);
const cos = (a, al) => turned(a, al, 1);
function tan(a, al) {
  const s = sin(a, al), sl = W[0];
  const c = cos(a, al);
  return div(s, sl, c, W[0]);
}
function cosh(a, al) {
  const e = exp(Math.abs(a), a < 0 ? -al : al), el = W[0];
  const i = div(1, 0, e, el);
  return add(e / 2, el / 2, i / 2, W[0] / 2);
}
function sinh(a, al) {
  if (Math.abs(a) < 0.5) return series(a, al, 1, 2, 1);
  const e = exp(a, al), el = W[0];
  const i = div(1, 0, e, el);
  return sub(e / 2, el / 2, i / 2, W[0] / 2);
}
function tanh(a, al) {
  if (Math.abs(a) > 50) {
    W[0] = 0;
    return Math.sign(a);
  }
  const s = sinh(a, al), sl = W[0];
  const c = cosh(a, al);
  return div(s, sl, c, W[0]);
}
function raised(a, al, b, bl) {
  const y = log(a, al);
  const p = mul(y, W[0], b, bl);
  return exp(p, W[0]);
}
/* cosh(sqrt(square) s), and sinh(sqrt(square) s) / sqrt(square), for squares of either sign. */
function root_cosh(a, al, s, sl) {
  const minus = a < 0;
  const r = sqrt(Math.abs(a), minus ? -al : al);
  const p = mul(r, W[0], s, sl);
  return minus ? cos(p, W[0]) : cosh(p, W[0]);
}
function root_sinh(a, al, s, sl) {
  if (Math.abs(a * s * s) < 1e-3) {
    let z = mul(s, sl, s, sl);
    z = mul(a, al, z, W[0]);
    const zl = W[0];
    let h = 1, l = 0;
    for (const c of [272, 210, 156, 110, 72, 42, 20, 6]) {
      h = mul(h, l, z, zl);
      h = div(h, W[0], c, 0);
      h = add(h, W[0], 1, 0);
      l = W[0];
    }
    return mul(h, l, s, sl);
  }
  const minus = a < 0;
  const r = sqrt(Math.abs(a), minus ? -al : al), rl = W[0];
  const p = mul(r, rl, s, sl);
  const q = minus ? sin(p, W[0]) : sinh(p, W[0]);
  return div(q, W[0], r, rl);
}
/* The same on pairs that stand in v, from the places of operands to that of the result: numbers on
   their way from one function to another would need memory. */
function Add(k, i, j) {
  const a = v[i], b = v[j], al = v[i + 1], bl = v[j + 1];
  const s = a + b, x = s - a, t = al + bl, w = t - al;
  let e = a - (s - x) + (b - x) + t;
  const u = s + e;
  e = e - (u - s) + (al - (t - w) + (bl - w));
  const r = u + e;
  v[k] = r;
  v[k + 1] = e - (r - u);
}
function Sub(k, i, j) {
  const a = v[i], b = -v[j], al = v[i + 1], bl = -v[j + 1];
  const s = a + b, x = s - a, t = al + bl, w = t - al;
  let e = a - (s - x) + (b - x) + t;
  const u = s + e;
  e = e - (u - s) + (al - (t - w) + (bl - w));
  const r = u + e;
  v[k] = r;
  v[k + 1] = e - (r - u);
}
function Mul(k, i, j) {
  const a = v[i], b = v[j], p = a * b;
  const x = SPLIT * a, ah = x - (x - a), at = a - ah;
  const y = SPLIT * b, bh = y - (y - b), bt = b - bh;
  const e = ah * bh - p + ah * bt + at * bh + at * bt + (a * v[j + 1] + v[i + 1] * b);
  const r = p + e;
  v[k] = r;
  v[k + 1] = e - (r - p);
}
function Div(k, i, j) {
  const a = v[i], b = v[j], al = v[i + 1], bl = v[j + 1], q = a / b;
  const y = SPLIT * b, bh = y - (y - b), bt = b - bh;
  // a - q b, then what is left of that
  let x = SPLIT * q, h = x - (x - q), t = q - h, p = q * b;
  let e = h * bh - p + h * bt + t * bh + t * bt + q * bl;
  const d = a - p, z = d - a;
  e = a - (d - z) + (-p - z) + (al - e);
  const rest = d + e, restLow = e - (rest - d), q2 = rest / b;
  x = SPLIT * q2;
  h = x - (x - q2);
  t = q2 - h;
  p = q2 * b;
  e = h * bh - p + h * bt + t * bh + t * bt + q2 * bl;
  const q3 = (rest - p + (restLow - e)) / b, s = q + q2;
  const low = q2 - (s - q) + q3, r = s + low;
  v[k] = r;
  v[k + 1] = low - (r - s);
}
/* By a power of two, which is exact. */
function Scale(k, i, factor) {
  v[k] = v[i] * factor;
  v[k + 1] = v[i + 1] * factor;
}
function Neg(k, i) {
  v[k] = -v[i];
  v[k + 1] = -v[i + 1];
}
const unary = (f) => (k, i) => {
  v[k] = f(v[i], v[i + 1]);
  v[k + 1] = W[0];
};
const binary = (f) => (k, i, j) => {
  v[k] = f(v[i], v[i + 1], v[j], v[j + 1]);
  v[k + 1] = W[0];
};
const [Sqrt, Exp, Log, Sin, Cos, Tan] = [sqrt, exp, log, sin, cos, tan].map(unary);
const [Sinh, Cosh, Tanh] = [sinh, cosh, tanh].map(unary);
const [Raised, RootCosh, RootSinh] = [raised, root_cosh, root_sinh].map(binary);
function Power(k, i, n) {
  v[k] = power(v[i], v[i + 1], n);
  v[k + 1] = W[0];
}
/* `known` holds the last polynomial at this place and its roots: one root after the other is asked
   for. */
function RootOf(k, places, start, pick, known) {
  let same = known.length > 0;
  for (let n = 0; n < places.length; n++) {
    const i = places[n];
    same = same && known[2 * n] === v[i] && known[2 * n + 1] === v[i + 1];
    known[2 * n] = v[i];
    known[2 * n + 1] = v[i + 1];
  }
  if (!same) known.found = solvedPolynomial(known);
  v[k] = root_of(known.found, v[start], v[start + 1], pick);
  v[k + 1] = W[0];
}
/* A decimal, or a ratio of two, as the pair of doubles next to it. */
function pair(text) {
  const parts = String(text).split("/");
  if (parts.length === 2) {
    const [top, below] = parts.map(pair);
    const ratio = div(...top, ...below);
    return [ratio, W[0]];
  }
  const value = String(text).trim() ? Number(text) : NaN;
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(String(text).trim());
  if (!match || !Number.isFinite(value) || value === 0) return [value, 0];
  const places = match[3].length - Number(match[4] || 0);
  if (Math.abs(places) > 300) return [value, 0];
  let digits = BigInt(match[2] + match[3] || "0") * (match[1] === "-" ? -1n : 1n);
  const bits = 1100n;
  // value = m 2^-bits exactly, if it is not tiny
  let m = 0n, rest = value;
  const scale = Math.floor(Math.log2(Math.abs(value))) - 60;
  m = BigInt(Math.round(rest / 2 ** scale));
  const exact = BigInt(scale) + bits >= 0n ? m << (BigInt(scale) + bits) : 0n;
  if (!exact) return [value, 0];
  const ten = 10n ** BigInt(Math.abs(places));
  digits = places >= 0 ? (digits << bits) / ten : (digits * ten) << bits;
  const left = digits - exact;
  const size = left < 0n ? -left : left;
  const drop = BigInt(Math.max(0, size.toString(2).length - 60));
  return [value, Number(left >> drop) * 2 ** Number(drop - bits)];
}

/* ---- small arrays ---- */
function rows(n, m) {
  const made = [];
  for (let i = 0; i < n; i++) made.push(new Float64Array(m));
  return made;
}
/* An array of a kernel at zeros: its memory is used again. */
function cleared(array) {
  for (const row of array) row.fill(0);
  return array;
}
const copy = (source, target) => target.set(source);

/* Real parts of the eigenvalues of a matrix: Hessenberg form and shifted QR steps (EISPACK hqr). */
function realParts(a) {
  const n = a.length, found = [];
  for (let m = 1; m < n - 1; m++) {
    let x = 0, i = m;
    for (let j = m; j < n; j++) if (Math.abs(a[j][m - 1]) > Math.abs(x)) [x, i] = [a[j][m - 1], j];
    if (i !== m) {
      for (let j = m - 1; j < n; j++) [a[i][j], a[m][j]] = [a[m][j], a[i][j]];
      for (let j = 0; j < n; j++) [a[j][i], a[j][m]] = [a[j][m], a[j][i]];
    }
    if (x === 0) continue;
    for (i = m + 1; i < n; i++) {
      const y = a[i][m - 1] / x;
      if (y === 0) continue;
      a[i][m - 1] = 0;
      for (let j = m; j < n; j++) a[i][j] -= y * a[m][j];
      for (let j = 0; j < n; j++) a[j][m] += y * a[j][i];
    }
  }
  let size = 0;
  for (let i = 0; i < n; i++) for (let j = Math.max(i - 1, 0); j < n; j++) size += Math.abs(a[i][j]);
  let last = n - 1, shift = 0, turns = 0;
  while (last >= 0) {
    let l = last;
    for (; l >= 1; l--) {
      const s = Math.abs(a[l - 1][l - 1]) + Math.abs(a[l][l]) || size;
      if (Math.abs(a[l][l - 1]) <= 2.3e-16 * s) {
        a[l][l - 1] = 0;
        break;
      }
    }
    let x = a[last][last];
    if (l === last) {
      found.push(x + shift);
      last -= 1;
      turns = 0;
      continue;
    }
    let y = a[last - 1][last - 1], w = a[last][last - 1] * a[last - 1][last];
    if (l === last - 1) {
      const p = 0.5 * (y - x), q = p * p + w, z = Math.sqrt(Math.abs(q));
      x += shift;
      if (q >= 0) {
        const far = p + (p >= 0 ? z : -z);
        found.push(x + far, far ? x - w / far : x + far);
      } else found.push(x + p, x + p);
      last -= 2;
      turns = 0;
      continue;
    }
    if (turns++ > 60) return [NaN];
    if (turns === 11 || turns === 21) {
      shift += x;
      for (let i = 0; i <= last; i++) a[i][i] -= x;
      const s = Math.abs(a[last][last - 1]) + Math.abs(a[last - 1][last - 2]);
      y = x = 0.75 * s;
      w = -0.4375 * s * s;
    }
    let m = last - 2, p, q, r, z;
    for (; m >= l; m--) {
      z = a[m][m];
      const c = x - z, d = y - z;
      p = (c * d - w) / a[m + 1][m] + a[m][m + 1];
      q = a[m + 1][m + 1] - z - c - d;
      r = a[m + 2][m + 1];
      const s = Math.abs(p) + Math.abs(q) + Math.abs(r);
      p /= s;
      q /= s;
      r /= s;
      if (m === l) break;
      const u = Math.abs(a[m][m - 1]) * (Math.abs(q) + Math.abs(r));
      const v = Math.abs(p) * (Math.abs(a[m - 1][m - 1]) + Math.abs(z) + Math.abs(a[m + 1][m + 1]));
      if (u <= 2.3e-16 * v) break;
    }
    for (let i = m + 2; i <= last; i++) {
      a[i][i - 2] = 0;
      if (i !== m + 2) a[i][i - 3] = 0;
    }
    for (let k = m; k <= last - 1; k++) {
      if (k !== m) {
        p = a[k][k - 1];
        q = a[k + 1][k - 1];
        r = k !== last - 1 ? a[k + 2][k - 1] : 0;
        x = Math.abs(p) + Math.abs(q) + Math.abs(r);
        if (x !== 0) {
          p /= x;
          q /= x;
          r /= x;
        }
      }
      const s = (p >= 0 ? 1 : -1) * Math.sqrt(p * p + q * q + r * r);
      if (s === 0) continue;
      if (k === m) {
        if (l !== m) a[k][k - 1] = -a[k][k - 1];
      } else a[k][k - 1] = -s * x;
      p += s;
      x = p / s;
      y = q / s;
      z = r / s;
      q /= p;
      r /= p;
      for (let j = k; j <= last; j++) {
        p = a[k][j] + q * a[k + 1][j];
        if (k !== last - 1) {
          p += r * a[k + 2][j];
          a[k + 2][j] -= p * z;
        }
        a[k + 1][j] -= p * y;
        a[k][j] -= p * x;
      }
      const end = last < k + 3 ? last : k + 3;
      for (let i = l; i <= end; i++) {
        p = x * a[i][k] + y * a[i][k + 1];
        if (k !== last - 1) {
          p += z * a[i][k + 2];
          a[i][k + 2] -= p * r;
        }
        a[i][k + 1] -= p * q;
        a[i][k] -= p;
      }
    }
  }
  return found;
}
/* The places that a matrix reaches from those where `start` is something. */
function reachedFrom(matrix, start) {
  const size = matrix.length, reached = [];
  for (let i = 0; i < size; i++) {
    let some = false;
    for (let k = 0; k < start[i].length; k++) some = some || start[i][k] !== 0;
    reached.push(some);
  }
  for (let grown = true; grown; ) {
    grown = false;
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        if (reached[i] && !reached[j] && matrix[i][j] !== 0) reached[j] = grown = true;
  }
  const places = [];
  for (let i = 0; i < size; i++) if (reached[i]) places.push(i);
  return places;
}
/* The largest real part of the eigenvalues of the part of a matrix that `start` reaches. Rows may go
   on with the low parts of their entries: the sign of a real eigenvalue near zero is then that of
   pairs. */
const growth = (matrix, start) => largestOf(matrix, patternOf(matrix, start));
/* The places that are reached, and their blocks: they stay while no entry becomes zero or ceases to be. */
function patternOf(matrix, start, kept = (matrix.kept ??= { something: [] })) {
  const { something } = kept, size = matrix.length;
  let at = 0, same = true;
  for (let i = 0; i < size; i++) {
    let some = false;
    for (let j = 0; j < size; j++, at++) {
      const own = matrix[i][j] !== 0;
      if (something[at] !== own) same = false;
      something[at] = own;
    }
    for (let j = 0; j < start[i].length; j++) some = some || start[i][j] !== 0;
    if (something[at] !== some) same = false;
    something[at++] = some;
  }
  if (same) return kept;
  const places = reachedFrom(matrix, start);
  kept.blocks = blocks(matrix, places).map((block) => ({ block, part: rows(block.length, block.length) }));
  return Object.assign(kept, { places, key: places.join() });
}
function largestOf(matrix, pattern) {
  const size = matrix.length;
  let largest = -Infinity;
  for (const { block, part } of pattern.blocks) {
    const n = block.length;
    if (n === 1) {
      largest = Math.max(largest, matrix[block[0]][block[0]]);
      continue;
    }
    let norm = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        part[i][j] = matrix[block[i]][block[j]];
        if (!Number.isFinite(part[i][j])) return NaN;
        norm = Math.max(norm, Math.abs(part[i][j]));
      }
    let own = -Infinity;
    for (const value of realParts(part)) own = Math.max(own, value);
    if (matrix[0].length > size && Math.abs(own) <= BORDER * norm) {
      const exact = nearZero(matrix, block);
      if (Math.abs(exact - own) <= BORDER * norm) own = exact;
    }
    largest = Math.max(largest, own);
  }
  return largest;
}
const BORDER = 1e-11;
/* The eigenvalue next to zero, in pairs: one step of Newton's method on the characteristic
   polynomial, whose slope at zero is the sum of the minors. */
function nearZero(matrix, block) {
  const value = determinant(matrix, block);
  let slope = 0;
  for (const left of block) slope += determinant(matrix, block.filter((i) => i !== left));
  return value / slope;
}
/* The determinant of the rows and columns `block` of a matrix in pairs, by elimination. */
function determinant(matrix, block) {
  const n = block.length, size = matrix.length;
  const high = block.map((i) => block.map((j) => matrix[i][j]));
  const low = block.map((i) => block.map((j) => matrix[i][size + j]));
  let h = 1, l = 0;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k; i < n; i++) if (Math.abs(high[i][k]) > Math.abs(high[best][k])) best = i;
    if (high[best][k] === 0) return 0;
    if (best !== k) {
      for (const rows of [high, low]) [rows[k], rows[best]] = [rows[best], rows[k]];
      [h, l] = [-h, -l];
    }
    h = mul(h, l, high[k][k], low[k][k]);
    l = W[0];
    for (let i = k + 1; i < n; i++) {
      const f = div(high[i][k], low[i][k], high[k][k], low[k][k]), fl = W[0];
      for (let j = k; j < n; j++) {
        const p = mul(f, fl, high[k][j], low[k][j]);
        high[i][j] = sub(high[i][j], low[i][j], p, W[0]);
        low[i][j] = W[0];
      }
    }
  }
  return h;
}
/* The places that lead to each other: the matrix is triangular in these blocks. */
function blocks(matrix, places) {
  const n = places.length, leads = new Uint8Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) leads[i * n + j] = i === j || matrix[places[i]][places[j]] !== 0;
  for (let k = 0; k < n; k++)
    for (let i = 0; i < n; i++)
      if (leads[i * n + k]) for (let j = 0; j < n; j++) leads[i * n + j] |= leads[k * n + j];
  const found = [], taken = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    if (taken[i]) continue;
    const block = [];
    for (let j = 0; j < n; j++) {
      if (!leads[i * n + j] || !leads[j * n + i]) continue;
      block.push(places[j]);
      taken[j] = 1;
    }
    found.push(block);
  }
  return found;
}
const ones = (n, m) => rows(n, m).map((row) => row.fill(1));

/* ---- real roots of polynomials; coefficients as pairs, the leading one first ---- */
const DOUBT = 1e-27;
function valueAt(c, x, xl) {
  let h = 0, l = 0;
  for (let k = 0; k < c.length; k += 2) {
    h = mul(h, l, x, xl);
    h = add(h, W[0], c[k], c[k + 1]);
    l = W[0];
  }
  return h;
}
function bound(c, x) {
  let total = 0;
  for (let k = 0; k < c.length; k += 2) total = total * Math.abs(x) + Math.abs(c[k]);
  return DOUBT * total;
}
function derivative(c) {
  const n = c.length / 2 - 1, found = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    found[2 * k] = mul(c[2 * k], c[2 * k + 1], n - k, 0);
    found[2 * k + 1] = W[0];
  }
  return found;
}
const signAt = (c, x, xl) => {
  const value = valueAt(c, x, xl);
  return Math.abs(value) <= bound(c, x) ? 0 : Math.sign(value);
};
/* The root between two points with values of opposite signs. */
function between(c, slope, low, high, sign) {
  let a = low, b = high, x = 0.5 * (a + b);
  for (let k = 0; k < 200; k++) {
    let value = 0, rate = 0;
    for (let i = 0; i < c.length; i += 2) {
      rate = rate * x + value;
      value = value * x + c[i];
    }
    if (value === 0) break;
    if (Math.sign(value) === sign) a = x;
    else b = x;
    let next = x - value / rate;
    if (!(next > a && next < b) || k % 4 === 3) next = 0.5 * (a + b);
    if (Math.abs(next - x) <= 1e-15 * Math.abs(x) || next === x) break;
    x = next;
  }
  a = low;
  b = high;
  let xl = 0;
  for (let k = 0; k < 200; k++) {
    const value = valueAt(c, x, xl), vl = W[0];
    if (value === 0) break;
    if (Math.sign(value) === sign) a = x;
    else b = x;
    const rate = valueAt(slope, x, xl);
    const step = div(value, vl, rate, W[0]), sl = W[0];
    let next = sub(x, xl, step, sl), nl = W[0];
    if (!(next >= a && next <= b)) [next, nl] = [0.5 * (a + b), 0];
    const moved = Math.abs(next - x + (nl - xl));
    [x, xl] = [next, nl];
    if (moved <= 1e-29 * Math.abs(x)) break;
  }
  return [x, xl];
}
/* Simple real roots in order, as pairs, and where even pairs do not tell whether there are any. */
function realRoots(c) {
  const degree = c.length / 2 - 1;
  if (degree < 1) return { roots: [], doubtful: [] };
  if (degree === 1) {
    const x = div(-c[2], -c[3], c[0], c[1]);
    return { roots: [[x, W[0]]], doubtful: [] };
  }
  const slope = derivative(c);
  const turns = realRoots(slope);
  let far = 0;
  for (let k = 2; k < c.length; k += 2) far = Math.max(far, Math.abs(c[k] / c[0]));
  far = 2 * (1 + far);
  const places = [[-far, 0], ...turns.roots, ...turns.doubtful, [far, 0]].sort((p, q) => p[0] - q[0]);
  const roots = [], doubtful = [];
  let last = null;
  for (const [x, xl] of places) {
    const sign = signAt(c, x, xl);
    if (sign === 0) {
      doubtful.push([x, xl]);
      last = null;
      continue;
    }
    if (last && last.sign !== sign) roots.push(between(c, slope, last.x, x, last.sign));
    last = { x, sign };
  }
  return { roots, doubtful };
}
/* A polynomial without zeros in front, and its roots; null if there is none. */
function solvedPolynomial(c) {
  let first = 0;
  while (first < c.length && c[first] === 0) first += 2;
  const poly = c.slice(first);
  if (poly.length < 4 || !poly.every(Number.isFinite)) return null;
  return { poly, ...realRoots(poly) };
}
/* A root by its number, or where the motion from `start` ends, as kernels have it. */
function root_of(solved, start, startLow, pick) {
  W[0] = 0;
  if (!solved) return NaN;
  const { poly, roots, doubtful } = solved;
  if (pick >= 0) {
    W[0] = 0;
    if (doubtful.length) return NaN;
    if (pick >= roots.length) return Infinity;
    W[0] = roots[pick][1];
    return roots[pick][0];
  }
  const rate = valueAt(poly, start, startLow);
  if (rate === 0) {
    W[0] = startLow;
    return start;
  }
  W[0] = 0;
  if (!(Math.abs(rate) > bound(poly, start))) return NaN;
  const direction = Math.sign(rate);
  let best = Infinity, found = [direction * Infinity, 0];
  for (const root of roots) {
    const distance = (root[0] - start) * direction;
    if (distance >= 0 && distance < best) [best, found] = [distance, root];
  }
  for (const [x] of doubtful) {
    const distance = (x - start) * direction;
    if (distance >= -1e-12 * (1 + Math.abs(x)) && distance <= best) return NaN;
  }
  W[0] = found[1];
  return found[0];
}
