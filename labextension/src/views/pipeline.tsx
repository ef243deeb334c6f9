// A pipeline in the main area: its graph, what a run would do or how one stands, and one stage in full.
import { render, VNode } from 'preact';
import { useEffect, useReducer } from 'preact/hooks';

import { IPipelineDoor, Pipeline, PLAN } from '../models/pipeline';
import { PIPELINE } from '../models/pipeline_strings';
import { PipelineGraph } from './pipeline_graph';
import { PipelineStage } from './pipeline_stage';
import css from './pipelines.css';
import { Select } from './select';
import { dress } from './theme';

const WORDS = PIPELINE;

function View({ pipeline }: { pipeline: Pipeline }): VNode {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => pipeline.changed.connect(() => draw(undefined)), [pipeline]);
  const { graph, problem, isRunning, isOurs, node } = pipeline;
  const isBroken = graph.problems.length > 0;
  const isBusy = isRunning || isOurs;
  return (
    <>
      <div class="nbt-bar">
        <button type="button" disabled={isBusy || isBroken} onClick={() => void pipeline.run({})}>
          {WORDS.run}
        </button>
        <button type="button" disabled={isBusy || isBroken || !node} title={node ? '' : WORDS.chooseFirst} onClick={() => void pipeline.run({ start: pipeline.chosen })}>
          {WORDS.runFrom}
        </button>
        <button type="button" disabled={isBusy || isBroken || !node} title={node ? '' : WORDS.chooseFirst} onClick={() => void pipeline.run({ stages: [pipeline.chosen] })}>
          {WORDS.runOne}
        </button>
        <button type="button" disabled={isBusy || isBroken || !pipeline.retryable} onClick={() => void pipeline.run({ resume: pipeline.retryable })}>
          {WORDS.retry}
        </button>
        <button type="button" disabled={!isOurs || pipeline.isCancelling} onClick={() => void pipeline.cancel()}>
          {pipeline.isCancelling ? WORDS.cancelling : WORDS.cancel}
        </button>
        <Select
          label={WORDS.show}
          value={pipeline.shown}
          options={[[PLAN, WORDS.plan], ...pipeline.past.map(it => [it.run, WORDS.past(it)] as [string, string])]}
          choose={run => void pipeline.show(run)}
        />
        {graph.profiles.length > 0 && (
          <Select
            label={WORDS.profile}
            value={pipeline.profile}
            options={[['', WORDS.noProfile], ...graph.profiles.map(it => [it, it] as [string, string])]}
            choose={profile => void pipeline.read(profile)}
          />
        )}
        <button type="button" onClick={() => pipeline.door.openText()}>
          {WORDS.edit}
        </button>
      </div>
      <p class="nbt-says" role="status">
        {isOurs && !isRunning ? WORDS.starting : pipeline.shown === PLAN ? (pipeline.isPlanning ? WORDS.planning : WORDS.wouldRun(pipeline.steps)) : WORDS.stands(pipeline.status)}
      </p>
      {problem && (
        <p class="nbt-note nbt-problem" role="alert">
          {problem.text} {problem.mend}
        </p>
      )}
      {isBroken && (
        <ul class="nbt-note nbt-problem" role="alert">
          {graph.problems.map((it, index) => (
            <li key={index}>
              {it.line ? WORDS.line(it.line) : ''} {it.text}
            </li>
          ))}
        </ul>
      )}
      <PipelineGraph pipeline={pipeline} />
      {node && <PipelineStage pipeline={pipeline} node={node} />}
    </>
  );
}

/** Show a pipeline in an element, until the function that is returned is called. */
export function showPipeline(element: HTMLElement, door: IPipelineDoor): { read(): void; dispose(): void } {
  const pipeline = new Pipeline(door);
  const undress = dress(element, WORDS.label, css);
  render(<View pipeline={pipeline} />, element);
  return {
    read: () => void pipeline.read(),
    dispose: () => {
      render(null, element);
      undress();
      pipeline.dispose();
    }
  };
}
