// The plugins of the JupyterLab extension.
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { about } from './plugins/about';

const plugins: JupyterFrontEndPlugin<unknown>[] = [about];

export default plugins;
