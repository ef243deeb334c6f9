import { describe, expect, it } from 'vitest';

import { isPipeline } from '../src/models/pipeline_file';

describe('isPipeline', () => {
  it.each([
    ['nbtrack.yaml', ''],
    ['RTC:work/nbtrack.yml', ''],
    ['daily.yaml', '# yaml-language-server: $schema=https://host/nbtrack.schema.json\nname: x\n'],
    ['daily.yml', '$schema: ../docs/nbtrack.schema.json\nname: x\n'],
    ['daily.yaml', 'name: x\nstages:\n  fit: {notebook: fit.ipynb}\n'],
    ['daily.yaml', 'stages: {fit: {notebook: fit.ipynb}}\n'],
    ['daily.yaml', 'stages:  # two\n  fit:\n    notebook: a.ipynb\n']
  ])('takes %s', (path, text) => expect(isPipeline(path, text)).toBe(true));
  it.each([
    ['mynbtrack.yaml', ''],
    ['daily.txt', 'stages:\n  fit: {notebook: fit.ipynb}\n'],
    ['ci.yml', 'stages:\n  - build\n  - test\n'],
    ['ci.yml', '$schema: https://json.schemastore.org/github-workflow.json\n'],
    ['x.yaml', 'jobs:\n  stages:\n  notebook: fit.ipynb\n']
  ])('leaves %s', (path, text) => expect(isPipeline(path, text)).toBe(false));
});
