// What JupyterLab's document holds of a comparison, and who draws on top of it.
export const OUTPUT = '.jp-OutputArea-child';
export const STILL = '.nbtrack-still';
/** Marks a still on which a live view stands. */
export const LIVE = 'nbt-live';
/** Told to a still when a live view comes, and when it went. */
export const CAME = 'nbtrack:came';
export const WENT = 'nbtrack:went';

const COVERED = 'nbt-covered';

export function cover(elements: Iterable<Element>): void {
  for (const element of elements) {
    element.classList.add(COVERED);
  }
}

export function uncover(elements: Iterable<Element>): void {
  for (const element of elements) {
    element.classList.remove(COVERED);
  }
}

/** The outputs below it that are pictures of the same still. */
export function pictures(still: HTMLElement): Element[] {
  const found: Element[] = [];
  let output = still.closest(OUTPUT)?.nextElementSibling;
  for (let left = Number(still.dataset.nbtrackPictures ?? 0); left > 0 && output; left--) {
    found.push(output);
    output = output.nextElementSibling;
  }
  return found;
}
