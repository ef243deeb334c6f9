// The file browser's menu of a notebook: its runs without opening it by hand.
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { FILE_COMPARE, FILE_FORM, FILE_RUNS, FILE_STAGE_FORM, FILE_TRACK, OPEN_COMPARE, OPEN_FORM, OPEN_STAGE_FORM, SHOW_RUNS } from './commands';
import { prepend } from './tracking';

export const files: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:files',
  description: "Adds to the file browser's menu what concerns the runs of a notebook.",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IDefaultFileBrowser],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, browser: IDefaultFileBrowser | null): void => {
    const chosen = (): string => {
      const found = browser ? [...browser.selectedItems()] : [];
      return found.length === 1 && found[0]?.type === 'notebook' ? found[0].path : '';
    };
    const open = async (path: string): Promise<NotebookPanel | null> => {
      const widget = (await app.commands.execute('docmanager:open', { path })) as NotebookPanel | undefined;
      await widget?.context.ready;
      return widget && tracker.has(widget) ? widget : null;
    };
    const add = (command: string, label: string, caption: string, act: (path: string) => Promise<void>): void => {
      app.commands.addCommand(command, {
        label,
        caption,
        isVisible: () => chosen() !== '',
        execute: args => act(String(args['path'] ?? chosen()))
      });
    };
    add(FILE_RUNS, 'Show Runs of This Notebook', 'Open the notebook with the list of its runs', async path => {
      await open(path);
      await app.commands.execute(SHOW_RUNS);
    });
    add(FILE_COMPARE, 'Compare Runs of This Notebook', 'Compare them without opening the notebook', async path => {
      await app.commands.execute(OPEN_COMPARE, { path, scope: 'notebook' });
    });
    add(FILE_TRACK, 'Track This Notebook', 'Open it, and put %track on before its first code cell', async path => {
      const panel = await open(path);
      if (panel) {
        prepend(panel);
      }
    });
    add(FILE_FORM, 'Run This Notebook with Parameters', 'In a kernel of its own, once or in a grid, without opening it', async path => {
      await app.commands.execute(OPEN_FORM, { path });
    });
    add(FILE_STAGE_FORM, 'Run This Notebook as Pipeline Stage', 'With other params of the pipeline, without opening it', async path => {
      await app.commands.execute(OPEN_STAGE_FORM, { path });
    });
  }
};
