/**
 * Student's t distribution, for any positive degrees of freedom: whole ones come from seeds, fractional ones from
 * Satterthwaite. Relative error below 1e-10 in either tail from df 0.5 to 1e9.
 *
 * With x = df / (df + t²), P(T > t) = I_x(df/2, 1/2) / 2, the incomplete beta function (Abramowitz & Stegun 26.7.1).
 */

/** P(T > t) for t ≥ 0: small ones keep their digits. */
export function studentTTail(t: number, df: number): number {
  if (t === 0) return 0.5;
  const a = df / 2;
  // t² / df may be too large for a double where t is not: (1 + r²)^-a is then r^-2a.
  const r = t / Math.sqrt(df);
  const y = r > 1e8 ? 1 : (r * r) / (1 + r * r);
  const logPower = r > 1e8 ? -2 * a * Math.log(r) : -a * Math.log1p(r * r);
  // x^a · (1 − x)^½ / B(a, ½)
  const front = Math.sqrt(y / Math.PI) * Math.exp(logPower + logGammaHalfStep(a));
  if (y < 1.5 / (a + 2.5)) return 0.5 - front * centralSeries(a, y);
  return (front / 2) * tailFraction(a, y);
}

/** I_y(½, a) without its front: Σ of positive terms (26.5.4). */
function centralSeries(a: number, y: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 0; term > 1e-17 * sum; k++) {
    term *= ((a + 0.5 + k) / (1.5 + k)) * y;
    sum += term;
  }
  return sum;
}

/**
 * I_x(a, ½) without its front, by the continued fraction of Didonato & Morris 1992 (TOMS 708, BFRAC): in the plain one
 * (26.5.8) nearly equal numbers cancel where a is large.
 */
function tailFraction(a: number, y: number): number {
  const x = 1 - y;
  const lambda = (a + 0.5) * y - 0.5;
  let numerator = 1;
  let denominator = (1 + lambda) / (1 + 1 / a);
  let lastNumerator = 0;
  let lastDenominator = 1;
  let fraction = 1 / denominator;
  for (let n = 1; n < 10_000; n++) {
    const w = n * (0.5 - n) * x;
    const s = a + 2 * n - 1;
    const alpha = ((a + n - 1) * (a + n - 0.5) * w * x) / (s * s);
    const beta = n + w / s + ((a + n) / (a + 2 * n + 1)) * (1 + lambda + n * (1 + y));
    [lastNumerator, numerator] = [numerator, alpha * lastNumerator + beta * numerator];
    [lastDenominator, denominator] = [denominator, alpha * lastDenominator + beta * denominator];
    const last = fraction;
    fraction = numerator / denominator;
    if (Math.abs(fraction - last) <= 1e-15 * fraction) break;
    // Only the ratio counts: without this both overflow.
    lastNumerator /= denominator;
    lastDenominator /= denominator;
    numerator = fraction;
    denominator = 1;
  }
  return fraction;
}

/** ln Γ(a + ½) − ln Γ(a): each alone would lose all digits of the difference where a is large. */
function logGammaHalfStep(a: number): number {
  let shift = 1;
  for (; a < 20; a++) shift *= a / (a + 0.5);
  const i = 1 / a;
  const i2 = i * i;
  return Math.log(shift) + Math.log(a) / 2 - i * (1 / 8 - i2 * (1 / 192 - i2 * (1 / 640 - i2 * (17 / 14_336))));
}

/** The t ≥ 0 with P(T > t) = tail, 0 < tail ≤ ½. Newton on logarithms, kept between bounds. */
export function studentTUpperQuantile(tail: number, df: number): number {
  if (tail === 0.5) return 0;
  let low = 0;
  let high = 1;
  while (studentTTail(high, df) > tail) {
    low = high;
    high *= 4;
  }
  let t = low === 0 ? 0.5 : Math.sqrt(low * high);
  for (let i = 0; i < 200; i++) {
    const found = studentTTail(t, df);
    if (found > tail) low = t;
    else high = t;
    // d ln P(T > t) / d ln t = −t · density / tail
    const slope = (-t * studentTDensity(t, df)) / found;
    let next = t * Math.exp(Math.log(tail / found) / slope);
    if (!(next > low && next < high)) next = low === 0 ? high / 2 : Math.sqrt(low) * Math.sqrt(high);
    if (Math.abs(next - t) <= 1e-14 * t) return next;
    t = next;
  }
  return t;
}

export function studentTDensity(t: number, df: number): number {
  const r = t / Math.sqrt(df);
  const log1p = r > 1e8 ? 2 * Math.log(r) : Math.log1p(r * r);
  return Math.exp(logGammaHalfStep(df / 2) - ((df + 1) / 2) * log1p) / Math.sqrt(Math.PI * df);
}
