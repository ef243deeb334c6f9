// nbdime's stylesheets, and what stands around its view.
import collapsible from 'nbdime/lib/common/collapsible.css';
import dragpanel from 'nbdime/lib/common/dragpanel.css';
import common from 'nbdime/lib/styles/common.css';
import diff from 'nbdime/lib/styles/diff.css';
import variables from 'nbdime/lib/styles/variables.css';
import flexpanel from 'nbdime/lib/upstreaming/flexpanel.css';

import own from './notebook_diff.css';

let isThere = false;

/** Put them into the page, once. */
export function dressDiffs(): void {
  if (!isThere) {
    isThere = true;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync([variables, common, collapsible, dragpanel, flexpanel, diff, own].join('\n'));
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }
}
