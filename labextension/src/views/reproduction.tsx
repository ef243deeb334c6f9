// The verdict on a reproduction.
import { VNode } from 'preact';

import { STRINGS } from '../models/strings';
import { IJob, IReproduction } from '../models/wire';

const MOST = 50; // differences that are listed; the first is named in the verdict

export function Verdict({ job, open }: { job: IJob; open(run: string): void }): VNode | null {
  const found = job.result as IReproduction | null;
  if (job.state !== 'ended' || !found?.verdict) {
    return job.state === 'ended' ? <p class="nbt-verdict nbt-verdict-none">{STRINGS.reproduce.none(job.code)}</p> : null;
  }
  const kind = found.exit_code === 0 ? 'same' : found.exit_code === 1 ? 'different' : 'none';
  return (
    <div class={`nbt-verdict nbt-verdict-${kind}`} role="status">
      <strong>{STRINGS.reproduce.verdict(found.name, found.verdict)}</strong>
      {found.why && <p>{found.why}</p>}
      {found.compared && <p class="nbt-faint">{STRINGS.reproduce.compared(found.compared)}</p>}
      {found.not_judged.length > 0 && <p class="nbt-faint">{STRINGS.reproduce.unjudged(found.not_judged.join(', '))}</p>}
      {found.packages.length > 0 && <p class="nbt-faint">{STRINGS.reproduce.packages(found.packages.join('; '))}</p>}
      {found.differences.length > 0 && (
        <table>
          <caption>{STRINGS.reproduce.differences}</caption>
          <thead>
            <tr>
              <th scope="col">{STRINGS.reproduce.head.what}</th>
              <th scope="col">{STRINGS.reproduce.head.before}</th>
              <th scope="col">{STRINGS.reproduce.head.now}</th>
            </tr>
          </thead>
          <tbody>
            {found.differences.slice(0, MOST).map((it, index) => (
              <tr key={index}>
                <th scope="row">
                  {it.what}
                  {it.is_within ? ` (${STRINGS.reproduce.within})` : ''}
                </th>
                <td>{it.before}</td>
                <td>{it.now}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found.new_run && (
        <button type="button" onClick={() => open(found.new_run)}>
          {STRINGS.reproduce.open}
        </button>
      )}
    </div>
  );
}
