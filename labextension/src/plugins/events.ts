// The server's word on what happens: one stream for the whole page, taken up again when it breaks.
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { parseEvents } from '../models/event_stream';
import { Signal } from '../models/signal';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** A stream that has not said a word by then is kept back by a proxy until it ends: the server says one at once. */
const SILENT_MS = 10_000;
/** After an answer of one event the next is listened for this long when all is read again: what happened in between told nobody. */
const BETWEEN_MS = 1000;

type Told = (data: unknown) => void;

class ServerEvents {
  /** The stream was cut off, or came back. */
  readonly stateChanged = new Signal();
  isConnected = true;

  /** Be told of events of a name, and with no data when some may have been missed. The stream is opened by the first who asks. */
  on(name: 'runs' | 'job' | 'health' | 'ended', told: Told): () => void {
    const known = this._told.get(name) ?? new Set<Told>();
    this._told.set(name, known.add(told));
    if (!this._isOpen) {
      this._isOpen = true;
      void this._listen();
    }
    return () => known.delete(told);
  }

  private async _listen(): Promise<void> {
    const settings = ServerConnection.makeSettings();
    const url = URLExt.join(settings.baseUrl, 'nbtrack', 'api', 'events');
    let wait = FIRST_WAIT_MS;
    let wasLetIn = false;
    let isKeptBack = false;
    for (;;) {
      const silence = new AbortController();
      const patience = isKeptBack ? undefined : setTimeout(() => silence.abort(), SILENT_MS);
      try {
        const response = await ServerConnection.makeRequest(isKeptBack ? `${url}?once=1` : url, { cache: 'no-store', signal: silence.signal }, settings);
        if (!wasLetIn && (response.status === 404 || response.status === 403)) {
          return; // the server has no such part, or not for us: asking again would not help, but after a login that expired
        }
        if (response.ok) {
          wasLetIn = true;
          await this._read(response, () => clearTimeout(patience));
          wait = FIRST_WAIT_MS;
        }
        if (response.ok && isKeptBack) {
          setTimeout(() => this._emitAll(), BETWEEN_MS);
          continue;
        }
      } catch {
        // Gone for the moment: the server restarts, the laptop sleeps
      } finally {
        clearTimeout(patience);
      }
      isKeptBack = silence.signal.aborted;
      if (isKeptBack) {
        continue;
      }
      this._connected(false);
      await new Promise(resolve => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
  }

  private async _read(response: Response, heard: () => void): Promise<void> {
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let waiting = '';
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      heard();
      this._connected(true);
      const { events, rest } = parseEvents(waiting + part.value);
      waiting = rest;
      for (const { name, data } of events) {
        this._emit(name, data);
      }
    }
  }

  private _connected(is: boolean): void {
    if (is === this.isConnected) {
      return;
    }
    this.isConnected = is;
    if (is) {
      this._emitAll();
    }
    this.stateChanged.emit();
  }

  /** Some events may have been missed. */
  private _emitAll(): void {
    for (const name of this._told.keys()) {
      this._emit(name, undefined);
    }
  }

  private _emit(name: string, data: unknown): void {
    for (const told of [...(this._told.get(name) ?? [])]) {
      told(data);
    }
  }

  private _told = new Map<string, Set<Told>>();
  private _isOpen = false;
}

export const serverEvents = new ServerEvents();
