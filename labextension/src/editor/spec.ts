// What an editor of a pipeline file gets: mistakes where they stand, and words that may come next. It loads with the first such editor.
import { autocompletion, CompletionContext, CompletionResult, acceptCompletion } from '@codemirror/autocomplete';
import { Diagnostic, linter, lintGutter } from '@codemirror/lint';
import { EditorState, Extension, Prec } from '@codemirror/state';
import { keymap } from '@codemirror/view';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { Widget } from '@lumino/widgets';

import { ISpecProblem } from '../models/wire';
import { ISchema, wordsAt } from '../models/spec_words';
import { placeAt } from '../models/yaml_place';
import { ask } from '../plugins/server';

const PAUSE_MS = 500;
/** What an editor of JupyterLab has where it is CodeMirror. */
interface IEditorWidget {
  content?: { editor?: { injectExtension?(extension: Extension): void } };
}

let schema: Promise<ISchema> | undefined;

export function helpWriting(widget: Widget, context: DocumentRegistry.Context): void {
  (widget as IEditorWidget).content?.editor?.injectExtension?.([
    linter(async view => diagnostics(view.state, await problemsOf(context, view.state.doc.toString())), { delay: PAUSE_MS }),
    lintGutter(),
    autocompletion({ override: [complete] }),
    Prec.highest(keymap.of([{ key: 'Tab', run: acceptCompletion }]))
  ]);
}

async function problemsOf(context: DocumentRegistry.Context, text: string): Promise<ISpecProblem[]> {
  try {
    return await ask<ISpecProblem[]>('pipelines/check', {}, { path: context.path.replace(/^[^/:]+:/, ''), text });
  } catch {
    return []; // a server that is gone for the moment finds no mistakes; the next keystroke asks again
  }
}

function diagnostics(state: EditorState, problems: ISpecProblem[]): Diagnostic[] {
  return problems.map(({ line: number, column, until, text }) => {
    const line = state.doc.line(Math.min(Math.max(number, 1), state.doc.lines));
    const lead = /^\s*/.exec(line.text)?.[0].length ?? 0;
    const from = Math.min(line.from + (column ? column - 1 : lead), line.to);
    const to = Math.min(until ? line.from + until - 1 : line.to, line.to);
    return { from, to: Math.max(from, to), severity: 'error', source: 'nbtrack', message: text };
  });
}

async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  const place = placeAt(text, context.pos);
  if (!place || (!context.explicit && !place.typed && place.key === null)) {
    return null;
  }
  schema ??= ask<ISchema>('pipelines/schema');
  try {
    const found = wordsAt(await schema, text, place);
    return found && {
      from: found.from,
      options: found.words.map(it => ({ label: it.label, apply: it.apply, type: it.kind, detail: it.detail, info: it.info || undefined })),
      validFor: /^[\w$.-]*$/
    };
  } catch {
    schema = undefined;
    return null;
  }
}
