// Where the document holds a still, the live view stands on top of it.
//
// JupyterLab saves what an output shows. A widget saved is a model that a reopened notebook does not find, so
// once the view stands the kernel is asked to put the still in its place (nbtrack/widgets/compare.py). That ends
// the view of the widget manager; the model lives on, and the view comes back wherever the still appears.
import { show } from '../views/app';
import { IModel, KernelHost } from './kernel';

const OUTPUT = '.jp-OutputArea-output';
const LIVE = 'nbt-live';

/** Whether this front end is one whose document holds what its outputs show. */
export function settles(element: HTMLElement): boolean {
  return element.closest(OUTPUT) !== null;
}

/** Show the view of a model on every still of it, until the function that is returned is called. */
export function follow(model: IModel): () => void {
  const id = String(model.get('_id'));
  const mounted: { still: HTMLElement; hide(): void }[] = [];
  let isLooking = false;
  const look = (): void => {
    isLooking = false;
    // What came in a document is compared, never put into a selector
    for (const still of document.querySelectorAll<HTMLElement>(`.nbtrack-still:not(.${LIVE})`)) {
      if (still.dataset.nbtrackView === id) {
        mounted.push({ still, hide: mount(still, model) });
      }
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
    mounted.forEach(({ hide }) => hide());
  };
}

/** The still stays in the page, hidden: it comes back when the model ends. */
function mount(still: HTMLElement, model: IModel): () => void {
  still.classList.add(LIVE);
  const host = new KernelHost(model);
  const element = document.createElement('div');
  const before = [...still.children].filter(child => child instanceof HTMLElement);
  before.forEach(child => (child.hidden = true));
  still.append(element);
  const hide = show(element, host);
  return () => {
    hide();
    host.dispose();
    element.remove();
    before.forEach(child => (child.hidden = false));
  };
}
