// What a run kept, in folders, and what shows it.
import { IKeptFile } from './wire';

/** JupyterLab's viewer by the end of a file's name; `default` is what JupyterLab takes for it. */
const VIEWERS: Record<string, string> = {
  png: 'Image', jpg: 'Image', jpeg: 'Image', gif: 'Image', webp: 'Image', bmp: 'Image', svg: 'Image',
  csv: 'CSVTable', tsv: 'TSVTable', json: 'JSON', html: 'HTML Viewer', htm: 'HTML Viewer', md: 'Markdown Preview', pdf: 'PDF', ipynb: 'Notebook'
};
const TEXTS = new Set('txt log py toml yaml yml cfg ini sh r jl js ts css tex diff patch xml jsonl lock'.split(' '));
const NAMES = new Set(['mlmodel', 'dockerfile', 'makefile', 'readme', 'license']);

/** The viewer of a file; null for one that none of them shows. */
export function viewerOf(path: string): string | null {
  const name = (path.split('/').pop() ?? '').toLowerCase();
  const end = name.includes('.') ? (name.split('.').pop() ?? '') : '';
  return VIEWERS[end] ?? (TEXTS.has(end) || NAMES.has(name) ? 'Editor' : null);
}

export interface IFolder {
  name: string;
  files: IKeptFile[];
  size_bytes: number;
}

/** Files by their topmost folder, those that lie in none first; a filter keeps the paths that hold all its words. */
export function folders(files: IKeptFile[], filter: string): IFolder[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Map<string, IKeptFile[]>([['', []]]);
  for (const file of files) {
    if (words.every(word => file.path.toLowerCase().includes(word))) {
      const name = file.path.includes('/') ? (file.path.split('/')[0] ?? '') : '';
      found.set(name, [...(found.get(name) ?? []), file]);
    }
  }
  return [...found].filter(([, inside]) => inside.length).map(([name, inside]) => ({ name, files: inside, size_bytes: inside.reduce((sum, it) => sum + it.size_bytes, 0) }));
}
