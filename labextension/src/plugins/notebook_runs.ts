// The runs of each open notebook, read once for all that show them.
import { Token } from '@lumino/coreutils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { IWanted, Scope, ServerHost } from './server_host';

export interface INotebookRuns {
  /** Runs of a notebook; the same object for as long as it is open. */
  of(panel: NotebookPanel): ServerHost;
  /** What to ask for the runs of a scope around a notebook. */
  wanted(panel: NotebookPanel | null, scope: Scope): IWanted;
}

export const INotebookRuns = new Token<INotebookRuns>('nbtrack:INotebookRuns', 'The runs of open notebooks.');

export const notebookRuns: JupyterFrontEndPlugin<INotebookRuns> = {
  id: 'nbtrack:notebook-runs',
  description: 'Reads the runs of open notebooks.',
  autoStart: true,
  requires: [INotebookTracker],
  provides: INotebookRuns,
  activate: (_app: JupyterFrontEnd, _tracker: INotebookTracker): INotebookRuns => {
    const hosts = new Map<NotebookPanel, ServerHost>();
    const wanted = (panel: NotebookPanel | null, scope: Scope): IWanted => ({
      scope: panel ? scope : 'all',
      path: panel ? local(panel.context.path) : '',
      cells: panel ? (panel.content.model?.sharedModel.cells ?? []).map(cell => cell.getId()) : []
    });
    return {
      wanted,
      of: panel => {
        let host = hosts.get(panel);
        if (!host) {
          host = new ServerHost(() => wanted(panel, 'notebook'));
          hosts.set(panel, host);
          panel.context.pathChanged.connect(() => host?.refresh());
          // By its cells a notebook that was renamed has its runs still, and they are known once it is read
          void panel.context.ready.then(() => host?.refresh());
          panel.disposed.connect(() => {
            hosts.get(panel)?.dispose();
            hosts.delete(panel);
          });
        }
        return host;
      }
    };
  }
};

function local(path: string): string {
  return path.replace(/^[^/:]+:/, '');
}
