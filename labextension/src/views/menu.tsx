// A button that opens a panel below it; Escape and a click elsewhere close it.
import { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { useId } from './hooks';

export function Menu({ label, children }: { label: string; children: ComponentChildren }): VNode {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const id = useId('menu');
  useEffect(() => {
    if (!isOpen) {
      return;
    }
    // A click inside a shadow root reaches the document as one on its host, so the path is asked
    const away = (event: Event): void => {
      if (root.current && !event.composedPath().includes(root.current)) {
        setOpen(false);
      }
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [isOpen]);
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && isOpen) {
      event.stopPropagation();
      setOpen(false);
      root.current?.querySelector('button')?.focus();
    }
  };
  return (
    <div ref={root} class="nbt-menu" onKeyDown={press}>
      <button type="button" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
        {label} <span aria-hidden="true">▾</span>
      </button>
      {isOpen && (
        <div id={id} class="nbt-panel" role="group" aria-label={label}>
          {children}
        </div>
      )}
    </div>
  );
}
