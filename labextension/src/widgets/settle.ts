// Where the document holds a still, the live view stands on top of it.
//
// JupyterLab saves what an output shows. A widget saved is a model that a reopened notebook does not find, so
// once the view stands the kernel is asked to put the still in its place (nbtrack/widgets/compare.py). That ends
// the view of the widget manager; the model lives on, and the view comes back wherever the still appears.
import { show } from '../views/app';
import { IModel, KernelHost, LOST } from './kernel';
import { CAME, cover, LIVE, OUTPUT, pictures, STILL, uncover, WENT } from './still';

/** Whether this front end is one whose document holds what its outputs show. */
export function settles(element: HTMLElement): boolean {
  return element.closest(OUTPUT) !== null;
}

/** Show the view of a model on every still of it, until its kernel is gone or the function that is returned is called. */
export function follow(model: IModel): () => void {
  const id = String(model.get('_id'));
  const mounted = new Map<HTMLElement, () => void>();
  let isLooking = false;
  let isOver = false;
  const look = (): void => {
    isLooking = false;
    if (isOver) {
      return;
    }
    for (const still of document.querySelectorAll<HTMLElement>(STILL)) {
      // What came in a document is compared, never put into a selector
      if (still.dataset.nbtrackView !== id) {
        continue;
      }
      if (!mounted.has(still)) {
        mounted.set(still, mount(still, model));
        model.send({ ask: 'settle' }); // the extension's renderer makes a place for us before there is a still
      }
      // The pictures' outputs are made anew when their content comes
      cover(pictures(still));
    }
  };
  const observer = new MutationObserver(() => {
    if (!isLooking) {
      isLooking = true;
      requestAnimationFrame(look);
    }
  });
  const end = (): void => {
    isOver = true;
    observer.disconnect();
    model.off(LOST, end);
    mounted.forEach(hide => hide());
    mounted.clear();
  };
  observer.observe(document.body, { childList: true, subtree: true });
  model.on(LOST, end);
  look();
  return end;
}

/** Cover a still, which stays in the page: it comes back when the model ends. */
function mount(still: HTMLElement, model: IModel): () => void {
  still.classList.add(LIVE);
  still.dispatchEvent(new Event(CAME));
  const host = new KernelHost(model);
  const element = document.createElement('div');
  const before = [...still.children];
  cover(before);
  still.append(element);
  const hide = show(element, host);
  return () => {
    hide();
    host.dispose();
    element.remove();
    still.classList.remove(LIVE);
    uncover([...before, ...pictures(still)]);
    still.dispatchEvent(new Event(WENT));
  };
}
