// The view of a pipeline file: its viewer, the command that opens it, and what an editor of such a file gets.
import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';
import { ABCWidgetFactory, DocumentRegistry, DocumentWidget, IDocumentWidget } from '@jupyterlab/docregistry';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { yamlIcon } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { isPipeline } from '../models/pipeline_file';
import { CATEGORY, OPEN_PIPELINE } from './commands';
import { runsIcon } from './icon';
import { PipelineDoor } from './pipeline_door';
import { ask } from './server';

const FILE_TYPE = 'nbtrack-pipeline';
const FACTORY = 'Pipeline';
const NAME = /^nbtrack\.ya?ml$/;
const YAML = /\.ya?ml$/i;
const READ_AGAIN_MS = 600;

export const pipeline: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:pipeline',
  description: 'Shows pipelines, runs them, and helps to write them.',
  autoStart: true,
  optional: [ICommandPalette, IDefaultFileBrowser, ILayoutRestorer],
  activate: (app: JupyterFrontEnd, palette: ICommandPalette | null, browser: IDefaultFileBrowser | null, restorer: ILayoutRestorer | null): void => {
    app.docRegistry.addFileType({
      name: FILE_TYPE,
      displayName: 'Pipeline of nbtrack',
      pattern: NAME.source,
      extensions: [],
      mimeTypes: ['text/yaml', 'text/x-yaml'],
      contentType: 'file',
      fileFormat: 'text',
      icon: yamlIcon
    });
    const tracker = new WidgetTracker<IDocumentWidget>({ namespace: 'nbtrack-pipeline' });
    const factory = new Factory(app);
    app.docRegistry.addWidgetFactory(factory);
    factory.widgetCreated.connect((_, widget) => {
      void tracker.add(widget);
      widget.context.pathChanged.connect(() => void tracker.save(widget));
    });
    void restorer?.restore(tracker, {
      command: 'docmanager:open',
      args: widget => ({ path: widget.context.path, factory: FACTORY }),
      name: widget => widget.context.path
    });

    /** Path of a document in front, or of what is selected in the file browser. */
    const near = (): string => {
      const front = app.shell.currentWidget;
      return front && 'context' in front ? (front as IDocumentWidget).context.path : (browser?.model.path ?? '');
    };
    app.commands.addCommand(OPEN_PIPELINE, {
      label: 'Open Pipeline',
      caption: 'Open the pipeline that the notebook in front belongs to, or the selected nbtrack.yaml',
      execute: async args => {
        const told = typeof args['path'] === 'string' ? args['path'] : '';
        const selected = args['selected'] ? [...(browser?.selectedItems() ?? [])].find(it => NAME.test(it.name))?.path : '';
        const path = told || selected || (await ask<{ path: string }>('pipelines/find', {}, { path: near().replace(/^[^/:]+:/, '') })).path;
        await app.commands.execute('docmanager:open', { path, factory: FACTORY });
      }
    });
    palette?.addItem({ command: OPEN_PIPELINE, category: CATEGORY });
    app.contextMenu.addItem({ command: OPEN_PIPELINE, args: { selected: true }, selector: `.jp-DirListing-item[data-file-type="${FILE_TYPE}"]`, rank: 1 });

    app.docRegistry.addWidgetExtension('Editor', {
      createNew: (widget, context) => {
        // A file becomes a pipeline while it is written; reading it changes its content, too
        let isHelped = false;
        const help = (): void => {
          if (!isHelped && !widget.isDisposed && isPipeline(context.path, context.model.toString())) {
            isHelped = true;
            leave();
            void import('../editor/spec').then(({ helpWriting }) => widget.isDisposed || helpWriting(widget, context));
          }
        };
        const leave = (): void => {
          context.model.contentChanged.disconnect(help);
          widget.disposed.disconnect(leave);
        };
        if (YAML.test(context.path)) {
          context.model.contentChanged.connect(help);
          widget.disposed.connect(leave);
          void context.ready.then(help);
        }
      }
    });
  }
};

class Factory extends ABCWidgetFactory<DocumentWidget<View>> {
  constructor(private _app: JupyterFrontEnd) {
    super({ name: FACTORY, label: 'Pipeline', modelName: 'text', fileTypes: [FILE_TYPE, 'yaml'], defaultFor: [], readOnly: false });
  }

  protected createNewWidget(context: DocumentRegistry.Context): DocumentWidget<View> {
    const content = new View(context, new PipelineDoor(this._app, context));
    const widget = new DocumentWidget({ content, context });
    widget.title.caption = context.path;
    widget.title.icon = runsIcon; // the same file may be open as text beside it
    return widget;
  }
}

/** Follows the text as it is written, in this tab or another. */
class View extends Widget {
  constructor(
    private _context: DocumentRegistry.Context,
    private _door: PipelineDoor
  ) {
    super();
    this.addClass('nbt-main');
    this._context.model.contentChanged.connect(this._changed, this);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    void this._context.ready.then(async () => {
      const { showPipeline } = await import('../views/pipeline');
      if (!this.isDisposed && !this._shown) {
        const inner = document.createElement('div');
        this.node.append(inner);
        this._shown = showPipeline(inner, this._door);
      }
    });
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    clearTimeout(this._timer);
    this._context.model.contentChanged.disconnect(this._changed, this);
    this._shown?.dispose();
    this._door.dispose();
    super.dispose();
  }

  private _changed(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._shown?.read(), READ_AGAIN_MS);
  }

  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _shown: { read(): void; dispose(): void } | undefined;
}
