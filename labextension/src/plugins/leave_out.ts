// Leaves out of all later runs of a notebook what a cell's last run recorded and nobody wants.
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, InputDialog } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';

import { exclusion, recorded } from '../models/leave_out';
import { Runs } from '../models/runs';
import { STRINGS } from '../models/strings';
import { CATEGORY, LEAVE_OUT } from './commands';
import { INotebookRuns } from './notebook_runs';
import { insert } from './tracking';

export const leaveOut: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:leave-out',
  description: 'Leaves names of a run out of the later ones of its notebook.',
  autoStart: true,
  requires: [INotebookTracker, INotebookRuns],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, runs: INotebookRuns, palette: ICommandPalette | null): void => {
    const names = (): string[] => {
      const found = tracker.currentWidget ? runs.of(tracker.currentWidget).runs : null;
      return found && tracker.activeCell ? recorded(new Runs(found), tracker.activeCell.model.id) : [];
    };
    app.commands.addCommand(LEAVE_OUT, {
      label: STRINGS.leaveOut.label,
      caption: STRINGS.leaveOut.caption,
      isEnabled: () => names().length > 0,
      execute: async () => {
        const panel = tracker.currentWidget;
        const { button, value } = await InputDialog.getMultipleItems({ title: STRINGS.leaveOut.title, items: names(), okLabel: STRINGS.leaveOut.ok });
        if (panel && !panel.isDisposed && button.accept && value?.length) {
          await insert(panel, exclusion(value));
        }
      }
    });
    palette?.addItem({ command: LEAVE_OUT, category: CATEGORY });
  }
};
