// Confusion matrices of several runs on one scale, so that a darker cell means more in each of them.
import { VNode } from 'preact';
import { useState } from 'preact/hooks';

import { formatNumber } from '../models/format';
import { IMatrix } from '../models/shapes';
import { STRINGS } from '../models/strings';

const T = STRINGS.figures;
const DEEPEST = 45; // per cent of the accent colour; beyond it text would be hard to read

export function Matrices({ matrices, of }: { matrices: IMatrix[]; of(run: string): string }): VNode {
  const [areShares, setShares] = useState(false);
  const shown = matrices.map(matrix => ({ ...matrix, values: areShares ? matrix.values.map(shares) : matrix.values }));
  const highest = Math.max(0, ...shown.flatMap(matrix => matrix.values.flat()));
  return (
    <>
      <div class="nbt-bar">
        <label>
          <input type="checkbox" checked={areShares} onChange={event => setShares(event.currentTarget.checked)} /> {T.shares}
        </label>
        <span class="nbt-says">{T.scale('0', formatNumber(highest, 3))}</span>
      </div>
      <div class="nbt-matrices">
        {shown.map(matrix => (
          <div key={matrix.run} class="nbt-scroll" tabIndex={0} role="group" aria-label={T.of(T.matrix(matrix.name), of(matrix.run))}>
            <table class="nbt-matrix">
              <caption>{of(matrix.run)}</caption>
              <thead>
                <tr>
                  <td>{T.predicted}</td>
                  {matrix.values.map((_, at) => (
                    <th key={at} scope="col">
                      {matrix.labels[at] ?? at}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {matrix.values.map((row, at) => (
                  <tr key={at}>
                    <th scope="row">{matrix.labels[at] ?? at}</th>
                    {row.map((value, column) => (
                      <td
                        key={column}
                        class="nbt-number"
                        style={{ background: `color-mix(in srgb, var(--nbt-accent) ${Math.round((highest ? Math.max(0, value) / highest : 0) * DEEPEST)}%, var(--nbt-bg))` }}
                      >
                        {formatNumber(value, 3)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ))}
      </div>
    </>
  );
}

function shares(row: number[]): number[] {
  const sum = row.reduce((total, value) => total + value, 0);
  return row.map(value => (sum ? value / sum : 0));
}
