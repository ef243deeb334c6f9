// The line under a tracked cell. Plain DOM: a notebook may have thousands of cells.
import { IBadge } from '../models/badges';
import { STRINGS } from '../models/strings';
import { MARKS } from './cell';

/** Fill an element with what a badge says. Everything is set as text: names come from notebooks of anybody. */
export function draw(element: HTMLElement, badge: IBadge, isStale: boolean, open: () => void): void {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'nbt-badge-button';
  button.setAttribute('aria-label', STRINGS.badge.label(badge.title));
  button.addEventListener('click', open);
  const part = (text: string, kind: string, title = ''): void => {
    if (text) {
      const span = document.createElement('span');
      span.className = kind;
      span.textContent = text;
      span.title = title;
      button.append(span);
    }
  };
  part(MARKS[badge.state] ?? '·', `nbt-mark nbt-mark-${badge.state}`, badge.state);
  part(badge.title, 'nbt-title');
  part(badge.metric, 'nbt-value');
  part(badge.delta, `nbt-delta nbt-${badge.how}`, STRINGS.verdicts[badge.how]);
  part(badge.duration, 'nbt-faint');
  if (badge.stamp) {
    part('●', `nbt-stamp-dot nbt-mark-${badge.stamp}`, STRINGS.stamps[badge.stamp] ?? '');
  }
  if (badge.count > 1) {
    part(`×${badge.count}`, 'nbt-faint', STRINGS.badge.attempts(badge.count));
  }
  if (isStale) {
    part(STRINGS.badge.stale, 'nbt-stale', STRINGS.badge.staleTitle);
  }
  element.replaceChildren(button);
}
