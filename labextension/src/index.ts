// The plugins of the JupyterLab extension.
import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { about } from './plugins/about';
import { link } from './plugins/link';

const plugins: JupyterFrontEndPlugin<unknown>[] = [about, link];

export default plugins;
