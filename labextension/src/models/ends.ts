// Runs that ended while nobody looked, told in one sentence however many they are.
import { STRINGS } from './strings';
import { IEnded } from './wire';

export type Wanted = 'hidden and failed' | 'failed' | 'never';

export function isTold(ended: IEnded, wanted: Wanted, isHidden: boolean): boolean {
  return wanted !== 'never' && (ended.state !== 'FINISHED' || (isHidden && wanted === 'hidden and failed'));
}

export function sentence(ended: readonly IEnded[]): string {
  const [first] = ended;
  if (ended.length === 1 && first) {
    return STRINGS.ended.one(first.name, first.state.toLowerCase(), first.reason);
  }
  return STRINGS.ended.many(ended.length, ended.filter(it => it.state !== 'FINISHED').length);
}
