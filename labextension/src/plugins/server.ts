// nbtrack's part of the Jupyter server: where it is, and how it is asked.
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { Refusal } from '../models/host';

/** What the server says when it refuses: what happened, and what mends it. */
export class Refused extends Refusal {
  constructor(
    readonly status: number,
    text: string,
    mend = ''
  ) {
    super({ text, mend });
  }
}

/** The folder that paths are relative to, on the server's own machine; empty where it is not told. */
export function serverRoot(): string {
  return PageConfig.getOption('nbtrackRoot');
}

const settings = ServerConnection.makeSettings();

export async function ask<T>(path: string, query: Record<string, string> = {}, body?: unknown): Promise<T> {
  const url = URLExt.join(settings.baseUrl, 'nbtrack', 'api', path) + URLExt.objectToQueryString(query);
  const init: RequestInit = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await ServerConnection.makeRequest(url, init, settings);
  const text = await response.text();
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  if (!response.ok || found === undefined) {
    const told = (found ?? {}) as { message?: string; mend?: string };
    throw new Refused(response.status, told.message ?? `the server answered ${response.status}`, told.mend);
  }
  return found as T;
}
