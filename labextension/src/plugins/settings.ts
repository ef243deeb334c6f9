// nbtrack's settings in JupyterLab. What the server's environment fixes is shown as fixed, and what the user changed is told to kernels.
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { JSONExt, JSONObject, ReadonlyPartialJSONValue, Token } from '@lumino/coreutils';

import { Signal } from '../models/signal';

const ID = 'nbtrack:settings';
/** Settings of the front end alone: no kernel is told. */
const OWN = ['badges', 'badges_kept', 'notifications'];

export interface ISettings {
  readonly changed: Signal;
  /** The value in force here; undefined before settings were read. */
  get(name: string): ReadonlyPartialJSONValue | undefined;
  /** What the user changed of Python's settings. */
  chosen(): JSONObject;
}

export const ISettings = new Token<ISettings>('nbtrack:ISettings', 'The settings of nbtrack.');

class Settings implements ISettings {
  readonly changed = new Signal();

  constructor(private _found: ISettingRegistry.ISettings | null = null) {}

  take(found: ISettingRegistry.ISettings): void {
    this._found = found;
    found.changed.connect(() => this.changed.emit());
    this.changed.emit();
  }

  get(name: string): ReadonlyPartialJSONValue | undefined {
    return this._found?.composite[name];
  }

  chosen(): JSONObject {
    const found = this._found;
    const names = Object.keys(found?.composite ?? {}).filter(name => !OWN.includes(name));
    const differing = names.filter(name => !JSONExt.deepEqual(found?.default(name) ?? null, found?.composite[name] ?? null));
    return Object.fromEntries(differing.map(name => [name, found?.composite[name]])) as JSONObject;
  }
}

export const settings: JupyterFrontEndPlugin<ISettings> = {
  id: ID,
  description: "Shows nbtrack's settings, and tells them to kernels.",
  autoStart: true,
  optional: [ISettingRegistry],
  provides: ISettings,
  activate: (_app: JupyterFrontEnd, registry: ISettingRegistry | null): ISettings => {
    const found = new Settings();
    if (registry) {
      const locked = lockedValues();
      registry.transform(ID, {
        fetch: plugin => {
          for (const [name, value] of Object.entries(locked)) {
            const property = plugin.schema.properties?.[name];
            if (property) {
              property.default = value;
              property.readOnly = true;
              property.description = `${property.description ?? ''} The server's environment fixes it: NBTRACK_${name.toUpperCase()}.`;
            }
          }
          return plugin;
        },
        compose: plugin => {
          for (const [name, value] of Object.entries(locked)) {
            plugin.data = { ...plugin.data, composite: { ...plugin.data.composite, [name]: value } };
          }
          return plugin;
        }
      });
      registry.load(ID).then(
        loaded => found.take(loaded),
        error => console.warn(`nbtrack's settings cannot be read: ${String(error)}`)
      );
    }
    return found;
  }
};

/** What the server's environment says, by the name of the setting. */
function lockedValues(): JSONObject {
  try {
    return JSON.parse(PageConfig.getOption('nbtrackLocked') || '{}') as JSONObject;
  } catch {
    return {};
  }
}
