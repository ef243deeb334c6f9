// Builds what the Python package ships: the widgets' bundle and the federated JupyterLab extension.
// With --watch both are built again whenever a source changes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { context } from 'esbuild';

const watch = process.argv.includes('--watch');
const common = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.css': 'text' },
  logLevel: 'info'
};

const targets = [
  // One file without imports, which widgets load in any front end.
  { ...common, entryPoints: ['src/widgets/compare.ts'], outfile: '../nbtrack/widgets/static/compare.js', minify: !watch, legalComments: 'none' },
  // The same for a saved page, where it starts by itself.
  { ...common, entryPoints: ['src/widgets/saved.ts'], outfile: '../nbtrack/widgets/static/page.js', format: 'iife', minify: !watch, legalComments: 'none' },
  // What JupyterLab shares stays an import; what is imported dynamically becomes a chunk that loads on use.
  { ...common, entryPoints: ['src/index.ts', 'src/mime.ts'], outdir: 'lib', splitting: true, external: ['@jupyterlab/*', '@lumino/*', '@lezer/common', '@lezer/highlight', '@codemirror/language', '@codemirror/state', '@codemirror/view', 'react', 'react-dom'] }
];

await rm('lib', { recursive: true, force: true });
const contexts = await Promise.all(targets.map(target => context(target)));
await Promise.all(contexts.map(each => each.rebuild()));
if (watch) {
  await Promise.all(contexts.map(each => each.watch()));
}

// What `jupyter-builder build` runs, without Python; core-meta lies beside it, so nothing is fetched.
const builder = spawn(
  process.execPath,
  [
    'node_modules/@jupyter/builder/lib/build-labextension.js',
    '--core-package-file',
    'node_modules/@jupyterlab/core-meta/core.package.json',
    ...(watch ? ['--development', '--watch'] : []),
    '.'
  ],
  { stdio: 'inherit' }
);
const [code] = await once(builder, 'exit');
await Promise.all(contexts.map(each => each.dispose()));
process.exit(code ?? 1);
