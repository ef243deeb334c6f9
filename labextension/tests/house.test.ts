import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

const SOURCE = fileURLToPath(new URL('../src', import.meta.url));

/** Sources of some folders by their names. */
function sources(...folders: string[]): [string, string][] {
  return folders.flatMap(folder =>
    (readdirSync(join(SOURCE, folder), { recursive: true }) as string[])
      .filter(name => /\.tsx?$/.test(name))
      .map(name => [`${folder}/${name}`, readFileSync(join(SOURCE, folder, name), 'utf8')] as [string, string])
  );
}

describe('the library of charts, models and views', () => {
  test.each(sources('charts', 'models', 'views'))('%s knows nothing of Jupyter', (name, text) => {
    const imported = [...text.matchAll(/from '([^']+)'/g)].map(match => match[1] ?? '');
    expect(imported.filter(from => /^(@jupyter|@lumino|react)/.test(from))).toEqual([]);
    expect(imported.filter(from => /\.\/(plugins|widgets|editor)\//.test(from)), name).toEqual([]);
  });

  test.each(sources('widgets'))('neither does %s, which VS Code and Colab load too', (_, text) => {
    expect([...text.matchAll(/from '([^']+)'/g)].filter(match => !match[1]?.startsWith('.'))).toEqual([]);
    expect(text).not.toMatch(/jupyterapp|jupyterlab\b.*(require|import)/);
  });

  // What stands between tags, and what a screen reader says, is a sentence of models/*strings.ts
  test.each(sources('views').filter(([name]) => name.endsWith('.tsx')))('%s has no English of its own', (_, text) => {
    const code = text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
    expect([...code.matchAll(/>\s*([A-Za-z][A-Za-z ,.']{2,})\s*<\//g)].map(match => match[1])).toEqual([]);
    expect([...code.matchAll(/['"`]([A-Z][a-z]+(?: [a-z]+)+[^'"`]*)['"`]/g)].map(match => match[1])).toEqual([]);
    expect([...code.matchAll(/(?:aria-label|title|placeholder|alt|label)="([^"]+)"/g)].map(match => match[1])).toEqual([]);
  });
});
