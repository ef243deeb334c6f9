// What runs kept, as a drive that is only read: JupyterLab's own viewers open it. A path is the run's id and the artifact's path.
import { URLExt } from '@jupyterlab/coreutils';
import { Contents, ServerConnection } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import { STRINGS } from '../models/strings';
import { IKept } from '../models/wire';
import { ask } from './server';

export const DRIVE = 'nbtrack';

export class RunDrive implements Contents.IDrive {
  readonly name = DRIVE;
  readonly serverSettings = ServerConnection.makeSettings();
  isDisposed = false;

  get fileChanged(): ISignal<this, Contents.IChangedArgs> {
    return this._fileChanged;
  }

  dispose(): void {
    this.isDisposed = true;
    Signal.clearData(this);
  }

  async get(localPath: string, options: Contents.IFetchOptions = {}): Promise<Contents.IModel> {
    const { run, path, name } = parts(localPath);
    const kept = run ? (await ask<IKept>('artifacts', { run })).files : [];
    const found = kept.find(it => it.path === path);
    const model = { name, path: localPath, writable: false, created: '', last_modified: '', mimetype: '' };
    if (!found) {
      throw new Error(STRINGS.artifacts.none(path));
    }
    const type = options.type === 'notebook' || (!options.type && path.endsWith('.ipynb')) ? 'notebook' : 'file';
    const format = type === 'notebook' ? 'json' : (options.format ?? 'text');
    const content = options.content === false ? null : await this._read(localPath, format);
    return { ...model, type, format, content, size: found.size_bytes };
  }

  getDownloadUrl(localPath: string): Promise<string> {
    // A JupyterHub wants the token of what is only read, too; a link has no headers
    const token = /(?:^|; *)_xsrf=([^;]*)/.exec(document.cookie)?.[1];
    return Promise.resolve(this._url(localPath, token ? { _xsrf: token } : {}));
  }

  newUntitled = refuse;
  delete = refuse;
  rename = refuse;
  save = refuse;
  copy = refuse;
  createCheckpoint = refuse;
  restoreCheckpoint = refuse;
  deleteCheckpoint = refuse;

  listCheckpoints(): Promise<Contents.ICheckpointModel[]> {
    return Promise.resolve([]);
  }

  private _url(localPath: string, more: { _xsrf?: string } = {}): string {
    const { run, path } = parts(localPath);
    return URLExt.join(this.serverSettings.baseUrl, 'nbtrack', 'api', 'artifact') + URLExt.objectToQueryString({ run, path, ...more });
  }

  private async _read(localPath: string, format: string): Promise<unknown> {
    const response = await ServerConnection.makeRequest(this._url(localPath), {}, this.serverSettings);
    if (!response.ok) {
      const told = (await response.json().catch(() => ({}))) as { message?: string; mend?: string };
      throw new Error(`${told.message ?? `the server answered ${response.status}`} ${told.mend ?? ''}`.trim());
    }
    return format === 'base64' ? base64(await response.arrayBuffer()) : format === 'json' ? response.json() : response.text();
  }

  private _fileChanged = new Signal<this, Contents.IChangedArgs>(this);
}

function parts(localPath: string): { run: string; path: string; name: string } {
  const [run = '', ...rest] = localPath.split('/').filter(Boolean);
  return { run, path: rest.join('/'), name: rest.at(-1) ?? run };
}

function refuse(): Promise<never> {
  return Promise.reject(new Error(STRINGS.artifacts.fixed));
}

function base64(data: ArrayBuffer): string {
  const bytes = new Uint8Array(data);
  let text = '';
  for (let at = 0; at < bytes.length; at += 32768) {
    text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  }
  return btoa(text);
}
