// Curves of one metric, as a figure with its sentence.
import { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { IInk } from '../charts/colours';
import { ILine, ILinesOptions, Lines } from '../charts/lines';
import { useSize } from './hooks';

interface IProps extends Omit<ILinesOptions, 'ink'> {
  metric: string;
  says: string;
  lines: ILine[];
  sync: string;
  ink: IInk;
}

export function Plot({ metric, says, lines, sync, ...options }: IProps): VNode {
  const [ref, { width }] = useSize<HTMLDivElement>();
  const chart = useRef<Lines | null>(null);
  useEffect(() => {
    if (!ref.current) {
      return;
    }
    if (chart.current) {
      chart.current.draw(lines, options);
    } else {
      chart.current = new Lines(ref.current, lines, options, sync);
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
  return (
    <figure class="nbt-plot">
      <figcaption>{metric}</figcaption>
      <div ref={ref} role="img" aria-label={says} />
    </figure>
  );
}
