// Which files are pipelines: by their name, or by what they say.
const NAMED = /(?:^|[/:])nbtrack\.ya?ml$/;
const YAML = /\.ya?ml$/i;
/** The file's first lines name our schema, as editors read it. */
const SCHEMA = /^(?:#\s*yaml-language-server:\s*)?["']?\$schema["']?\s*[:=]\s*.*nbtrack.*$/m;
const STAGES = /^stages:[^\S\n]*(?:#.*|\{.*)?$/m;
const NOTEBOOK = /(?:^|[{,\s])notebook:\s*\S+\.ipynb/m;

export function isPipeline(path: string, text: string): boolean {
  return NAMED.test(path) || (YAML.test(path) && (SCHEMA.test(text) || (STAGES.test(text) && NOTEBOOK.test(text))));
}
