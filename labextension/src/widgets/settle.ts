// Where the document holds a still, the live view stands on top of it.
//
// JupyterLab saves what an output shows. A widget saved is a model that a reopened notebook does not find, so
// once the view stands the kernel is asked to put the still in its place (nbtrack/widgets/compare.py). That ends
// the view of the widget manager; the model lives on, and the view comes back wherever the still appears.
import { show } from '../views/app';
import { IModel, KernelHost } from './kernel';

const OUTPUT = '.jp-OutputArea-child';
const LIVE = 'nbt-live';
const COVERED = 'nbt-covered';

/** Whether this front end is one whose document holds what its outputs show. */
export function settles(element: HTMLElement): boolean {
  return element.closest(OUTPUT) !== null;
}

/** Show the view of a model on every still of it, until the function that is returned is called. */
export function follow(model: IModel): () => void {
  const id = String(model.get('_id'));
  const mounted = new Map<HTMLElement, () => void>();
  let isLooking = false;
  const look = (): void => {
    isLooking = false;
    for (const still of document.querySelectorAll<HTMLElement>('.nbtrack-still')) {
      // What came in a document is compared, never put into a selector
      if (still.dataset.nbtrackView !== id) {
        continue;
      }
      if (!mounted.has(still)) {
        mounted.set(still, mount(still, model));
      }
      // The pictures' outputs are made anew when their content comes
      pictures(still).forEach(output => output.classList.add(COVERED));
    }
  };
  const observer = new MutationObserver(() => {
    if (!isLooking) {
      isLooking = true;
      requestAnimationFrame(look);
    }
  });
  observer.observe(document.body, { childList: true, subtree: true });
  look();
  return () => {
    observer.disconnect();
    mounted.forEach(hide => hide());
  };
}

/** Cover a still, which stays in the page: it comes back when the model ends. */
function mount(still: HTMLElement, model: IModel): () => void {
  const host = new KernelHost(model);
  const element = document.createElement('div');
  const before = [...still.children];
  before.forEach(child => child.classList.add(COVERED));
  still.classList.add(LIVE);
  still.append(element);
  const hide = show(element, host);
  return () => {
    hide();
    host.dispose();
    element.remove();
    still.classList.remove(LIVE);
    [...before, ...pictures(still)].forEach(child => child.classList.remove(COVERED));
  };
}

/** The outputs below it that are pictures of the same still. */
function pictures(still: HTMLElement): Element[] {
  const found: Element[] = [];
  let output = still.closest(OUTPUT)?.nextElementSibling;
  for (let left = Number(still.dataset.nbtrackPictures ?? 0); left > 0 && output; left--) {
    found.push(output);
    output = output.nextElementSibling;
  }
  return found;
}
