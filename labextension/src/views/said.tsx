// What stands in place of a chart while its numbers are asked for, or when there are none.
import { VNode } from 'preact';

import { STRINGS } from '../models/strings';
import { IAnswered } from './hooks';

export function Said<T>({ of, empty = '' }: { of: IAnswered<T>; empty?: string }): VNode | null {
  if (of.problem) {
    return (
      <p role="alert" class="nbt-problem">
        {of.problem.text} {of.problem.mend}
      </p>
    );
  }
  if (!of.answer) {
    return of.isWaiting ? (
      <p role="status" class="nbt-empty">
        {STRINGS.waiting}
      </p>
    ) : null;
  }
  return empty ? <p class="nbt-empty">{empty}</p> : null;
}
