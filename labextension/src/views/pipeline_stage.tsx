// One stage of a pipeline: what would become of it and why, what became of it, its gates, and what its cells print.
import { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { Pipeline } from '../models/pipeline';
import { IPipelineNode } from '../models/wire';
import { PIPELINE } from '../models/pipeline_strings';
import { STRINGS } from '../models/strings';

const WORDS = PIPELINE;
const NEAR = 24;

export function PipelineStage({ pipeline, node }: { pipeline: Pipeline; node: IPipelineNode }): VNode {
  const state = pipeline.state(node.id);
  const step = pipeline.step(node.id);
  const run = state ? state.run : (step?.run ?? '');
  const rows: [string, string][] = [
    [WORDS.rows.about, node.description],
    [WORDS.rows.needs, node.needs.join(', ')],
    [WORDS.rows.plan, step ? `${WORDS.actions[step.action]}${step.reasons.length ? `: ${step.reasons.join('; ')}` : ''}` : ''],
    [WORDS.rows.state, state ? WORDS.phase(state, Date.now(), pipeline.isRunning) : ''],
    [WORDS.rows.why, state?.reason ?? ''],
    [WORDS.rows.attempt, state && state.attempt > 1 ? String(state.attempt) : '']
  ];
  return (
    <section class="nbt-stage" aria-label={WORDS.stage(node.id)}>
      <header>
        <h3>{node.id}</h3>
        <button type="button" disabled={!run} onClick={() => pipeline.door.openRun(run)}>
          {WORDS.openRun}
        </button>
        <button type="button" disabled={!node.notebook} onClick={() => pipeline.door.openNotebook(node.notebook)}>
          {WORDS.openNotebook}
        </button>
        <button type="button" onClick={() => void pipeline.choose(node.id)}>
          {STRINGS.close}
        </button>
      </header>
      <table>
        <tbody>
          {rows
            .filter(([, value]) => value)
            .map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{value}</td>
              </tr>
            ))}
        </tbody>
      </table>
      {node.gates.length > 0 && <Gates pipeline={pipeline} node={node} />}
      {state && state.phase !== 'waiting' && <Log text={[pipeline.log, pipeline.result?.traceback].filter(Boolean).join('\n')} />}
    </section>
  );
}

function Gates({ pipeline, node }: { pipeline: Pipeline; node: IPipelineNode }): VNode {
  const found = new Map((pipeline.result?.verdicts ?? []).map(it => [it.gate, it]));
  return (
    <table>
      <caption>{WORDS.gates}</caption>
      <thead>
        <tr>
          {WORDS.gateColumns.map(it => (
            <th key={it} scope="col">
              {it}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {[...new Set([...node.gates, ...found.keys()])].map(name => {
          const it = found.get(name);
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class={it?.standing === 'failed' ? 'nbt-problem' : ''}>{it?.standing ?? WORDS.notJudged}</td>
              <td>{it?.measured ?? ''}</td>
              <td>{it?.wanted ?? ''}</td>
              <td>{it ? `${it.why} ${it.mend}`.trim() : ''}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** What the cells print: follows the end, unless the reader went up. */
function Log({ text }: { text: string }): VNode {
  const ref = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (ref.current && isAtEnd.current) {
      ref.current.scrollTop = ref.current.scrollHeight;
    }
  }, [text]);
  return (
    <pre
      ref={ref}
      class="nbt-log"
      role="log"
      aria-label={WORDS.log}
      tabIndex={0}
      onScroll={event => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR;
      }}
    >
      {text || WORDS.silent}
    </pre>
  );
}
