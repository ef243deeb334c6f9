// The command that says which nbtrack this page runs.
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ICommandPalette, showDialog } from '@jupyterlab/apputils';

import { version } from '../../package.json';

const COMMAND = 'nbtrack:about';

export const about: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:about',
  description: 'Says which version of nbtrack this page runs.',
  autoStart: true,
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, palette: ICommandPalette | null): void => {
    app.commands.addCommand(COMMAND, {
      label: 'About nbtrack',
      execute: () =>
        showDialog({
          title: 'nbtrack',
          body: `Version ${version}. Put %%track above a cell and run it: the cell is then a run, kept with all it printed, drew and computed.`,
          buttons: [Dialog.okButton({ label: 'Close' })]
        })
    });
    palette?.addItem({ command: COMMAND, category: 'nbtrack' });
  }
};
