// Tells each kernel, with every execution, which notebook it serves and how that stands.
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Kernel } from '@jupyterlab/services';

import { CellFacts, Link } from '../models/link';
import { serverRoot } from './server';
import { ISettings } from './settings';

export const link: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:link',
  description: 'Tells kernels which notebook and cell they execute, unsaved edits included.',
  autoStart: true,
  requires: [INotebookTracker, ISettings],
  activate: (_app: JupyterFrontEnd, tracker: INotebookTracker, settings: ISettings): void => {
    tracker.widgetAdded.connect((_, panel) => follow(panel, settings));
    tracker.forEach(panel => follow(panel, settings));
  }
};

function follow(panel: NotebookPanel, settings: ISettings): void {
  const told = new Link();
  const session = panel.sessionContext;
  session.kernelChanged.connect((_, { newValue }) => {
    told.forget();
    join(newValue ?? null, panel, told, settings);
  });
  session.statusChanged.connect((_, status) => {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      told.forget();
    }
  });
  join(session.session?.kernel ?? null, panel, told, settings);
}

// The request itself carries the facts: a message beside it could come to the kernel after the cell began.
function join(kernel: Kernel.IKernelConnection | null, panel: NotebookPanel, told: Link, settings: ISettings): void {
  if (kernel === null) {
    return;
  }
  const request = kernel.requestExecute.bind(kernel);
  kernel.requestExecute = (content, disposeOnDone, metadata) => {
    if (typeof metadata?.['cellId'] !== 'string' || panel.isDisposed) {
      return request(content, disposeOnDone, metadata);
    }
    const { path, model } = panel.context;
    const said = told.say({ path, root: serverRoot(), isDirty: model.dirty, settings: settings.chosen(), cells: () => factsOf(panel) });
    const future = request(content, disposeOnDone, { ...metadata, nbtrack: said as never });
    // A request that an earlier cell's error aborted was never read
    future.done.then(reply => reply?.content.status === 'aborted' && told.forget(), () => told.forget());
    return future;
  };
}

function factsOf(panel: NotebookPanel): CellFacts[] {
  const cells = panel.content.model?.sharedModel.cells ?? [];
  return cells.map(cell => {
    const tags = cell.getMetadata('tags');
    return [cell.getId(), cell.cell_type, cell.getSource(), Array.isArray(tags) ? tags.map(String) : []];
  });
}
