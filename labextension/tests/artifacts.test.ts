import { expect, test } from 'vitest';

import { folders, viewerOf } from '../src/models/artifacts';

test('each kind of file has the viewer that shows it', () => {
  const found = Object.fromEntries(
    ['a.png', 'a/b.CSV', 'x.json', 'notebook/executed.ipynb', 'r.md', 'r.html', 'stdout.txt', 'models/m/MLmodel', 'model.pkl', '.gitignore', 'weights'].map(it => [it, viewerOf(it)])
  );
  expect(found).toEqual({
    'a.png': 'Image', 'a/b.CSV': 'CSVTable', 'x.json': 'JSON', 'notebook/executed.ipynb': 'Notebook', 'r.md': 'Markdown Preview', 'r.html': 'HTML Viewer',
    'stdout.txt': 'Editor', 'models/m/MLmodel': 'Editor', 'model.pkl': null, '.gitignore': null, weights: null
  });
});

test('files stand in their topmost folders, and a filter keeps those with all its words', () => {
  const files = [['report.html', 5], ['figures/one.png', 10], ['figures/deep/two.png', 20], ['git/state.json', 1]].map(([path, size]) => ({ path: String(path), size_bytes: Number(size) }));
  expect(folders(files, '').map(it => [it.name, it.files.length, it.size_bytes])).toEqual([['', 1, 5], ['figures', 2, 30], ['git', 1, 1]]);
  expect(folders(files, 'DEEP png').map(it => it.files.map(file => file.path))).toEqual([['figures/deep/two.png']]);
  expect(folders(files, 'nothing')).toEqual([]);
});
