// A labelled choice of one among some.
import { VNode } from 'preact';

interface IProps<T extends string> {
  label: string;
  value: T;
  options: [T, string][];
  choose(value: T): void;
}

export function Select<T extends string>({ label, value, options, choose }: IProps<T>): VNode {
  return (
    <label class="nbt-select">
      {label}{' '}
      <select value={value} onChange={event => choose(event.currentTarget.value as T)}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
