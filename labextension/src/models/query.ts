// The query language: which runs a text such as `lr<0.1 and acc>=.9 tag:prod` means.
// nbtrack/reads/query.py reads the same; both are held by tests/unit/reads/query_cases.json.
import { parseNumber, Runs } from './runs';
import { asNumber, Bind, combined, compared, finder, IName, infoNumber, isThere, nameOf, negated, secondsOf, spanOf, Test, word } from './terms';

const TEXTS = ['name', 'experiment', 'notebook', 'cell', 'note', 'id', 'parent'];
const CHOICES: Record<string, string[]> = {
  state: ['running', 'finished', 'failed', 'killed', 'scheduled'],
  stamp: ['yes', 'no', 'unknown']
};
/** Names that mean something about every run; a metric or param called so is `metric.name`, `param.name`. */
export const RESERVED = [...TEXTS, 'state', 'stamp', 'started', 'duration', 'attempt', 'tag', 'has'];

const TOKEN = /\s*(?:(?<open>\()|(?<close>\))|(?<quoted>"(?:\\.|[^"\\])*")|(?<name>(?:`[^`]*`|[^\s()"`<>=!~:]|!(?!=))+)|(?<operator><=|>=|!=|==|[<>=~:]))/suy;
const VALUE = /\s*(?:(?<quoted>"(?:\\.|[^"\\])*")|(?<plain>(?:`[^`]*`|[^\s()"`])+))/suy;

/** Why a text is no query, and where. */
export class QueryError extends Error {
  constructor(
    readonly position: number,
    readonly text: string,
    readonly mend: string
  ) {
    super(`${text} ${mend}`);
  }
}

/** A query that was understood. */
export interface IQuery {
  /** Bare names it compares, in the order they appear. */
  names: string[];
  /** Whether it holds for a row of these runs. */
  bind(runs: Runs): Test;
}

/** Understand a query; an empty one holds for every run. Dates are the reader's own, or UTC. */
export function parseQuery(text: string, utc = false): IQuery {
  const reader = new Reader(text, utc);
  const bind = reader.whole();
  return { names: [...new Set(reader.names)], bind };
}

/** Names in it that could have meant something else too: those of a metric and a param, and reserved ones that a metric or param has. */
export function clashes(query: IQuery, runs: Runs): string[] {
  const metrics = new Set(runs.all('metric').map(column => column.name));
  const params = new Set(runs.all('param').map(column => column.name));
  return query.names.filter(name => (metrics.has(name) && params.has(name)) || (RESERVED.includes(name) && (metrics.has(name) || params.has(name))));
}

interface IToken {
  kind: 'open' | 'close' | 'quoted' | 'name' | 'operator';
  text: string;
  start: number;
  end: number;
}

/** Reads a query from left to right; a method for each rule of the grammar. */
class Reader {
  readonly names: string[] = [];

  constructor(
    private _text: string,
    private _utc: boolean
  ) {}

  whole(): Bind {
    if (!this._text.trim()) {
      return () => () => true;
    }
    const bind = this._any();
    const token = this._peek();
    if (token) {
      throw this._error(token.start, 'A parenthesis is closed that was not opened.', "Take the ')' out, or open it before.");
    }
    return bind;
  }

  private _any(): Bind {
    const some = [this._all()];
    while (this._takeWord('or')) {
      some.push(this._all());
    }
    return combined(some, false);
  }

  private _all(): Bind {
    const every = [this._factor()];
    for (;;) {
      const isSaid = this._takeWord('and');
      const token = this._peek();
      if (!isSaid && (!token || token.kind === 'close' || this._isWord(token, 'or'))) {
        return combined(every, true);
      }
      every.push(this._factor());
    }
  }

  private _factor(): Bind {
    if (this._takeWord('not')) {
      const inner = this._factor();
      return runs => negated(inner(runs));
    }
    const token = this._peek();
    if (!token) {
      throw this._error(this._text.length, 'The filter ends where something is missing.', 'Write a word or a comparison there, such as lr<0.1.');
    }
    if (token.kind === 'open') {
      this._at = token.end;
      const inner = this._any();
      const end = this._peek();
      if (end?.kind !== 'close') {
        throw this._error(token.start, 'This parenthesis is not closed.', "Close it with ')'.");
      }
      this._at = end.end;
      return inner;
    }
    if (token.kind !== 'name' && token.kind !== 'quoted') {
      throw this._error(token.start, `${quote(token.text)} stands where a name or a word was expected.`, 'Write a comparison such as lr<0.1, or put quotes around a text.');
    }
    if (token.kind === 'name' && (this._isWord(token, 'and') || this._isWord(token, 'or'))) {
      throw this._error(token.start, `${quote(token.text)} joins two terms; one is missing.`, 'Write lr<0.1 and acc>.9; put quotes around the word itself.');
    }
    this._at = token.end;
    const after = this._peek();
    if (token.kind === 'name' && after?.kind === 'operator') {
      this._at = after.end;
      return this._comparison(token.text, after.text, after.start);
    }
    return word(token.kind === 'quoted' ? unquoted(token.text) : token.text.replaceAll('`', ''));
  }

  private _comparison(name: string, operator: string, at: number): Bind {
    const how = operator === '==' ? '=' : operator;
    const it = nameOf(name);
    if (!it.kind && it.isPlain && it.text === 'tag') {
      return this._tag(how, at);
    }
    if (!it.kind && it.isPlain && it.text === 'has') {
      return this._has(how, at);
    }
    const [value, valueAt] = this._value(name, how);
    if (!it.kind) {
      this.names.push(it.text);
      if (it.isPlain && RESERVED.includes(it.text)) {
        return this._reserved(it.text, how, at, value, valueAt);
      }
    }
    return this._named(it, how, value, valueAt, name);
  }

  private _tag(how: string, at: number): Bind {
    if (how !== ':') {
      throw this._error(at, `'tag${how}' cannot be read.`, 'Write tag:prod, or tag:owner=ana.');
    }
    const token = this._peek();
    if (token?.kind !== 'name' && token?.kind !== 'quoted') {
      throw this._error(this._next(this._at), 'A tag was expected.', 'Write tag:prod, or tag:owner=ana.');
    }
    this._at = token.end;
    const name = token.kind === 'quoted' ? unquoted(token.text) : token.text.replaceAll('`', '');
    const after = this._peek();
    if (after?.kind !== 'operator') {
      const wanted = name.toLowerCase();
      return runs => {
        const tags = runs.all('tag');
        return row => tags.some(tag => tag.value(row) !== null && (tag.name.toLowerCase() === wanted || tag.text(row).toLowerCase() === wanted));
      };
    }
    this._at = after.end;
    const operator = after.text === '==' || after.text === ':' ? '=' : after.text;
    const [value, valueAt] = this._value(`tag:${name}`, operator);
    return this._named({ text: name, kind: 'tag', part: '', isPlain: false }, operator, value, valueAt, `tag:${name}`);
  }

  private _has(how: string, at: number): Bind {
    if (how !== ':' && how !== '=') {
      throw this._error(at, `'has${how}' cannot be read.`, 'Write has:acc.');
    }
    const name = this._value('has', how)[0].replaceAll('`', '');
    return runs => {
      const columns = ['metric', 'param', 'tag'].flatMap(kind => runs.column(`${kind}/${name}`) ?? []);
      return row => columns.some(column => isThere(column, row));
    };
  }

  private _reserved(name: string, how: string, at: number, value: string, valueAt: number): Bind {
    const known = CHOICES[name];
    const wanted = value.toLowerCase();
    const texts = (runs: Runs): ((row: number) => string) => {
      const column = runs.column(`info/${name}`);
      return row => column?.text(row).toLowerCase() ?? '';
    };
    if (known) {
      if (how !== ':' && how !== '=' && how !== '!=') {
        throw this._error(at, `A ${name} is compared with ':' or '!='.`, `Write ${name}:${known[1]}.`);
      }
      if (!known.includes(wanted)) {
        throw this._error(valueAt, `There is no ${name} ${quote(value)}.`, `It is one of ${known.join(', ')}.`);
      }
      return runs => {
        const text = texts(runs);
        return how === '!=' ? row => text(row) !== wanted : row => text(row) === wanted;
      };
    }
    if (name === 'started') {
      const span = spanOf(value, this._utc);
      if (!span || how === '~') {
        throw this._error(valueAt, `${quote(value)} is no date.`, 'Write started>2026-01-31, started<2026-01-31T18:30, started:today.');
      }
      const [low, high] = span;
      if (how === ':' || how === '=' || how === '!=') {
        return runs => {
          const started = runs.column('info/started')?.numbers ?? new Float64Array(runs.count);
          const isIn: Test = row => low <= (started[row] ?? NaN) && (started[row] ?? NaN) < high;
          return how === '!=' ? negated(isIn) : isIn;
        };
      }
      return runs => compared(how, low, infoNumber(runs, 'started'));
    }
    if (name === 'duration') {
      const seconds = secondsOf(value);
      if (seconds === undefined || how === '~') {
        throw this._error(valueAt, `${quote(value)} is no duration.`, 'Write duration<5m, duration>90 (seconds) or duration>=1h30m.');
      }
      return runs => compared(how, seconds, infoNumber(runs, 'duration'));
    }
    if (name === 'attempt') {
      const number = parseNumber(value);
      if (number === undefined || how === '~') {
        throw this._error(valueAt, `${quote(value)} is no number of an attempt.`, 'Write attempt=2.');
      }
      return runs => compared(how, number, infoNumber(runs, 'attempt'));
    }
    if (how !== ':' && how !== '~' && how !== '=' && how !== '!=') {
      throw this._error(at, `${quote(name)} is a text and has no order.`, `Write ${name}:${value} for a part of it, or ${name}=${value} for all of it.`);
    }
    return runs => {
      const text = texts(runs);
      return how === '=' ? row => text(row) === wanted : how === '!=' ? row => text(row) !== wanted : row => text(row).includes(wanted);
    };
  }

  private _named(it: IName, how: string, value: string, valueAt: number, typed: string): Bind {
    const number = parseNumber(value);
    if (['<', '<=', '>', '>='].includes(how)) {
      if (number === undefined) {
        throw this._error(valueAt, `${quote(value)} is not a number.`, `Write a number, such as ${typed}${how}0.1.`);
      }
      return runs => {
        const found = finder(it, runs);
        return compared(how, number, row => asNumber(found(row)));
      };
    }
    const wanted = value.toLowerCase();
    return runs => {
      const found = finder(it, runs);
      const equals: Test = row => {
        const value = found(row);
        if (value === undefined) {
          return false;
        }
        const text = String(value).toLowerCase();
        if (how === '~') {
          return text.includes(wanted);
        }
        const own = asNumber(value);
        return text === wanted || (number !== undefined && own !== undefined && (number === own || (Number.isNaN(number) && Number.isNaN(own))));
      };
      return how === '!=' ? negated(equals) : equals;
    };
  }

  /** The value behind an operator, and where it stands. */
  private _value(name: string, how: string): [string, number] {
    const found = matchAt(VALUE, this._text, this._at);
    if (!found) {
      this._unclosed(this._at);
      throw this._error(this._next(this._at), `A value was expected behind '${name}${how}'.`, `Write a number or a text, such as ${name}${how}0.1.`);
    }
    this._at = found.end;
    return [found.kind === 'quoted' ? unquoted(found.text) : found.text, found.start];
  }

  private _peek(): IToken | undefined {
    const token = matchAt(TOKEN, this._text, this._at) as IToken | undefined;
    if (!token && this._text.slice(this._at).trim()) {
      this._unclosed(this._at);
      throw this._error(this._next(this._at), 'This cannot be read.', 'Put quotes around a text that is no word.');
    }
    return token;
  }

  private _takeWord(wanted: string): boolean {
    const token = this._peek();
    if (!token || !this._isWord(token, wanted)) {
      return false;
    }
    this._at = token.end;
    return true;
  }

  /** Whether the token is that word, and not a name that is compared. */
  private _isWord(token: IToken, wanted: string): boolean {
    return token.kind === 'name' && token.text.toLowerCase() === wanted && matchAt(TOKEN, this._text, token.end)?.kind !== 'operator';
  }

  private _unclosed(at: number): void {
    const where = this._next(at);
    for (const [sign, what] of [
      ['"', 'quote'],
      ['`', 'backtick']
    ]) {
      if (this._text[where] === sign) {
        throw this._error(where, `This ${what} is not closed.`, `Close it with ${sign}.`);
      }
    }
  }

  /** Where the next letter stands. */
  private _next(at: number): number {
    const rest = this._text.slice(at);
    return this._text.length - rest.trimStart().length;
  }

  private _error(at: number, text: string, mend: string): QueryError {
    return new QueryError([...this._text.slice(0, at)].length, text, mend); // positions count letters, not halves of a surrogate pair
  }

  private _at = 0;
}

function matchAt(rule: RegExp, text: string, at: number): { kind: string; text: string; start: number; end: number } | undefined {
  rule.lastIndex = at;
  const match = rule.exec(text);
  const found = Object.entries(match?.groups ?? {}).find(([, part]) => part !== undefined);
  if (!match || !found) {
    return undefined;
  }
  const [kind, part] = found;
  return { kind, text: part, start: rule.lastIndex - part.length, end: rule.lastIndex };
}

/** As Python's repr writes a text. */
function quote(text: string): string {
  return text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text.replaceAll("'", "\\'")}'`;
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/gsu, '$1');
}
