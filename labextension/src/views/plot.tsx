// Curves of one metric, as a figure with its sentence.
import { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { IInk } from '../charts/colours';
import { ILine, ILinesOptions, Lines } from '../charts/lines';
import { Span } from '../charts/span';
import { STRINGS } from '../models/strings';
import { useSize } from './hooks';

const STEP = 0.7; // of what is shown, with each key

interface IProps extends Omit<ILinesOptions, 'ink'> {
  metric: string;
  says: string;
  lines: ILine[];
  span: Span;
  sync: string;
  ink: IInk;
}

export function Plot({ metric, says, lines, span, sync, ...options }: IProps): VNode {
  const [ref, { width }] = useSize<HTMLDivElement>();
  const chart = useRef<Lines | null>(null);
  useEffect(() => {
    if (!ref.current) {
      return;
    }
    if (chart.current) {
      chart.current.draw(lines, options);
    } else {
      chart.current = new Lines(ref.current, lines, options, span, sync);
    }
  });
  useEffect(() => chart.current?.resize(width), [width]);
  useEffect(
    () => () => {
      chart.current?.destroy();
      chart.current = null;
    },
    []
  );
  const press = (event: KeyboardEvent): void => {
    const acts: Record<string, () => void> = {
      '+': () => chart.current?.zoom(STEP),
      '=': () => chart.current?.zoom(STEP),
      '-': () => chart.current?.zoom(1 / STEP),
      ArrowLeft: () => chart.current?.pan(-0.2),
      ArrowRight: () => chart.current?.pan(0.2),
      '0': () => span.move(null)
    };
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : acts[event.key];
    if (act) {
      act();
      event.preventDefault();
    }
  };
  return (
    <figure class="nbt-plot">
      <figcaption>{metric}</figcaption>
      <div ref={ref} role="img" tabIndex={0} aria-label={says} aria-description={STRINGS.curves.keys} onKeyDown={press} />
    </figure>
  );
}
