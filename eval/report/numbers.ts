/** How numbers are written: the minus sign is a minus sign, and digits end where the standard error makes them noise. */
import type { Estimate } from "../statistics/comparison.ts";

/** Two significant digits of the smallest standard error; the figures of one column share their decimals. */
export function decimalsFor(standardErrors: readonly number[]): number {
  const smallest = Math.min(...standardErrors.filter((se) => se > 0));
  if (!Number.isFinite(smallest)) return 4;
  return Math.min(6, Math.max(2, 1 - Math.floor(Math.log10(smallest))));
}

/** About the standard error of an estimate of which only the 95 % interval is known. */
export function standardErrorOf({ low, high }: Estimate): number {
  return (high - low) / (2 * 1.96);
}

export function fixed(value: number, decimals: number): string {
  return withMinus(value.toFixed(decimals));
}

/** With its sign, "+" too: a difference. */
export function signed(value: number, decimals: number): string {
  const text = fixed(value, decimals);
  return value > 0 ? `+${text}` : text;
}

export function interval({ low, high }: { readonly low: number; readonly high: number }, decimals: number): string {
  return `[${signed(low, decimals)}, ${signed(high, decimals)}]`;
}

/** Of a quantity that is never below zero. */
export function range({ low, high }: { readonly low: number; readonly high: number }, decimals: number): string {
  return `[${fixed(low, decimals)}, ${fixed(high, decimals)}]`;
}

export function pValue(p: number): string {
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

export function count(value: number): string {
  return withMinus(Math.round(value).toString()).replace(/\B(?=(\d{3})+$)/g, ",");
}

export function percent(share: number, decimals = 1): string {
  return Number.isFinite(share) ? `${fixed(share * 100, decimals)} %` : "–";
}

const BYTE_UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"];

/** In powers of 1000, three significant digits. */
export function bytes(value: number): string {
  const power = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(value, 1)) / 3)));
  return power === 0 ? `${count(value)} bytes` : `${threeDigits(value / 1000 ** power)} ${BYTE_UNITS[power]}`;
}

/** "3.21 × 10¹⁵" */
export function scientific(value: number): string {
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(2).split("e") as [string, string];
  return `${withMinus(mantissa)} × 10${superscript(exponent.replace("+", ""))}`;
}

export function threeDigits(value: number): string {
  const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  return fixed(value, Math.min(6, Math.max(0, 2 - magnitude)));
}

/** "41 s", "3 min 20 s", "2 h 05 min" */
export function duration(seconds: number): string {
  if (seconds < 60) return `${threeDigits(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** The start of a digest, enough to tell it from others here. */
export function shortDigest(digest: string): string {
  return digest.length > 16 && /^[0-9a-f]+$/i.test(digest) ? digest.slice(0, 12) : digest;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

function withMinus(text: string): string {
  const digits = text.replace(/^-(?=0(\.0*)?$)/, "");
  return digits.replace(/^-/, "\u2212");
}

function superscript(digits: string): string {
  return [...digits].map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]!)).join("");
}
