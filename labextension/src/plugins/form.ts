// The form for a notebook's parameters in the main area, and what opens it.
import { ILabShell, ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, ToolbarButton, WidgetTracker } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { CATEGORY, OPEN_FORM, OPEN_STAGE_FORM } from './commands';
import { FormDoor } from './form_door';
import { runsIcon } from './icon';

export const form: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:form',
  description: "Runs a notebook with other parameters, once or in a grid, or as a stage of its pipeline.",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette, ILayoutRestorer, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    lab: ILabShell | null
  ): void => {
    // The main area of Notebook 7 has room for the notebook alone
    const area = lab ? 'main' : 'right';
    const tracker = new WidgetTracker<MainAreaWidget<View>>({ namespace: 'nbtrack-form' });
    const open = (path: string, isStage: boolean): void => {
      const there = tracker.find(it => it.content.door.whole === path);
      if (there) {
        there.content.prefer(isStage);
        app.shell.activateById(there.id);
        return;
      }
      const door = new FormDoor(app, notebooks, path);
      const widget = new MainAreaWidget({ content: new View(door, isStage) });
      widget.id = `nbtrack-form-${++counted}`;
      widget.title.icon = runsIcon;
      widget.title.closable = true;
      const name = (): void => {
        widget.title.label = `Run ${PathExt.basename(door.path)}`;
        widget.title.caption = `Run ${door.path} with parameters`;
        void tracker.save(widget);
      };
      void tracker.add(widget);
      door.changed.connect(name);
      name();
      app.shell.add(widget, area);
      app.shell.activateById(widget.id);
    };
    const add = (command: string, label: string, caption: string, isStage: boolean): void => {
      const pathOf = (args: { path?: unknown }): string => String(args.path ?? notebooks.currentWidget?.context.path ?? '');
      app.commands.addCommand(command, { label, caption, isEnabled: args => pathOf(args) !== '', execute: args => open(pathOf(args), isStage) });
      palette?.addItem({ command, category: CATEGORY });
    };
    add(OPEN_FORM, 'Run with Parameters', 'Run the notebook in a kernel of its own with other values of its parameters, once or in a grid', false);
    add(OPEN_STAGE_FORM, 'Run as Pipeline Stage with Parameters', 'Run the stage of nbtrack.yaml that the notebook is, with other params of the pipeline', true);
    void restorer?.restore(tracker, { command: OPEN_FORM, args: widget => ({ path: widget.content.door.whole }), name: widget => widget.content.door.whole });
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (panel: NotebookPanel) => {
        const button = new ToolbarButton({
          label: 'Parameters',
          tooltip: 'Run this notebook with other parameters, once or in a grid',
          onClick: () => void app.commands.execute(OPEN_FORM, { path: panel.context.path })
        });
        panel.toolbar.insertAfter('nbtrack-track', 'nbtrack-parameters', button) || panel.toolbar.addItem('nbtrack-parameters', button);
        return button;
      }
    });
  }
};

let counted = 0;

class View extends Widget {
  constructor(
    readonly door: FormDoor,
    private _isStage: boolean
  ) {
    super();
    this.addClass('nbt-main');
  }

  prefer(isStage: boolean): void {
    this._isStage = isStage;
    this._shown?.prefer(isStage);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (!this._inner) {
      const inner = (this._inner = document.createElement('div'));
      this.node.append(inner);
      void import('../views/form').then(({ showForm }) => {
        if (!this.isDisposed) {
          this._shown = showForm(inner, this.door, this._isStage);
        }
      });
    }
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._shown?.dispose();
      this.door.dispose();
      super.dispose();
    }
  }

  private _inner: HTMLElement | undefined;
  private _shown: { prefer(isStage: boolean): void; dispose(): void } | undefined;
}
