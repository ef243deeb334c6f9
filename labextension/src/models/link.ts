// What is told to a kernel with an execution: the notebook's path, and its cells where they changed since that kernel was told last.
// The shape is the one of nbtrack/capture/link.py.

export type CellFacts = [id: string, kind: string, source: string, tags: string[]];

export interface Said {
  path: string;
  root: string;
  is_dirty: boolean;
  version: number;
  cells?: CellFacts[];
  /** What the user set in the front end; left out where that is nothing. */
  settings?: Record<string, unknown>;
}

export interface NotebookFacts {
  path: string;
  root: string;
  isDirty: boolean;
  settings?: Record<string, unknown>;
  cells: () => CellFacts[];
}

/** Cells are told to kernels of notebooks that use nbtrack: others pay nothing. */
const USES = /(^|\n)\s*%{1,2}track\b|\bnbtrack\b/;

/** Remembers what one kernel was told. Forget it when the kernel restarts, as the kernel does. */
export class Link {
  private version = 0;
  private told = '';

  forget(): void {
    this.told = '';
  }

  say(notebook: NotebookFacts): Said {
    const said: Said = { path: local(notebook.path), root: notebook.root, is_dirty: notebook.isDirty, version: this.version };
    if (Object.keys(notebook.settings ?? {}).length) {
      said.settings = notebook.settings;
    }
    const cells = notebook.cells();
    if (!cells.some(cell => USES.test(cell[2]))) {
      return said;
    }
    const text = JSON.stringify(cells);
    if (text !== this.told) {
      this.told = text;
      this.version += 1;
      said.cells = cells;
    }
    said.version = this.version;
    return said;
  }
}

/** The path without the drive that holds it: `RTC:work/a.ipynb` is the server's work/a.ipynb. */
function local(path: string): string {
  return path.replace(/^[^/:]+:/, '');
}
