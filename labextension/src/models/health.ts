// How delivery and server stand, in words for a status bar.
import { STRINGS } from './strings';
import { IHealth } from './wire';

export interface IStanding {
  text: string;
  /** The whole of it, for a tooltip and a dialog. */
  told: string;
  isGood: boolean;
}

const T = STRINGS.health;

export function standing(health: IHealth | null, isConnected: boolean): IStanding {
  if (!isConnected) {
    return { text: T.cutOff, told: T.cutOffTold, isGood: false };
  }
  if (!health) {
    return { text: T.name, told: T.unknown, isGood: true };
  }
  const waiting = health.waiting_runs ? T.waiting(health.waiting_runs) : '';
  const parts = [
    health.problem && `${health.problem} ${health.mend}`.trim(),
    health.stale,
    health.held_runs && T.held(health.held_runs),
    health.waiting_runs ? (health.is_off ? T.isOff(waiting) : health.is_alive ? T.isUnderWay(waiting) : T.isResting(waiting)) : T.isDelivered
  ].filter(Boolean);
  const isGood = !health.problem && !health.held_runs;
  return { text: health.problem ? T.problem(waiting) : waiting ? `${T.name}: ${waiting}` : health.held_runs ? T.heldShort(health.held_runs) : T.delivered, told: parts.join('\n'), isGood };
}
