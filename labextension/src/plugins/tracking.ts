// What makes a cell or a notebook tracked: commands, a button of the notebook's toolbar, and entries of the cell's menu.
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, ToolbarButton } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';

import { toggled } from '../models/track_line';
import { CATEGORY, SNAPSHOT, TRACK_CELL, TRACK_OFF, TRACK_ON } from './commands';

export const tracking: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:tracking',
  description: 'Tracks cells and notebooks by command.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, palette: ICommandPalette | null): void => {
    const isEnabled = (): boolean => tracker.currentWidget !== null && tracker.activeCell?.model.type === 'code' && speaksPython(app, tracker.currentWidget);
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
    app.commands.addCommand(SNAPSHOT, {
      label: 'Snapshot of the Notebook',
      caption: 'A run that keeps the notebook as it stands and as it was executed so far',
      isEnabled,
      execute: say('%%track snapshot\n# the notebook as it stands here')
    });
    for (const command of [TRACK_CELL, TRACK_ON, TRACK_OFF, SNAPSHOT]) {
      palette?.addItem({ command, category: CATEGORY });
    }
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (panel: NotebookPanel) => {
        const button = new ToolbarButton({
          label: 'Track',
          tooltip: 'Track this cell: put %%track above it, or take it off',
          onClick: () => void app.commands.execute(TRACK_CELL)
        });
        const turn = (): void => {
          button.enabled = speaksPython(app, panel);
        };
        panel.sessionContext.kernelChanged.connect(turn);
        void panel.sessionContext.ready.then(turn);
        panel.toolbar.insertAfter('cellType', 'nbtrack-track', button) || panel.toolbar.addItem('nbtrack-track', button);
        return button;
      }
    });
  }
};

/** Whether the notebook's kernel knows our magics; one that says nothing of its language may. */
function speaksPython(app: JupyterFrontEnd, panel: NotebookPanel): boolean {
  const name = panel.sessionContext.session?.kernel?.name ?? '';
  return (app.serviceManager.kernelspecs.specs?.kernelspecs[name]?.language ?? 'python').toLowerCase() === 'python';
}

/** Put `%track on` before the first code cell that does not load nbtrack, unless the notebook is tracked already. */
export function prepend(panel: NotebookPanel): void {
  const shared = panel.content.model?.sharedModel;
  if (!shared || shared.cells.some(cell => /^\s*%%?track\b/m.test(cell.getSource()))) {
    return;
  }
  const first = shared.cells.findIndex(cell => cell.cell_type === 'code');
  shared.insertCell(Math.max(0, first), { cell_type: 'code', source: '%load_ext nbtrack\n%track on' });
}

/** A cell with one line above the active one, executed: what was done stays to be read, and runs again with the notebook. */
export async function insert(panel: NotebookPanel, line: string): Promise<void> {
  const { content, sessionContext } = panel;
  NotebookActions.insertAbove(content);
  content.activeCell?.model.sharedModel.setSource(line);
  await NotebookActions.run(content, sessionContext);
}
