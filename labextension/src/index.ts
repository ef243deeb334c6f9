// The plugins of the JupyterLab extension.
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { about } from './plugins/about';
import { badges } from './plugins/badges';
import { link } from './plugins/link';
import { notebookRuns } from './plugins/notebook_runs';
import { runsPanel } from './plugins/runs_panel';
import { tracking } from './plugins/tracking';

const plugins: JupyterFrontEndPlugin<unknown>[] = [about, link, notebookRuns, badges, runsPanel, tracking] as JupyterFrontEndPlugin<unknown>[];

export default plugins;
