// The stages of a pipeline and what needs what: the server says where everything stands.
import { VNode } from 'preact';

import { Pipeline } from '../models/pipeline';
import { PIPELINE } from '../models/pipeline_strings';

const MARKS: Record<string, string> = {
  run: '▶', cached: '✓', perhaps: '?', skip: '–', none: '·', waiting: '…', running: '▶', done: '✓', failed: '✗', 'gate-failed': '✗', skipped: '–', interrupted: '■'
};

export function PipelineGraph({ pipeline }: { pipeline: Pipeline }): VNode {
  const { graph } = pipeline;
  const now = Date.now();
  return (
    <div class="nbt-dag" role="group" aria-label={PIPELINE.graph} aria-description={graph.says}>
      <div class="nbt-dag-inner" style={{ width: graph.width, height: graph.height }}>
        <svg width={graph.width} height={graph.height} aria-hidden="true">
          {graph.arrows.map(it => (
            <path
              key={`${it.source}\n${it.target}`}
              d={it.path}
              class={`nbt-arrow${pipeline.chosen && (it.source === pipeline.chosen || it.target === pipeline.chosen) ? ' nbt-arrow-near' : ''}`}
            />
          ))}
        </svg>
        {graph.nodes.map(it => {
          const look = pipeline.look(it.id, now);
          return (
            <button
              key={it.id}
              type="button"
              class={`nbt-box nbt-box-${look.kind}`}
              aria-pressed={it.id === pipeline.chosen}
              title={[it.id, it.description, look.why].filter(Boolean).join('\n')}
              style={{ left: it.x, top: it.y, width: it.width, height: graph.box_height }}
              onClick={() => void pipeline.choose(it.id)}
              onDblClick={() => {
                const run = pipeline.state(it.id)?.run ?? pipeline.step(it.id)?.run;
                if (run) {
                  pipeline.door.openRun(run);
                }
              }}
            >
              <span class="nbt-box-name">{it.id}</span>
              <span class="nbt-box-state">
                <span aria-hidden="true">{MARKS[look.kind] ?? '·'}</span> {look.text}
              </span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
