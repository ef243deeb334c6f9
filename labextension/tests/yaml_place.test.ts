import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { ISchema, wordsAt } from '../src/models/spec_words';
import { outline, placeAt } from '../src/models/yaml_place';

const SCHEMA = JSON.parse(readFileSync(new URL('../../docs/nbtrack.schema.json', import.meta.url), 'utf8')) as ISchema;
/** A text with `|` at the place that is asked about. */
const at = (text: string): [string, number] => [text.replace('¦', ''), text.indexOf('¦')];
const place = (text: string): ReturnType<typeof placeAt> => placeAt(...at(text));
const words = (text: string): string[] => {
  const [plain, offset] = at(text);
  const found = placeAt(plain, offset);
  return found ? (wordsAt(SCHEMA, plain, found)?.words ?? []).map(it => it.label) : [];
};

describe('a place in a YAML text', () => {
  test('is a key of the mapping it is indented into', () => {
    expect(place('stages:\n  a:\n    notebook: x.ipynb\n    ti¦')).toEqual({ path: ['stages', 'a'], key: null, typed: 'ti', from: 39 });
    expect(place('stages:\n  a:\n    notebook: x.ipynb\n  ¦')?.path).toEqual(['stages']);
    expect(place('stages:\n  a:\n    notebook: x.ipynb\n¦')?.path).toEqual([]);
  });
  test('is the value of a key', () => {
    expect(place('stages:\n  a:\n    cache: tr¦')).toMatchObject({ path: ['stages', 'a'], key: 'cache', typed: 'tr' });
    expect(place('"na me": v¦')).toMatchObject({ key: 'na me', typed: 'v' });
  });
  test('is an item of a list, indented or not', () => {
    for (const indent of ['      ', '    ']) {
      expect(place(`stages:\n  a:\n    needs:\n${indent}- b\n${indent}- c¦`)).toMatchObject({ path: ['stages', 'a', 'needs', '[]'], key: null, typed: 'c' });
    }
  });
  test('within braces and brackets is told by them', () => {
    expect(place('stages:\n  a: {notebook: x.ipynb, ca¦')).toMatchObject({ path: ['stages', 'a'], key: null, typed: 'ca' });
    expect(place('stages:\n  a: {needs: [b, c¦')).toMatchObject({ path: ['stages', 'a', 'needs', '[]'], typed: 'c' });
    expect(place('stages:\n  a: {retries: {times: 2, fa¦')).toMatchObject({ path: ['stages', 'a', 'retries'], typed: 'fa' });
    expect(place('stages:\n  a: {params: {x: "${params.y}", z: "${pa¦')).toMatchObject({ path: ['stages', 'a', 'params'], key: 'z', typed: '"${pa' });
  });
  test('in a comment or a block of text is none', () => {
    expect(place('name: x # co¦')).toBeNull();
    expect(place('description: |\n  some: te¦')).toBeNull();
    expect(place('description: |\n  some: text\nna¦')).toMatchObject({ path: [], typed: 'na' });
  });
  test('all keys are told with what is above them', () => {
    expect(outline('params: {a: 1, b: {c: 2}}\nstages:\n  # none: of these\n  a:\n    needs:\n    - b\n  b: {notebook: x}')).toEqual([
      ['params'], ['params', 'a'], ['params', 'b'], ['params', 'b', 'c'], ['stages'], ['stages', 'a'], ['stages', 'a', 'needs'], ['stages', 'b'], ['stages', 'b', 'notebook']
    ]);
  });
});

describe('words for a pipeline file', () => {
  test('are the fields of the schema that are not there yet', () => {
    const found = words('stages:\n  a:\n    notebook: x.ipynb\n    ¦');
    expect(found).toEqual(expect.arrayContaining(['params', 'needs', 'when', 'retries', 'matrix']));
    expect(found).not.toContain('notebook');
    expect(words('st¦')).toEqual(expect.arrayContaining(['stages', 'params', 'defaults', 'profiles']));
    expect(words('stages:\n  a:\n    retries:\n      ¦')).toEqual(['times', 'wait', 'factor']);
  });
  test('in a profile are those of the file', () => {
    expect(words('profiles:\n  quick:\n    stages:\n      a:\n        ¦')).toEqual(expect.arrayContaining(['notebook', 'cache']));
  });
  test('are the values that the schema allows', () => {
    expect(words('stages:\n  a:\n    cache: ¦')).toEqual(['true', 'false']);
    expect(words('stages:\n  a:\n    outputs:\n      n: {value: ¦')).toEqual(expect.arrayContaining(['int', 'float', 'str']));
  });
  test('are the other stages, params and outputs where they can be named', () => {
    const head = 'params: {rate: 1}\nstages:\n  first: {notebook: a.ipynb, outputs: {clean: c.csv}}\n';
    expect(words(`${head}  second:\n    needs: [¦`)).toEqual(['first']);
    expect(words(`${head}  second:\n    matrix: {size: [1, 2]}\n    params:\n      x: "\${¦`)).toEqual(['params.rate', 'first.outputs.clean', 'matrix.size']);
  });
  test('of a place that the schema does not know are none', () => {
    expect(words('nothing:\n  ¦')).toEqual([]);
  });
});
