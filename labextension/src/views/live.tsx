// Below a cell whose run goes on: a button that stops it, and its curves where the cell's own output does not show them.
import { render, VNode } from 'preact';

import { formatDuration, formatNumber } from '../models/format';
import { ISeries } from '../models/shapes';
import { STRINGS } from '../models/strings';
import { Spark } from './spark';

const T = STRINGS.live;

export interface ILive {
  title: string;
  /** Seconds since the run began; null once it ended. */
  elapsed: number | null;
  /** Curves so far; null where the cell's output shows them. */
  curves: ISeries[] | null;
  /** Steps a second over the last looks; null where they are not known. */
  rate: number | null;
  /** Null where the kernel is not at work for this notebook. */
  stop: (() => void) | null;
}

function Live({ live }: { live: ILive }): VNode {
  return (
    <div role="group" aria-label={T.label(live.title)} class="nbt-live-run">
      {live.stop && (
        <button type="button" class="nbt-stop" title={T.stopTitle} onClick={live.stop}>
          <span aria-hidden="true">■ </span>
          {T.stop}
        </button>
      )}
      {live.curves && (
        <>
          <span class="nbt-faint">{live.elapsed === null ? T.ended : [T.running(formatDuration(live.elapsed)), ...facts(live.curves, live.rate)].join(' · ')}</span>
          {live.curves.map(curve => (
            <span key={curve.metric} class="nbt-live-curve">
              <span>
                {curve.metric} <b>{formatNumber(Number(curve.y[curve.y.length - 1]))}</b>
              </span>
              <Spark x={curve.x} y={curve.y} says={STRINGS.panel.curve(curve.metric, curve.count)} />
            </span>
          ))}
        </>
      )}
    </div>
  );
}

/** How far the loop is, and how fast. */
function facts(curves: ISeries[], rate: number | null): string[] {
  const known = curves.filter(curve => curve.total !== undefined);
  const done = Math.max(0, ...known.map(curve => curve.count));
  const total = known[0]?.total ?? 0;
  const left = rate && done < total ? `, ${T.left(formatDuration((total - done) / rate))}` : '';
  return [...(total ? [T.step(done, total) + left] : []), ...(rate ? [rate >= 1 ? T.rate(formatNumber(rate, 3)) : T.slow(formatNumber(1 / rate, 3))] : [])];
}

/** Draw it into an element; null takes it away. */
export function drawLive(element: HTMLElement, live: ILive | null): void {
  render(live && <Live live={live} />, element);
}
