// The bundle's door: anywidget calls `initialize` once for a widget, `render` for every view of it.
import { show } from '../views/app';
import { IModel, KernelHost } from './kernel';
import { follow, settles } from './settle';

function initialize({ model }: { model: IModel }): () => void {
  return follow(model);
}

function render({ model, el }: { model: IModel; el: HTMLElement }): () => void {
  const host = new KernelHost(model);
  const hide = show(el, host);
  // An element is put into the page only after this returns
  const timer = setTimeout(() => {
    if (settles(el)) {
      model.send({ ask: 'settle' });
    }
  });
  return () => {
    clearTimeout(timer);
    hide();
    host.dispose();
  };
}

export default { initialize, render };
