// A run's notebook beside the open one, or beside that of another run, in nbdime's own view.
import { ILabShell, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { Refusal } from '../models/host';
import { Runs } from '../models/runs';
import { STRINGS } from '../models/strings';
import { INotebookPatch } from '../models/wire';
import { CATEGORY, DIFF_NOTEBOOK } from './commands';
import { runsIcon } from './icon';
import { INotebookRuns } from './notebook_runs';
import { ask } from './server';

const T = STRINGS.notebookDiff;
/** Letters of a document that is sent; the server takes 4 MB. */
const LARGEST = 3_500_000;

export const notebookDiff: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:notebook-diff',
  description: 'Shows how the notebook of a run differs from another one.',
  autoStart: true,
  requires: [INotebookTracker, INotebookRuns, IRenderMimeRegistry, IEditorServices],
  optional: [ICommandPalette, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    runs: INotebookRuns,
    rendermime: IRenderMimeRegistry,
    editors: IEditorServices,
    palette: ICommandPalette | null,
    lab: ILabShell | null
  ): void => {
    app.commands.addCommand(DIFF_NOTEBOOK, {
      label: T.command,
      caption: 'What was edited since, cell by cell',
      isEnabled: args => 'run' in args || tracker.currentWidget !== null,
      execute: async args => {
        const panel = (args['path'] ? tracker.find(it => it.context.path === args['path']) : null) ?? tracker.currentWidget;
        const own = panel ? new Runs(runs.of(panel).runs) : null;
        const run = String(args['run'] ?? own?.ids[0] ?? '');
        if (!run) {
          throw new Error(T.none);
        }
        const other = args['other'] ? String(args['other']) : null;
        const titles = (args['titles'] ?? {}) as Record<string, string>;
        const title = titles[run] ?? (own?.row(run) !== undefined ? own.title(own.row(run) ?? 0) : run.slice(0, 8));
        const { NotebookDiff } = await import('../editor/notebook_diff');
        const content = new NotebookDiff({
          before: T.run(title),
          after: () => (other ? T.run(titles[other] ?? other.slice(0, 8)) : T.open(panel?.isDisposed ? '' : (panel?.context.path ?? ''))),
          read: withOutputs => read(run, other, panel, withOutputs),
          rendermime,
          editorFactory: editors.factoryService.newInlineEditor
        });
        const widget = new MainAreaWidget({ content });
        widget.id = `nbtrack-diff-${++counted}`;
        widget.title.label = T.title(title);
        widget.title.icon = runsIcon;
        widget.title.closable = true;
        app.shell.add(widget, lab ? 'main' : 'right', { mode: 'tab-after' });
        app.shell.activateById(widget.id);
      }
    });
    palette?.addItem({ command: DIFF_NOTEBOOK, category: CATEGORY });
  }
};

let counted = 0;

async function read(run: string, other: string | null, panel: NotebookPanel | null, outputs: boolean): Promise<INotebookPatch & { note: string }> {
  if (other) {
    return { ...(await ask<INotebookPatch>('notebooks', {}, { run, other, outputs })), note: '' };
  }
  const model = panel?.isDisposed ? null : panel?.content.model;
  if (!model) {
    throw new Refusal({ text: STRINGS.run.diffOpenTitle(''), mend: '' });
  }
  const cells = model.sharedModel.cells.map(cell => {
    const { cell_type, source, ...rest } = cell.toJSON();
    return { cell_type, source, id: cell.getId(), ...(outputs && 'outputs' in rest ? { outputs: rest.outputs } : {}) };
  });
  const isLarge = outputs && JSON.stringify(cells).length > LARGEST;
  const document = { cells: isLarge ? cells.map(cell => ({ ...cell, outputs: [] })) : cells, metadata: { language_info: model.getMetadata('language_info') } };
  const patch = await ask<INotebookPatch>('notebooks', {}, { run, document, outputs: outputs && !isLarge });
  return { ...patch, note: isLarge ? T.large : '' };
}
