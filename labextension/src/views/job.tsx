// A job that the server runs: where it stands, what it says, and ending it.
import { ComponentChildren, VNode } from 'preact';
import { useEffect, useReducer, useRef, useState } from 'preact/hooks';

import { formatDuration } from '../models/format';
import { IJobs, isOver, JobLog } from '../models/jobs';
import { STRINGS } from '../models/strings';
import { IJob } from '../models/wire';

/** The newest job of a kind about something, found again after a reload; `take` shows another one. */
export function useJob(jobs: IJobs, kind: string, subject: string): [JobLog | null, (job: IJob) => void] {
  const [log, set] = useState<JobLog | null>(null);
  const [, draw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    let isHere = true;
    jobs.all().then(
      all => {
        const found = all.find(job => job.kind === kind && job.subject === subject);
        if (isHere && found) {
          set(before => before ?? new JobLog(jobs, found));
        }
      },
      () => undefined // the server is asked again when there is a job to begin
    );
    return () => {
      isHere = false;
    };
  }, [jobs, kind, subject]);
  useEffect(() => {
    const disconnect = log?.changed.connect(() => draw(undefined));
    return () => {
      disconnect?.();
      log?.dispose();
    };
  }, [log]);
  return [log, job => set(new JobLog(jobs, job))];
}

export function JobView({ log, children }: { log: JobLog; children?: ComponentChildren }): VNode {
  const { job } = log;
  const end = useRef<HTMLPreElement>(null);
  const isBelow = useRef(true);
  useEffect(() => {
    if (isBelow.current && end.current) {
      end.current.scrollTop = end.current.scrollHeight;
    }
  }, [log.text]);
  const seconds = ((job.ended_ms ?? Date.now()) - job.started_ms) / 1000;
  return (
    <section class="nbt-job" aria-label={job.title}>
      <div class="nbt-bar">
        <strong>{job.title}</strong>
        <span role="status" class={`nbt-note nbt-job-${job.state}`}>
          {STRINGS.job.states[job.state]}
          {isOver(job) ? ` ${STRINGS.job.after(formatDuration(seconds))}` : ''}
        </span>
        {!isOver(job) && (
          <button type="button" disabled={job.state === 'cancelling'} onClick={() => void log.cancel()}>
            {STRINGS.job.cancel}
          </button>
        )}
      </div>
      {children}
      {log.problem && (
        <p role="alert" class="nbt-note nbt-problem">
          {log.problem}
        </p>
      )}
      <pre
        ref={end}
        class="nbt-log"
        tabIndex={0}
        role="log"
        aria-label={STRINGS.job.log(job.title)}
        onScroll={event => {
          const it = event.currentTarget;
          isBelow.current = it.scrollTop + it.clientHeight > it.scrollHeight - 20;
        }}
      >
        {log.text || STRINGS.job.nothing}
      </pre>
    </section>
  );
}
