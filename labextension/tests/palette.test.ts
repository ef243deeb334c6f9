import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { shade } from '../src/charts/colours';

type Triple = [number, number, number];

const CSS = readFileSync(new URL('../src/views/css/ground.css', import.meta.url), 'utf8');
const [LIGHT = '', DARK = ''] = [/\.nbt \{([^}]*)\}/, /\.nbt-dark \{([^}]*)\}/].map(rule => rule.exec(CSS)?.[1] ?? '');

/** What a colour becomes for eyes that lack one kind of cones; Machado, Oliveira, Fernandes, IEEE TVCG 15(6), 2009. */
const EYES: Record<string, number[][]> = {
  all: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
};
const LEAST = 10; // of CIE76's difference, where 2.3 is just noticed

function rgb(colour: string): Triple {
  const [, short, long] = /^#(?:([0-9a-f]{3})|([0-9a-f]{6}))$/.exec(colour) ?? [];
  const digits = long ?? [...(short ?? '')].map(digit => digit + digit).join('');
  return [0, 2, 4].map(at => parseInt(digits.slice(at, at + 2), 16) / 255) as Triple;
}

const linear = (colour: Triple): Triple => colour.map(part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)) as Triple;
const by = (matrix: number[][], colour: Triple): Triple =>
  matrix.map(row => Math.max(0, Math.min(1, row.reduce((sum, factor, at) => sum + factor * (colour[at] as number), 0)))) as Triple;

function lab(colour: Triple): Triple {
  const [x, y, z] = [
    [0.4124 / 0.95047, 0.3576 / 0.95047, 0.1805 / 0.95047],
    [0.2126, 0.7152, 0.0722],
    [0.0193 / 1.08883, 0.1192 / 1.08883, 0.9505 / 1.08883]
  ].map(row => {
    const value = row.reduce((sum, factor, at) => sum + factor * (colour[at] as number), 0);
    return value > 216 / 24389 ? Math.cbrt(value) : (24389 / 27 * value + 16) / 116;
  }) as Triple;
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const luminance = (colour: string): number => linear(rgb(colour)).reduce((sum, part, at) => sum + part * ([0.2126, 0.7152, 0.0722][at] as number), 0);
const contrast = (one: string, other: string): number => {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
};
const of = (rule: string, name: string): string => new RegExp(`${name}: (#[0-9a-f]+);`).exec(rule)?.[1] ?? '';

const cs = (rule: string): string[] => Array.from({ length: 8 }, (_, n) => of(rule, `--nbt-c${n}`));
const PICTURE = readFileSync(new URL('../../nbtrack/charts/picture.py', import.meta.url), 'utf8');
const PALETTE = /^PALETTE = \((.*)\)$/m.exec(PICTURE)?.[1]?.match(/#[0-9a-f]{6}/g) ?? [];

describe.each([
  ['light', cs(LIGHT), of(LIGHT, '--nbt-own-bg')],
  ['dark', cs(DARK), of(DARK, '--nbt-own-bg')],
  ['still', [...PALETTE], '#fff']
])('the %s colours of lines', (_, lines, ground) => {
  test('stand out of their ground', () => {
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.filter(line => contrast(line, ground) < 3)).toEqual([]);
  });

  test.each(Object.entries(EYES))('are told apart by eyes with %s', (_, matrix) => {
    const seen = lines.map(line => lab(by(matrix, linear(rgb(line)))));
    const near = seen.flatMap((one, n) =>
      seen.slice(n + 1).flatMap((other, m) => {
        const far = Math.hypot(...one.map((part, at) => part - (other[at] as number)));
        return far < LEAST ? [`${lines[n]} and ${lines[n + 1 + m]}: ${far.toFixed(1)}`] : [];
      })
    );
    expect(near).toEqual([]);
  });
});

test.each([false, true])('a scale of values grows lighter from one end to the other', isDark => {
  const seen = [0, 0.25, 0.5, 0.75, 1].map(share => {
    const [red = 0, green = 0, blue = 0] = shade(share, isDark).match(/\d+/g)?.map(Number) ?? [];
    return lab(linear([red / 255, green / 255, blue / 255]))[0];
  });
  expect([...seen].sort((a, b) => a - b)).toEqual(seen);
});
