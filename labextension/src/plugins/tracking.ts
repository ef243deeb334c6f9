// What makes a cell or a notebook tracked: commands, a button of the notebook's toolbar, and entries of the cell's menu.
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, ToolbarButton } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';

import { toggled } from '../models/track_line';
import { CATEGORY, OPEN_COMPARE, SHOW_RUNS, TRACK_CELL, TRACK_OFF, TRACK_ON } from './commands';

export const tracking: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:tracking',
  description: 'Tracks cells and notebooks by command.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, palette: ICommandPalette | null): void => {
    const isEnabled = (): boolean => tracker.currentWidget !== null && tracker.activeCell?.model.type === 'code';
    app.commands.addCommand(TRACK_CELL, {
      label: 'Track This Cell',
      caption: 'Put %%track above the cell, or take it off',
      isEnabled,
      isToggled: () => isEnabled() && /^\s*%%track\b/.test(tracker.activeCell?.model.sharedModel.getSource() ?? ''),
      execute: () => {
        const cell = tracker.activeCell?.model.sharedModel;
        cell?.setSource(toggled(cell.getSource()));
      }
    });
    const say = (line: string) => async (): Promise<void> => {
      const panel = tracker.currentWidget;
      if (panel) {
        await insert(panel, line);
      }
    };
    app.commands.addCommand(TRACK_ON, { label: 'Track Notebook: On', caption: 'Every cell from here on is one run', isEnabled, execute: say('%track on') });
    app.commands.addCommand(TRACK_OFF, { label: 'Track Notebook: Off', caption: 'The run that %track on began ends', isEnabled, execute: say('%track off') });
    for (const command of [TRACK_CELL, TRACK_ON, TRACK_OFF]) {
      palette?.addItem({ command, category: CATEGORY });
    }
    for (const [rank, command] of [TRACK_CELL, SHOW_RUNS, OPEN_COMPARE].entries()) {
      app.contextMenu.addItem({ command, selector: '.jp-Notebook .jp-CodeCell', rank: 20 + rank });
    }
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (panel: NotebookPanel) => {
        const button = new ToolbarButton({
          label: 'Track',
          tooltip: 'Track this cell: put %%track above it, or take it off',
          onClick: () => void app.commands.execute(TRACK_CELL)
        });
        panel.toolbar.insertAfter('cellType', 'nbtrack-track', button) || panel.toolbar.addItem('nbtrack-track', button);
        return button;
      }
    });
  }
};

/** A cell with one line above the active one, executed: what was done stays to be read, and runs again with the notebook. */
async function insert(panel: NotebookPanel, line: string): Promise<void> {
  const { content, sessionContext } = panel;
  NotebookActions.insertAbove(content);
  content.activeCell?.model.sharedModel.setSource(line);
  await NotebookActions.run(content, sessionContext);
}
