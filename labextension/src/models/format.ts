// How numbers, times and durations are written. Every view writes them alike.

import { JsonNumber } from './shapes';

/** The number itself; NaN also for what is missing. */
export function toNumber(value: JsonNumber | undefined): number {
  return typeof value === 'number' ? value : value === 'Infinity' ? Infinity : value === '-Infinity' ? -Infinity : NaN;
}

/** At most `digits` significant digits, without trailing zeros; very large and very small ones with an exponent. */
export function formatNumber(value: number, digits = 5): string {
  if (Number.isNaN(value)) {
    return 'NaN';
  }
  if (!Number.isFinite(value)) {
    return value > 0 ? '∞' : '−∞';
  }
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) {
    const [mantissa, exponent] = value.toExponential(Math.min(digits, 4) - 1).split('e');
    return minus(`${trimmed(mantissa ?? '')}e${Number(exponent)}`);
  }
  if (Number.isInteger(value)) {
    return minus(String(value));
  }
  return minus(trimmed(value.toPrecision(Math.max(digits, Math.ceil(Math.log10(size + 1))))));
}

/** The same with its sign; a difference of nothing is ±0. */
export function formatDelta(value: number): string {
  return value === 0 ? '±0' : value > 0 ? `+${formatNumber(value, 3)}` : formatNumber(value, 3);
}

/** Seconds as a person says them: 0.31 s, 42 s, 3 min 20 s, 2 h 5 min. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) {
    return '';
  }
  if (seconds < 60) {
    return `${formatNumber(seconds, seconds < 10 ? 2 : 3)} s`;
  }
  const whole = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's']
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** A moment in the reader's own time zone: 2026-11-25 23:12. */
export function formatTime(ms: number): string {
  if (!Number.isFinite(ms)) {
    return '';
  }
  const at = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

function trimmed(text: string): string {
  return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text;
}

function minus(text: string): string {
  return text.replace(/^-/, '−').replace('e-', 'e−');
}

/** The time of day alone where the day is today's. */
export function formatClock(ms: number, now: number): string {
  const text = formatTime(ms);
  return text.slice(0, 10) === formatTime(now).slice(0, 10) ? text.slice(11) : text;
}

/** Bytes as a person says them: 512 B, 1.4 kB, 20 MB. */
export function formatBytes(bytes: number): string {
  const at = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${formatNumber(bytes / 1000 ** at, at ? 2 : 3)} ${['B', 'kB', 'MB', 'GB', 'TB'][at] ?? ''}`;
}
