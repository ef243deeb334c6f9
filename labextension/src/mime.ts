// The renderer of what a notebook keeps of a comparison: draws the view again where no kernel does.
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { CAME, cover, LIVE, pictures, uncover, WENT } from './widgets/still';

/** The type and the shape that nbtrack/widgets/kept.py writes. */
const KIND = 'application/vnd.nbtrack.compare+json';
const VERSION = 1;

interface IKept {
  version: number;
  view: string;
  pictures: number;
  /** Of all runs that were compared; the data may hold fewer. */
  count: number;
  /** The data of a saved page, as JSON. */
  data: string;
}

class Saved extends Widget implements IRenderMime.IRenderer {
  constructor() {
    super();
    this.addClass('nbtrack-still');
    this.node.addEventListener(CAME, this._leave);
    this.node.addEventListener(WENT, this._draw);
    this._observer = new MutationObserver(() => this._cover());
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._leave();
    const kept = model.data[KIND] as unknown as IKept;
    this._text = String(model.data['text/plain'] ?? '');
    this._kept = kept;
    this.node.dataset.nbtrackView = String(kept.view);
    this.node.dataset.nbtrackPictures = String(Number(kept.pictures) || 0);
    await this._draw();
  }

  override dispose(): void {
    this._observer.disconnect();
    this._leave();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    const outputs = this.node.closest('.jp-OutputArea');
    if (outputs) {
      this._observer.observe(outputs, { childList: true });
    }
    this._cover();
  }

  protected override onBeforeDetach(message: Message): void {
    this._observer.disconnect();
    super.onBeforeDetach(message);
  }

  private _draw = async (): Promise<void> => {
    const [{ show }, { savedHost }] = await Promise.all([import('./views/app'), import('./widgets/page')]);
    if (this.isDisposed || this._hide || this.node.classList.contains(LIVE) || !this._kept) {
      return;
    }
    const element = document.createElement('div');
    this.node.append(element);
    try {
      if (this._kept.version !== VERSION || !this._kept.data) {
        throw new Error(`version ${this._kept.version}`);
      }
      const hide = show(element, savedHost(this._kept.data, this._kept.count));
      this._hide = () => {
        hide();
        element.remove();
      };
      this._cover();
    } catch {
      // Of a newer release, or not written yet: the words that stand beside it
      const text = document.createElement('pre');
      text.textContent = this._text;
      element.replaceChildren(text);
      this._hide = () => element.remove();
    }
  };

  private _leave = (): void => {
    if (this._hide) {
      this._hide();
      this._hide = undefined;
      uncover(pictures(this.node));
    }
  };

  /** The pictures below show what this does. */
  private _cover(): void {
    if (this._hide && !this.node.querySelector('pre')) {
      cover(pictures(this.node));
    }
  }

  private _kept?: IKept;
  private _text = '';
  private _hide?: () => void;
  private _observer: MutationObserver;
}

const extension: IRenderMime.IExtension = {
  id: 'nbtrack:saved-comparison',
  description: 'Draws a comparison from what the notebook keeps of it.',
  rendererFactory: {
    // What is in a notebook becomes text and lines, never markup: fit for documents that nobody trusts
    safe: true,
    mimeTypes: [KIND],
    createRenderer: () => new Saved()
  },
  rank: -10, // before the widget's own, which a document should not depend on
  dataType: 'json'
};

export default extension;
