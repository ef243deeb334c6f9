// Light or dark as the host is, and its shortcuts kept out of our keys.
import { Signal } from '../models/signal';
import uplot from 'uplot/dist/uPlot.min.css';
import { styles } from './css';

/** Tells when colours changed: what is drawn on a canvas has to be drawn again. */
export const recoloured = new Signal();

/** Make an element ours: stylesheet, with what it has of its own, theme, keys. Returns what undoes it. */
export function dress(element: HTMLElement, label: string, own = ''): () => void {
  element.classList.add('nbt');
  element.setAttribute('role', 'region');
  element.setAttribute('aria-label', label);
  // JupyterLab and Notebook: B would insert a cell, D D delete one. JupyterLab listens after us; Notebook 7 before,
  // and takes the focused element for a shortcut's before it looks at the marks of those around it
  const mark = (event: FocusEvent): void => (event.target as HTMLElement).setAttribute('data-lm-suppress-shortcuts', 'true');
  element.addEventListener('focusin', mark);
  const keep = (event: KeyboardEvent): void => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) {
      event.stopPropagation();
    }
  };
  element.addEventListener('keydown', keep);

  let isDark: boolean | undefined;
  const tint = (): void => {
    style(element, own);
    const before = isDark;
    isDark = lies(element);
    element.classList.toggle('nbt-dark', isDark);
    if (before !== isDark) {
      recoloured.emit();
    }
  };
  tint();
  // Stylesheets of a theme load after its name is set, and an element knows its colours once it is in the page
  const soon = (): void => {
    tint();
    setTimeout(tint, 300);
  };
  const frame = requestAnimationFrame(tint);
  const observer = new MutationObserver(soon);
  for (const watched of [document.documentElement, document.body]) {
    observer.observe(watched, { attributes: true, attributeFilter: ['class', 'style', 'data-jp-theme-name', 'data-vscode-theme-kind', 'theme'] });
  }
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', soon);
  return () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
    scheme.removeEventListener('change', soon);
    element.removeEventListener('keydown', keep);
    element.removeEventListener('focusin', mark);
  };
}

const BASE = uplot + styles;
const SHEETS = new WeakMap<Document | ShadowRoot, Set<string>>();

/** Put our stylesheets where the element is. Constructed ones need no permission of a strict content security policy. */
function style(element: HTMLElement, own: string): void {
  const root = element.getRootNode();
  const place = root instanceof Document || root instanceof ShadowRoot ? root : element.ownerDocument;
  const there = SHEETS.get(place) ?? new Set();
  SHEETS.set(place, there);
  for (const text of [BASE, own]) {
    if (text && !there.has(text)) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      place.adoptedStyleSheets = [...place.adoptedStyleSheets, sheet];
      there.add(text);
    }
  }
}

/** Whether the element stands on a dark ground: the first ancestor with a colour of its own decides, else the reader's preference. */
function lies(element: HTMLElement): boolean {
  for (let at: HTMLElement | null = element.parentElement; at; at = at.parentElement) {
    const parts = getComputedStyle(at).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [];
    const [red = 0, green = 0, blue = 0, alpha = 1] = parts;
    if (parts.length >= 3 && alpha > 0.5) {
      return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
    }
  }
  return matchMedia('(prefers-color-scheme: dark)').matches;
}
