// Tells that runs ended: while the page is hidden, and when one failed.
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';

import { isTold, sentence, Wanted } from '../models/ends';
import { STRINGS } from '../models/strings';
import { IEnded } from '../models/wire';
import { OPEN_RUN, SHOW_RUNS } from './commands';
import { serverEvents } from './events';
import { ISettings } from './settings';

const SHOWN_MS = 10_000;
/** How long the other tabs of this browser are kept from telling the same. */
const CLAIM_MS = 5_000;

export const notifications: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:notifications',
  description: 'Tells that runs ended while nobody looked, or failed.',
  autoStart: true,
  requires: [ISettings],
  activate: (app: JupyterFrontEnd, settings: ISettings): void => {
    let told: IEnded[] = [];
    let shown = '';
    document.addEventListener('visibilitychange', () => {
      told = []; // read, or seen as they came: the next ones begin a new sentence
      shown = '';
    });
    const tell = async (ended: IEnded): Promise<void> => {
      const wanted = (settings.get('notifications') ?? 'hidden and failed') as Wanted;
      if (!isTold(ended, wanted, document.hidden) || !(await isFirst(ended.run))) {
        return;
      }
      told = document.hidden ? [...told, ended] : [ended];
      const message = sentence(told);
      const failed = told.some(it => it.state !== 'FINISHED');
      const only = told.length === 1 ? ended.run : '';
      const action = {
        label: only ? STRINGS.ended.open : STRINGS.ended.show,
        callback: () => void app.commands.execute(only ? OPEN_RUN : SHOW_RUNS, only ? { run: only } : {})
      };
      const options = { autoClose: document.hidden ? (false as const) : SHOWN_MS, actions: [action] };
      const type = failed ? 'error' : 'success';
      if (document.hidden && shown && Notification.manager.has(shown)) {
        Notification.update({ id: shown, message, type, ...options });
      } else {
        shown = Notification.emit(message, type, options);
      }
      if (document.hidden && window.Notification?.permission === 'granted') {
        new window.Notification('nbtrack', { body: message, tag: 'nbtrack' });
      }
    };
    void app.restored.then(() => serverEvents.on('ended', data => void (data === undefined || tell(data as IEnded))));
  }
};

/** Whether no other tab of this browser tells of this run. Without locks, as on pages that are not secure, each tells. */
function isFirst(run: string): Promise<boolean> {
  if (!navigator.locks) {
    return Promise.resolve(true);
  }
  return new Promise(resolve => {
    void navigator.locks.request(`nbtrack-ended-${run}`, { ifAvailable: true }, lock => {
      resolve(lock !== null);
      return lock ? new Promise(done => setTimeout(done, CLAIM_MS)) : undefined;
    });
  });
}
