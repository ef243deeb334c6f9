// Jobs of the Jupyter server, for whoever shows them.
import { IJobs } from '../models/jobs';
import { IJob, IJobList, IJobNews, IOutput } from '../models/wire';
import { serverEvents } from './events';
import { ask } from './server';

export const jobs: IJobs = {
  start: asked => ask<IJob>('jobs', {}, asked),
  all: async () => (await ask<IJobList>('jobs')).jobs,
  output: (id, start) => ask<IOutput>(`jobs/${id}`, { start: String(start) }),
  cancel: id => ask<IJob>(`jobs/${id}`, {}, { do: 'cancel' }),
  on: told => serverEvents.on('job', data => told(data as IJobNews | undefined))
};
