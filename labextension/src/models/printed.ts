// What a terminal would show of a text: without colours, and lines that were written over as they stand last.
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

export function printed(text: string): string {
  return text
    .replace(ESCAPES, '')
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map(line => line.split('\r').reduce((shown, part) => part || shown, ''))
    .join('\n');
}
