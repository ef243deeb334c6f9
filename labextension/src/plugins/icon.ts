// nbtrack's icon.
import { LabIcon } from '@jupyterlab/ui-components';

/** Curves that go down, as losses should. */
export const runsIcon = new LabIcon({
  name: 'nbtrack:runs',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g fill="none" stroke="#7a7a7a" stroke-width="2">' +
    '<path d="M4 3v17h17"/><path d="M7 6c3 8 6 10 13 11"/><path d="M7 12c3 3 6 4 13 5" stroke-dasharray="2 2"/></g></svg>'
});
