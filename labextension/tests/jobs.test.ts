import { expect, test } from 'vitest';

import { parseEvents } from '../src/models/event_stream';
import { IJobs, JobLog, settled } from '../src/models/jobs';
import { sourceDigest } from '../src/models/source';
import { IJob, IJobNews } from '../src/models/wire';

test('events come in pieces, and what is none is passed over', () => {
  const first = parseEvents(': here\n\nevent: runs\ndata: ["a"]\n\nevent: jo');
  expect(first.events).toEqual([{ name: 'runs', data: ['a'] }]);
  const second = parseEvents(`${first.rest}b\ndata: {"id": "1"}\n\nevent: runs\ndata: {broken\n\n`);
  expect(second).toEqual({ events: [{ name: 'job', data: { id: '1' } }], rest: '' });
});

test('of a line that was written over the last state is left', () => {
  expect(settled('10%\r20%\r100%\ndone\r\nnext\r')).toBe('100%\ndone\nnext\r');
  expect(settled(settled('10%\r') + '20%\r')).toBe('20%\r');
});

test('a job is read again when it is told of, from where it was read to', async () => {
  let tell: (news?: IJobNews) => void = () => undefined;
  const asked: number[] = [];
  const said = ['😀 one\n', 'two\n'];
  const job = { id: 'j', state: 'running' } as IJob;
  const jobs: IJobs = {
    start: () => Promise.resolve(job),
    all: () => Promise.resolve([job]),
    cancel: () => Promise.resolve(job),
    on: told => {
      tell = told;
      return () => undefined;
    },
    output: (_, start) => {
      asked.push(start);
      const text = said.shift() ?? '';
      return Promise.resolve({ job, start, next: start + [...text].length, text });
    }
  };
  const log = new JobLog(jobs, job);
  await new Promise(resolve => setTimeout(resolve));
  tell({ id: 'another' } as IJobNews);
  tell({ id: 'j' } as IJobNews);
  await new Promise(resolve => setTimeout(resolve));
  expect(log.text).toBe('😀 one\ntwo\n');
  expect(asked).toEqual([0, 6]);
});

test('the digest of a cell is the one that Python makes', () => {
  expect(sourceDigest('%%track fit --tag a=1\nloss = 0.5\n')).toBe(sourceDigest('loss = 0.5'));
  expect(sourceDigest('loss = 0.5')).not.toBe(sourceDigest('loss = 0.6'));
  expect(sourceDigest('é = "😀"')).toBe('af951260');
});
