// Opens what runs kept in JupyterLab's own viewers.
import { ILabShell, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';

import { viewerOf } from '../models/artifacts';
import { OPEN_ARTIFACT } from './commands';
import { DRIVE, RunDrive } from './drive';

export const artifacts: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:artifacts',
  description: 'Opens what runs kept.',
  autoStart: true,
  requires: [IDocumentManager],
  optional: [ILabShell],
  activate: (app: JupyterFrontEnd, documents: IDocumentManager, lab: ILabShell | null): void => {
    const drive = new RunDrive();
    app.serviceManager.contents.addDrive(drive);
    app.commands.addCommand(OPEN_ARTIFACT, {
      label: 'Open Artifact',
      isVisible: () => false,
      execute: async args => {
        const [run, path] = [String(args['run'] ?? ''), String(args['path'] ?? '')];
        const viewer = lab ? viewerOf(path) : null; // Notebook 7 opens what lies on the server's disk alone
        if (viewer === null) {
          const link = document.createElement('a');
          link.href = await drive.getDownloadUrl(`${run}/${path}`);
          link.download = path.split('/').pop() ?? '';
          link.click();
          return;
        }
        const factory = app.docRegistry.getWidgetFactory(viewer) ? viewer : 'default';
        // A notebook that was kept is looked at: it needs no kernel
        documents.openOrReveal(`${DRIVE}:${run}/${path}`, factory, undefined, { mode: 'tab-after' }, { shouldStart: false, canStart: false });
      }
    });
  }
};
