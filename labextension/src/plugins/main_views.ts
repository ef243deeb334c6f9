// A run, and a comparison of runs, in the main area.
import { ILabShell, ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { IChoices } from '../models/host';
import { CATEGORY, OPEN_COMPARE, OPEN_RUN } from './commands';
import { runsIcon } from './icon';
import { jobs } from './jobs';
import { INotebookRuns } from './notebook_runs';
import { ask } from './server';
import { Scope, ServerHost } from './server_host';

export const mainViews: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:views',
  description: 'Shows a run, and a comparison of runs, in the main area.',
  autoStart: true,
  requires: [INotebookTracker, INotebookRuns],
  optional: [ICommandPalette, ILayoutRestorer, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    runs: INotebookRuns,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    lab: ILabShell | null
  ): void => {
    // The main area of Notebook 7 has room for the notebook alone
    const area = lab ? 'main' : 'right';
    // They come back where they were after a reload of the page
    const tracker = new WidgetTracker<MainAreaWidget<View>>({ namespace: 'nbtrack' });
    const put = (content: View, id: string, title: string): void => {
      const widget = new MainAreaWidget({ content });
      widget.id = id;
      widget.title.label = title;
      widget.title.icon = runsIcon;
      widget.title.closable = true;
      app.shell.add(widget, area);
      app.shell.activateById(id);
      void tracker.add(widget);
    };

    app.commands.addCommand(OPEN_COMPARE, {
      label: 'Compare Runs',
      icon: args => (args['isMenu'] ? undefined : runsIcon),
      execute: async args => {
        const { show } = await import('../views/app');
        const path = String(args['path'] ?? notebooks.currentWidget?.context.path ?? '');
        const scope = (args['scope'] ?? 'notebook') as Scope;
        const host = new ServerHost(() => {
          const panel = notebooks.find(it => it.context.path === path);
          return panel ? runs.wanted(panel, scope) : { scope: path ? scope : 'all', path: path.replace(/^[^/:]+:/, ''), cells: [] };
        });
        host.choices = { ...host.choices, ...(args['choices'] as Partial<IChoices> | undefined) };
        const content = new View(host, { command: OPEN_COMPARE, args: () => ({ path, scope, choices: host.choices as never }) }, element => show(element, host));
        put(content, `nbtrack-compare-${++counted}`, path ? `Runs of ${path.split('/').pop() ?? path}` : 'Compare runs');
      }
    });

    app.commands.addCommand(OPEN_RUN, {
      label: 'Open Run',
      execute: async args => {
        const run = String(args['run'] ?? '');
        const id = `nbtrack-run-${run}`;
        if (!run || [...app.shell.widgets(area)].some(widget => widget.id === id)) {
          app.shell.activateById(id);
          return;
        }
        const { showRun } = await import('../views/run');
        const host = new ServerHost(() => runs.wanted(null, 'all'));
        const actions = {
          restore: async (what: string) => (await ask<{ path: string }>('restore', {}, { run, what })).path,
          open: (path: string) => void app.commands.execute('docmanager:open', { path }),
          openRun: (other: string) => void app.commands.execute(OPEN_RUN, { run: other }),
          jobs
        };
        put(new View(host, { command: OPEN_RUN, args: () => ({ run }) }, element => showRun(element, host, run, actions)), id, `Run ${run.slice(0, 8)}`);
      }
    });

    palette?.addItem({ command: OPEN_COMPARE, category: CATEGORY });
    void restorer?.restore(tracker as WidgetTracker, {
      command: 'nbtrack:restore-view',
      args: widget => (widget as MainAreaWidget<View>).content.again(),
      name: widget => widget.id
    });
    app.commands.addCommand('nbtrack:restore-view', {
      label: 'Open what was open before',
      isVisible: () => false,
      execute: args => app.commands.execute(String(args['command']), (args['args'] ?? {}) as ReadonlyPartialJSONObject)
    });
  }
};

let counted = 0;

interface IAgain {
  command: string;
  args(): ReadonlyPartialJSONObject;
}

/** What stands in the main area as long as it is open. */
class View extends Widget {
  constructor(
    private _host: ServerHost,
    private _again: IAgain,
    private _show: (element: HTMLElement) => () => void
  ) {
    super();
    this.addClass('nbt-main');
  }

  /** What opens the same again. */
  again(): ReadonlyPartialJSONObject {
    return { command: this._again.command, args: this._again.args() };
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._hide ??= this._show(this._inner());
  }

  override dispose(): void {
    this._hide?.();
    this._host.dispose();
    super.dispose();
  }

  private _inner(): HTMLElement {
    const inner = document.createElement('div');
    this.node.append(inner);
    return inner;
  }

  private _hide?: () => void;
}
