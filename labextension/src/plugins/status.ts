// The status bar: whether what was tracked is in MLflow, and if not, why.
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { IStatusBar } from '@jupyterlab/statusbar';
import { Widget } from '@lumino/widgets';

import { standing } from '../models/health';
import { STRINGS } from '../models/strings';
import { IHealth } from '../models/wire';
import { serverEvents } from './events';
import { ask } from './server';

export const status: JupyterFrontEndPlugin<void> = {
  id: 'nbtrack:status',
  description: 'Shows in the status bar how delivery to MLflow stands.',
  autoStart: true,
  optional: [IStatusBar],
  activate: (app: JupyterFrontEnd, bar: IStatusBar | null): void => {
    if (!bar) {
      return; // Notebook 7 has none
    }
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'nbt-status';
    const widget = new Widget({ node: button });
    let health: IHealth | null = null;
    const draw = (): void => {
      const { text, told, isGood } = standing(health, serverEvents.isConnected);
      button.textContent = text;
      button.title = told;
      button.classList.toggle('nbt-status-bad', !isGood);
    };
    const read = async (): Promise<void> => {
      try {
        health = await ask<IHealth>('health');
      } catch {
        health = null; // the stream tells when the server is back
      }
      draw();
    };
    button.addEventListener('click', () => {
      void read().then(() => {
        const { told } = standing(health, serverEvents.isConnected);
        void showDialog({ title: STRINGS.health.title, body: told, buttons: [Dialog.okButton({ label: STRINGS.close })] });
      });
    });
    bar.registerStatusItem('nbtrack:status', { item: widget, align: 'right', rank: 30, isActive: () => true });
    draw();
    // After Lab has started: nobody waits for it
    void app.restored.then(() => {
      serverEvents.on('health', data => {
        if (data === undefined) {
          void read();
        } else {
          health = data as IHealth;
          draw();
        }
      });
      serverEvents.stateChanged.connect(draw);
      void read();
    });
  }
};
