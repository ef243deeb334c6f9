// What can be written at a place of a pipeline file, by its published JSON Schema and by what the file itself names.
import { IPlace, ITEM, outline } from './yaml_place';

export interface ISchema {
  $ref?: string;
  $defs?: Record<string, ISchema>;
  type?: string;
  description?: string;
  properties?: Record<string, ISchema>;
  patternProperties?: Record<string, ISchema>;
  additionalProperties?: ISchema | boolean;
  items?: ISchema;
  anyOf?: ISchema[];
  oneOf?: ISchema[];
  allOf?: ISchema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
}

export interface IWord {
  label: string;
  /** What is written in its place; the label where it is not said. */
  apply?: string;
  kind: 'property' | 'enum' | 'variable';
  detail: string;
  info: string;
}

export interface IWords {
  from: number;
  words: IWord[];
}

/** What may come at a place of a text; null where nothing is known. */
export function wordsAt(schema: ISchema, text: string, place: IPlace): IWords | null {
  const keys = outline(text);
  const open = place.typed.lastIndexOf('${');
  if (open >= 0 && !place.typed.slice(open).includes('}')) {
    return { from: place.from + open + 2, words: references(keys, place) };
  }
  // A profile changes what stands in the file, so the same may stand in it
  const path = place.path[0] === 'profiles' && place.path.length > 1 ? place.path.slice(2) : place.path;
  const here = path.reduce((nodes, key) => step(schema, nodes, key), expand(schema, schema));
  const words = place.key === null && place.path.at(-1) !== ITEM ? fields(schema, here, present(keys, place)) : values(place.key === null ? here : step(schema, here, place.key));
  const name = place.key ?? place.path.at(-2);
  if (name === 'needs' && place.path[0] === 'stages') {
    words.push(...stages(keys).filter(it => it !== place.path[1]).map(label => ({ label, kind: 'variable' as const, detail: 'stage', info: '' })));
  }
  return words.length ? { from: place.from, words } : null;
}

function expand(root: ISchema, node: ISchema): ISchema[] {
  if (node.$ref) {
    const found = root.$defs?.[node.$ref.split('/').at(-1) ?? ''];
    return found ? expand(root, found) : [];
  }
  const parts = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  return parts.length ? parts.flatMap(it => expand(root, it)) : [node];
}

function step(root: ISchema, nodes: ISchema[], key: string): ISchema[] {
  return nodes.flatMap(node => {
    const patterned = Object.entries(node.patternProperties ?? {}).find(([pattern]) => new RegExp(pattern, 'u').test(key))?.[1];
    const rest = typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
    const found = key === ITEM ? node.items : (node.properties?.[key] ?? patterned ?? rest);
    return found ? expand(root, found) : [];
  });
}

function fields(root: ISchema, nodes: ISchema[], there: Set<string>): IWord[] {
  const found = new Map<string, IWord>();
  for (const node of nodes) {
    for (const [label, field] of Object.entries(node.properties ?? {})) {
      if (!there.has(label)) {
        const types = [...new Set(expand(root, field).map(it => (it.enum ? it.enum.filter(Boolean).join(' | ') : it.type)).filter(Boolean))];
        const info = field.description ?? expand(root, field).find(it => it.description)?.description ?? '';
        found.set(label, { label, apply: `${label}: `, kind: 'property', detail: types.join(' or '), info });
      }
    }
  }
  return [...found.values()];
}

function values(nodes: ISchema[]): IWord[] {
  const found = nodes.flatMap(node => [...(node.enum ?? []), ...(node.const === undefined ? [] : [node.const]), ...(node.type === 'boolean' ? [true, false] : [])]);
  return [...new Set(found.filter(it => it !== '').map(String))].map(label => ({ label, kind: 'enum', detail: '', info: '' }));
}

/** Keys that stand in the mapping already. */
function present(keys: string[][], place: IPlace): Set<string> {
  return new Set(keys.filter(it => it.length === place.path.length + 1 && place.path.every((key, at) => key === it[at])).map(it => it.at(-1) ?? ''));
}

function stages(keys: string[][]): string[] {
  return below(keys, 'stages');
}

function below(keys: string[][], ...path: string[]): string[] {
  return [...new Set(keys.filter(it => it.length === path.length + 1 && path.every((key, at) => key === it[at])).map(it => it.at(-1) ?? ''))];
}

function references(keys: string[][], place: IPlace): IWord[] {
  const stage = place.path[0] === 'stages' ? (place.path[1] ?? '') : '';
  const found = below(keys, 'params').map(it => [`params.${it}`, 'param of the pipeline']);
  for (const other of stages(keys)) {
    found.push(...(other === stage ? [] : below(keys, 'stages', other, 'outputs').map(it => [`${other}.outputs.${it}`, `output of ${other}`])));
  }
  found.push(...below(keys, 'stages', stage, 'matrix').map(it => [`matrix.${it}`, 'of this stage’s matrix']));
  return found.map(([label = '', detail = '']) => ({ label, kind: 'variable', detail, info: '' }));
}
