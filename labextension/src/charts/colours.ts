// The colours of a chart: custom properties of the stylesheet, so that host and theme decide.

export const COLOURS = 8;
const DASHES = [[], [6, 3], [2, 3], [10, 3, 2, 3]];

export interface IInk {
  /** Of the nth line; from the ninth on lines differ by their dashes too. */
  line(n: number): string;
  dash(n: number): number[];
  text: string;
  grid: string;
  ground: string;
}

export function ink(element: Element): IInk {
  const style = getComputedStyle(element);
  const of = (name: string): string => resolved(element, style.getPropertyValue(name).trim());
  const lines = Array.from({ length: COLOURS }, (_, n) => of(`--nbt-c${n}`));
  return {
    line: n => lines[n % COLOURS] ?? '#000',
    dash: n => DASHES[Math.floor(n / COLOURS) % DASHES.length] ?? [],
    text: of('--nbt-fg2'),
    grid: of('--nbt-line'),
    ground: of('--nbt-bg')
  };
}

/** A colour that a canvas takes: what stands in a property may be a mixture of others. */
function resolved(element: Element, colour: string): string {
  const probe = document.createElement('span');
  probe.style.color = colour;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** The same colour, seen through. */
export function faded(colour: string, alpha: number): string {
  const numbers = colour.match(/[\d.]+/g)?.map(Number) ?? [];
  if (colour.startsWith('color(')) {
    const [red = 0, green = 0, blue = 0] = numbers.map(part => Math.round(part * 255));
    return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
  }
  const [red = 0, green = 0, blue = 0] = numbers;
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

/** From one end of a scale of values to the other (0 to 1): from blue over grey-violet to orange, told apart by brightness too. */
export function shade(share: number, isDark: boolean): string {
  const stops = isDark ? SHADES_DARK : SHADES_LIGHT;
  if (!Number.isFinite(share)) {
    return isDark ? '#777' : '#aaa';
  }
  const place = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(place));
  const [from, to] = [stops[index] as number[], stops[index + 1] as number[]];
  const mixed = from.map((part, n) => Math.round(part + ((to[n] as number) - part) * (place - index)));
  return `rgb(${mixed.join(', ')})`;
}

// Pieces of matplotlib's cividis, made for every kind of colour vision
const SHADES_LIGHT = [
  [0, 34, 78],
  [53, 69, 108],
  [102, 105, 112],
  [148, 142, 119],
  [190, 165, 70]
];
const SHADES_DARK = [
  [96, 130, 200],
  [125, 140, 170],
  [160, 155, 140],
  [205, 190, 110],
  [255, 234, 70]
];
