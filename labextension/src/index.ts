// The plugins of the JupyterLab extension.
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { about } from './plugins/about';
import { artifacts } from './plugins/artifacts';
import { badges } from './plugins/badges';
import { files } from './plugins/files';
import { form } from './plugins/form';
import { leaveOut } from './plugins/leave_out';
import { link } from './plugins/link';
import { live } from './plugins/live';
import { mainViews } from './plugins/main_views';
import { notebookDiff } from './plugins/notebook_diff';
import { notebookRuns } from './plugins/notebook_runs';
import { notifications } from './plugins/notifications';
import { pipeline } from './plugins/pipeline';
import { runsPanel } from './plugins/runs_panel';
import { settings } from './plugins/settings';
import { status } from './plugins/status';
import { tracking } from './plugins/tracking';

const plugins = [about, settings, link, notebookRuns, badges, live, pipeline, runsPanel, mainViews, artifacts, notebookDiff, tracking, leaveOut, form, files, status, notifications];

export default plugins as JupyterFrontEndPlugin<unknown>[];
