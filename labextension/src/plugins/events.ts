// The server's word that runs changed: one stream for the whole page, taken up again when it breaks.
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { Signal } from '../models/signal';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

class RunEvents {
  /** Runs changed, or the stream came back after a time in which they may have. */
  readonly changed = new Signal();

  /** Listen from now on; the stream is opened by the first who asks. */
  connect(told: () => void): () => void {
    if (!this._isOpen) {
      this._isOpen = true;
      void this._listen();
    }
    return this.changed.connect(told);
  }

  private async _listen(): Promise<void> {
    const settings = ServerConnection.makeSettings();
    const url = URLExt.join(settings.baseUrl, 'nbtrack', 'api', 'events');
    let wait = FIRST_WAIT_MS;
    for (;;) {
      try {
        const response = await ServerConnection.makeRequest(url, { cache: 'no-store' }, settings);
        if (response.status === 404 || response.status === 403) {
          return; // the server has no such part, or not for us: asking again would not help
        }
        const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
        let isFirst = true;
        for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
          if (part.value.includes('event: runs') || (isFirst && wait > FIRST_WAIT_MS)) {
            this.changed.emit();
          }
          isFirst = false;
          wait = FIRST_WAIT_MS;
        }
      } catch {
        // Gone for the moment: the server restarts, the laptop sleeps
      }
      await new Promise(resolve => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
  }

  private _isOpen = false;
}

export const runEvents = new RunEvents();
