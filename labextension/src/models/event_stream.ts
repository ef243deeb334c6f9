// Server-sent events, as they come in pieces.

export interface IEvent {
  name: string;
  data: unknown;
}

/** The whole events of a text, and what of it belongs to the next one. What is no JSON is passed over, as comments are. */
export function parseEvents(text: string): { events: IEvent[]; rest: string } {
  const blocks = text.split('\n\n');
  const rest = blocks.pop() ?? '';
  const events = blocks.flatMap(block => {
    const fields = new Map(block.split('\n').map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
    const [name, data] = [fields.get('event'), fields.get('data')];
    if (!name || data === undefined) {
      return [];
    }
    try {
      return [{ name, data: JSON.parse(data) as unknown }];
    } catch {
      return [];
    }
  });
  return { events, rest };
}
