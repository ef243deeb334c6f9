// Where in a YAML text something stands: keys above a place, by indentation and braces. It reads text that is being typed, so it never refuses.

/** Part of a path that stands for an item of a list. */
export const ITEM = '[]';

export interface IPlace {
  /** Keys and ITEMs that lead to the mapping or list that is written in. */
  path: string[];
  /** The key whose value is written; null where a key, or an item of a list, is. */
  key: string | null;
  /** What of it is written before the place, and where that begins. */
  typed: string;
  from: number;
}

interface ILevel {
  indent: number;
  key: string;
}

const KEY = /^("[^"]*"|'[^']*'|[^\s\-#{}[\],&*!|>'"%@`:](?:[^:#]|:(?!\s|$)|(?<=\S)#)*?)\s*:(?=\s|$)/;

/** Paths of all keys of a text. */
export function outline(text: string): string[][] {
  const found: string[][] = [];
  scan(text, path => found.push(path));
  return found;
}

/** What is written at a place of a text; null in a comment or a block of text. */
export function placeAt(text: string, at: number): IPlace | null {
  const begin = text.lastIndexOf('\n', at - 1) + 1;
  const { levels, block } = scan(text.slice(0, begin), () => undefined);
  const line = text.slice(begin, at);
  const lead = /^\s*/.exec(line)?.[0].length ?? 0;
  if (isComment(line) || (block >= 0 && lead > block)) {
    return null;
  }
  const rest = items(line, levels);
  const path = (): string[] => levels.map(it => it.key);
  const key = KEY.exec(line.slice(rest));
  if (!key) {
    pop(levels, rest, false);
    const typed = line.slice(rest);
    return /^[[{]/.test(typed) ? flow(typed, path(), begin + rest) : { path: path(), key: null, typed, from: begin + rest };
  }
  pop(levels, rest, false);
  const after = rest + key[0].length;
  const value = line.slice(after);
  const space = /^\s*/.exec(value)?.[0].length ?? 0;
  const typed = value.slice(space);
  if (!space) {
    return null;
  }
  const name = bare(key[1] ?? '');
  return /^[[{]/.test(typed) ? flow(typed, [...path(), name], begin + after + space) : { path: path(), key: name, typed, from: begin + after + space };
}

/** Read whole lines; gives the keys that are open at the end, and the indentation of a block of text that is (-1 for none). */
function scan(text: string, tell: (path: string[]) => void): { levels: ILevel[]; block: number } {
  const levels: ILevel[] = [];
  let block = -1;
  for (const line of text.split('\n')) {
    const lead = /^\s*/.exec(line)?.[0].length ?? 0;
    if (!line.trim() || (block >= 0 && lead > block)) {
      continue;
    }
    block = -1;
    if (line.trimStart().startsWith('#')) {
      continue;
    }
    const rest = items(line, levels);
    const key = KEY.exec(line.slice(rest));
    if (!key) {
      continue;
    }
    pop(levels, rest, false);
    levels.push({ indent: rest, key: bare(key[1] ?? '') });
    const path = levels.map(it => it.key);
    tell(path);
    const value = line.slice(rest + key[0].length).trimStart();
    if (/^[|>][+-]?\d*\s*(#.*)?$/.test(value)) {
      block = rest;
    } else if (value.startsWith('{')) {
      flow(value, path, 0, tell);
    }
  }
  return { levels, block };
}

/** Take in the dashes a line begins with; gives the column behind them. */
function items(line: string, levels: ILevel[]): number {
  let at = /^\s*/.exec(line)?.[0].length ?? 0;
  for (let dash = /^-(\s+|$)/.exec(line.slice(at)); dash; dash = /^-(\s+|$)/.exec(line.slice(at))) {
    pop(levels, at, true);
    levels.push({ indent: at, key: ITEM });
    at += dash[0].length;
  }
  return at;
}

/** Leave the levels that something at this indentation does not stand in; a list may stand as far left as its key. */
function pop(levels: ILevel[], indent: number, isItem: boolean): void {
  for (let last = levels.at(-1); last && (last.indent > indent || (last.indent === indent && (!isItem || last.key === ITEM))); last = levels.at(-1)) {
    levels.pop();
  }
}

/** What is written at the end of a piece in braces and brackets. */
function flow(text: string, base: string[], from: number, tell?: (path: string[]) => void): IPlace | null {
  const open: { path: string[]; isMap: boolean; key: string | null }[] = [];
  let path = base;
  let start = 0;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    const top = open.at(-1);
    if (quote) {
      quote = char === quote ? '' : quote;
    } else if ((char === '"' || char === "'") && !text.slice(start, at).trim()) {
      quote = char;
    } else if (char === '$' && text[at + 1] === '{') {
      const end = text.indexOf('}', at);
      at = end < 0 ? text.length : end;
    } else if (char === '{' || char === '[') {
      if (top) {
        path = [...top.path, ...(top.isMap ? [top.key ?? ''] : [ITEM])];
      }
      open.push({ path, isMap: char === '{', key: null });
      start = at + 1;
    } else if (char === '}' || char === ']') {
      open.pop();
      start = at + 1;
      if (!open.length) {
        return null;
      }
    } else if (char === ',' && top) {
      top.key = null;
      start = at + 1;
    } else if (char === ':' && top?.isMap && top.key === null && /\s|^$/.test(text[at + 1] ?? '')) {
      top.key = bare(text.slice(start, at).trim());
      tell?.([...top.path, top.key]);
      start = at + 1;
    }
  }
  const top = open.at(-1);
  if (!top) {
    return null;
  }
  const space = /^\s*/.exec(text.slice(start))?.[0].length ?? 0;
  const where = { typed: text.slice(start + space), from: from + start + space };
  return top.isMap ? { path: top.path, key: top.key, ...where } : { path: [...top.path, ITEM], key: null, ...where };
}

function isComment(line: string): boolean {
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? '';
    if (quote) {
      quote = char === quote ? '' : quote;
    } else if (char === '"' || char === "'") {
      quote = /[\s:,[{(-]/.test(line[at - 1] ?? ' ') ? char : '';
    } else if (char === '#' && /^$|\s/.test(line[at - 1] ?? '')) {
      return true;
    }
  }
  return false;
}

function bare(key: string): string {
  return /^(["']).*\1$/.test(key) ? key.slice(1, -1) : key;
}
