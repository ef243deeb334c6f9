// Tells each kernel, with every execution, which notebook it serves and how that stands.
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookModel, INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
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

const links = new WeakMap<NotebookPanel['context'], Link>();
const joined = new WeakSet<Kernel.IKernelConnection>();

// A notebook may be shown in several views, which share its document and its kernel: the kernel is told by the first
function follow({ context, sessionContext: session }: NotebookPanel, settings: ISettings): void {
  if (links.has(context)) {
    return;
  }
  const told = new Link();
  links.set(context, told);
  session.kernelChanged.connect((_, { newValue }) => {
    told.forget();
    join(newValue ?? null, context, told, settings);
  });
  session.statusChanged.connect((_, status) => {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      told.forget();
    }
  });
  join(session.session?.kernel ?? null, context, told, settings);
}

// The request itself carries the facts: a message beside it could come to the kernel after the cell began.
function join(kernel: Kernel.IKernelConnection | null, context: NotebookPanel['context'], told: Link, settings: ISettings): void {
  if (kernel === null || joined.has(kernel)) {
    return;
  }
  joined.add(kernel);
  const request = kernel.requestExecute.bind(kernel);
  kernel.requestExecute = (content, disposeOnDone, metadata) => {
    if (typeof metadata?.['cellId'] !== 'string' || context.isDisposed) {
      return request(content, disposeOnDone, metadata);
    }
    const { path, model } = context;
    const said = told.say({ path, root: serverRoot(), isDirty: model.dirty, settings: settings.chosen(), cells: () => factsOf(model) });
    const future = request(content, disposeOnDone, { ...metadata, nbtrack: said as never });
    // A request that an earlier cell's error aborted was never read
    future.done.then(reply => reply?.content.status === 'aborted' && told.forget(), () => told.forget());
    return future;
  };
}

function factsOf(model: INotebookModel): CellFacts[] {
  return model.sharedModel.cells.map(cell => {
    const tags = cell.getMetadata('tags');
    return [cell.getId(), cell.cell_type, cell.getSource(), Array.isArray(tags) ? tags.map(String) : []];
  });
}
