// Two notebooks in nbdime's own view, below a bar that says which they are.
import type { CodeEditor } from '@jupyterlab/codeeditor';
import type { INotebookContent } from '@jupyterlab/nbformat';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Panel, Widget } from '@lumino/widgets';
import { NotebookDiffModel } from 'nbdime/lib/diff/model';
import { CELLDIFF_CLASS, NotebookDiffWidget } from 'nbdime/lib/diff/widget';
import { CHUNK_PANEL_CLASS, UNCHANGED_DIFF_CLASS } from 'nbdime/lib/diff/widget/common';

import { problemOf } from '../models/host';
import { STRINGS } from '../models/strings';
import { INotebookPatch } from '../models/wire';
import { dressDiffs } from './nbdime_style';

const T = STRINGS.notebookDiff;
const HIDDEN = 'jp-mod-hideUnchanged';

export interface IDiffOptions {
  before: string;
  after(): string;
  read(withOutputs: boolean): Promise<INotebookPatch & { note: string }>;
  rendermime: IRenderMimeRegistry;
  editorFactory: CodeEditor.Factory;
}

export class NotebookDiff extends Panel {
  constructor(private _options: IDiffOptions) {
    super();
    this.addClass('nbt-diff');
    this.addClass('nbdime-Widget');
    dressDiffs();
    this.addWidget(this._head());
    this._place.addClass('nbdime-root');
    this._place.addClass(HIDDEN);
    this._place.node.tabIndex = 0;
    this._place.node.setAttribute('role', 'region');
    this._place.node.setAttribute('aria-label', T.title(_options.before));
    this.addWidget(this._place);
    void this._read();
  }

  private _head(): Widget {
    const node = document.createElement('div');
    node.className = 'nbt-diff-head';
    const sides = document.createElement('div');
    sides.className = 'nbt-diff-sides';
    this._before.textContent = this._options.before;
    sides.append(this._before, this._after);
    this._said.setAttribute('role', 'status');
    node.append(
      this._box(T.unchanged, true, is => this._place.toggleClass(HIDDEN, is)),
      this._box(T.outputs, false, is => {
        this._withOutputs = is;
        void this._read();
      }),
      this._said,
      sides
    );
    return new Widget({ node });
  }

  private _box(text: string, isChecked: boolean, turn: (is: boolean) => void): HTMLElement {
    const label = document.createElement('label');
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.checked = isChecked;
    box.addEventListener('change', () => turn(box.checked));
    label.append(box, ` ${text}`);
    return label;
  }

  private async _read(): Promise<void> {
    const asked = ++this._asked;
    this._after.textContent = this._options.after();
    this._said.textContent = STRINGS.waiting;
    try {
      const { base, diff, note } = await this._options.read(this._withOutputs);
      if (this.isDisposed || asked !== this._asked) {
        return;
      }
      this._place.widgets.slice().forEach(widget => widget.dispose());
      this._said.textContent = diff.length ? note : `${T.same} ${note}`.trim();
      const view = new NotebookDiffWidget({
        model: new NotebookDiffModel(base as INotebookContent, diff as never),
        rendermime: this._options.rendermime,
        editorFactory: this._options.editorFactory,
        collapseIdentical: 2
      });
      this._place.addWidget(view);
      await view.init();
      markUnchanged(this._place.node);
    } catch (error) {
      if (!this.isDisposed && asked === this._asked) {
        const { text, mend } = problemOf(error);
        this._said.textContent = `${text} ${mend}`.trim();
      }
    }
  }

  private _place = new Panel();
  private _before = document.createElement('span');
  private _after = document.createElement('span');
  private _said = document.createElement('span');
  private _withOutputs = false;
  private _asked = 0;
}

/** nbdime's stylesheet tells how many cells are hidden, from attributes of the cells beside them. */
function markUnchanged(root: HTMLElement): void {
  const cells = [...root.querySelectorAll<HTMLElement>(`.${CELLDIFF_CLASS}`)];
  let hidden = 0;
  let last: HTMLElement | undefined;
  for (const cell of cells) {
    if (cell.classList.contains(UNCHANGED_DIFF_CLASS)) {
      hidden++;
      continue;
    }
    last = chunkOf(cell);
    if (hidden) {
      last.setAttribute('data-nbdime-NCellsHiddenBefore', String(hidden));
    }
    hidden = 0;
  }
  if (hidden && last) {
    last.setAttribute('data-nbdime-NCellsHiddenAfter', String(hidden));
  } else if (hidden) {
    root.querySelector('.jp-Notebook-diff')?.setAttribute('data-nbdime-AllCellsHidden', String(hidden));
  }
}

/** Cells that were added and removed stand in a chunk. */
function chunkOf(cell: HTMLElement): HTMLElement {
  return cell.closest<HTMLElement>(`.${CHUNK_PANEL_CLASS}`) ?? cell;
}
